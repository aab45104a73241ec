//! Owns what can go on in a simulation, and the choice of what does. Never reads a real clock.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use workyard::simulation::{SimulatedCall, SimulatedFuture, Simulator};

use super::log::{EventKind, EventLog};
use super::part::{Body, Part};
use super::wing::{self, Left, Wing};
use crate::Rng;

/// One simulation.
pub(super) struct Core {
    me: Weak<Self>,
    state: Mutex<State>,
    checks: Mutex<Checks>,
    began: Instant,
    io_workers: usize,
    steps_at_most: u64,
    keeps_log: bool,
}

/// What the test wants to hold.
#[derive(Default)]
struct Checks {
    after_each_step: Vec<Check>,
    at_rest: Vec<Check>,
}

/// Panics if something does not hold.
pub(super) type Check = Box<dyn FnMut() + Send>;

struct State {
    rng: Rng,
    runnable: Vec<Arc<Part>>,
    /// What is not over, by place.
    alive: Vec<Option<Arc<Part>>>,
    free: Vec<usize>,
    started: u64,
    steps: u64,
    /// Wakes the simulation's thread, unless it is at work.
    waker: Option<Waker>,
    idle_wings: Vec<Arc<Wing>>,
    wings: Vec<Arc<Wing>>,
    log: EventLog,
    /// What a future of the test's own threw.
    thrown: Option<Box<dyn Any + Send>>,
    is_over: bool,
}

/// Why a simulation went no further.
pub(super) enum Halt {
    Thrown(Box<dyn Any + Send>),
    TooManySteps,
}

impl Core {
    pub(super) fn new(seed: u64, steps_at_most: u64, keeps_log: bool) -> Arc<Self> {
        let mut rng = Rng::new(seed);
        let io_workers = 1 + rng.below(3);
        let state = State {
            rng,
            runnable: Vec::new(),
            alive: Vec::new(),
            free: Vec::new(),
            started: 0,
            steps: 0,
            waker: None,
            idle_wings: Vec::new(),
            wings: Vec::new(),
            log: EventLog::new(keeps_log),
            thrown: None,
            is_over: false,
        };
        let began = Instant::now();
        Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            state: Mutex::new(state),
            checks: Mutex::default(),
            began,
            io_workers,
            steps_at_most,
            keeps_log,
        })
    }

    /// Adds the test itself, which is the first part.
    pub(super) fn add_root(&self) {
        self.add("the test", Body::Root);
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn draw_number(&self) -> u64 {
        self.lock().rng.next_u64()
    }

    pub(super) fn write(&self, text: String) {
        let at = self.elapsed();
        self.lock().log.push(at, EventKind::Note(text));
    }

    pub(super) fn check_after_each_step(&self, check: Check) {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).after_each_step.push(check);
    }

    pub(super) fn check_at_rest(&self, check: Check) {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).at_rest.push(check);
    }

    fn check(&self, which: impl FnOnce(&mut Checks) -> &mut Vec<Check>) {
        let checks = &mut *self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        for check in which(checks) {
            check();
        }
    }

    pub(super) fn steps(&self) -> u64 {
        self.lock().steps
    }

    pub(super) fn take_log(&self) -> EventLog {
        std::mem::replace(&mut self.lock().log, EventLog::new(false))
    }

    /// A future of the test's own panicked.
    pub(super) fn throw(&self, payload: Box<dyn Any + Send>) {
        let second = {
            let mut state = self.lock();
            if state.thrown.is_none() { state.thrown.replace(payload) } else { Some(payload) }
        };
        drop(second);
    }

    /// Runs what can go on, one part after the other, until nothing can or it is the turn of the runtime.
    pub(super) fn turn<T>(
        self: &Arc<Self>,
        mut root: Pin<&mut impl Future<Output = T>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, Halt>> {
        let parts = {
            let mut state = self.lock();
            let none = state.waker.take();
            drop(none);
            1 + state.rng.below(AT_ONCE)
        };
        for _ in 0..parts {
            let part = match self.choose(cx) {
                Ok(Some(part)) => part,
                Ok(None) => {
                    self.check(|checks| &mut checks.at_rest);
                    return Poll::Pending;
                }
                Err(halt) => return Poll::Ready(Err(halt)),
            };
            match part.take_body() {
                Body::Root => {
                    let waker = part.waker();
                    let polled = root.as_mut().poll(&mut Context::from_waker(&waker));
                    if let Poll::Ready(output) = polled {
                        self.over(&part);
                        return Poll::Ready(Ok(output));
                    }
                    part.put_body(Body::Root);
                }
                body => self.run(&part, body),
            }
            self.check(|checks| &mut checks.after_each_step);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// After the end of the test: runs what can go on without time passing, then drops or ends the rest.
    pub(super) fn end(self: &Arc<Self>) {
        let cx = &mut Context::from_waker(Waker::noop());
        for _ in 0..MOST_AFTER_END {
            let Ok(Some(part)) = self.choose(cx) else { break };
            let body = part.take_body();
            self.run(&part, body);
        }
        self.lock().is_over = true;
        let checks = std::mem::take(&mut *self.checks.lock().unwrap_or_else(PoisonError::into_inner));
        drop(checks);
        // What is dropped may have others dropped, and makes nothing new: see `add`.
        let left: Vec<_> = self.lock().alive.iter().flatten().map(Arc::clone).collect();
        let mut bodies: Vec<_> = left.iter().map(|part| part.take_body()).collect();
        for (part, body) in left.iter().zip(bodies.drain(..)) {
            if let Body::Waits(wing) = body {
                let left = std::iter::repeat_with(|| wing.give_up()).find(|&left| left != Left::Waits);
                self.left(part, wing, left.unwrap_or(Left::Ended));
            } else {
                // The user's, and may panic when it is dropped.
                let _ended = catch_unwind(AssertUnwindSafe(|| drop(body)));
                self.over(part);
            }
        }
        let (wings, runnable) = {
            let mut state = self.lock();
            state.idle_wings.clear();
            (std::mem::take(&mut state.wings), std::mem::take(&mut state.runnable))
        };
        drop(runnable);
        for wing in wings {
            wing.leave();
        }
    }

    /// The part that goes on, of those that can.
    fn choose(&self, cx: &Context<'_>) -> Result<Option<Arc<Part>>, Halt> {
        let at = self.elapsed();
        let mut state = self.lock();
        if let Some(thrown) = state.thrown.take() {
            return Err(Halt::Thrown(thrown));
        }
        if state.steps >= self.steps_at_most {
            return Err(Halt::TooManySteps);
        }
        if state.runnable.is_empty() {
            state.waker = Some(cx.waker().clone());
            return Ok(None);
        }
        let among = state.runnable.len();
        let chosen = state.rng.below(among);
        let part = state.runnable.swap_remove(chosen);
        state.steps += 1;
        state.log.push(at, EventKind::Runs { part: part.number, what: part.what });
        drop(state);
        part.was_chosen();
        Ok(Some(part))
    }

    /// Polls a future, or has a closure go on.
    fn run(self: &Arc<Self>, part: &Arc<Part>, body: Body) {
        match body {
            Body::Future(mut future) => {
                let waker = part.waker();
                let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut Context::from_waker(&waker))));
                match polled {
                    Ok(Poll::Pending) => return part.put_body(Body::Future(future)),
                    Ok(Poll::Ready(())) => {}
                    Err(payload) => self.throw(payload),
                }
                self.over(part);
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
                if let Err(payload) = dropped {
                    self.throw(payload);
                }
            }
            Body::Call(closure) => {
                let wing = self.wing();
                let left = wing.begin(Arc::clone(part), closure);
                self.left(part, wing, left);
            }
            Body::Waits(wing) => {
                let left = wing.go_on();
                self.left(part, wing, left);
            }
            Body::Root => part.put_body(Body::Root),
            // It was woken when it was over.
            Body::Nothing => {}
        }
    }

    fn left(&self, part: &Arc<Part>, wing: Arc<Wing>, left: Left) {
        match left {
            Left::Waits => part.put_body(Body::Waits(wing)),
            Left::Ended => {
                self.over(part);
                self.lock().idle_wings.push(wing);
            }
            Left::Stuck | Left::Blocks => {
                self.over(part);
                let mut state = self.lock();
                // Nobody is to wait for its end.
                state.wings.retain(|other| !Arc::ptr_eq(other, &wing));
                if left == Left::Blocks {
                    // It may come back and go on beside others, so nothing of this simulation is to be trusted any more.
                    state.thrown.get_or_insert_with(|| Box::new(BLOCKS));
                }
            }
        }
    }

    fn wing(self: &Arc<Self>) -> Arc<Wing> {
        let idle = self.lock().idle_wings.pop();
        idle.unwrap_or_else(|| {
            let wing = Wing::start(self);
            self.lock().wings.push(Arc::clone(&wing));
            wing
        })
    }

    pub(super) fn add(&self, what: &'static str, body: Body) {
        let part = {
            let mut state = self.lock();
            if state.is_over {
                drop(state);
                return drop(body);
            }
            let number = state.started;
            state.started += 1;
            let place = state.free.pop().unwrap_or_else(|| {
                state.alive.push(None);
                state.alive.len() - 1
            });
            let part = Part::new(Weak::clone(&self.me), number, what, place, body);
            state.alive[place] = Some(Arc::clone(&part));
            part
        };
        part.waker().wake();
    }

    /// A part is over.
    fn over(&self, part: &Part) {
        let at = self.elapsed();
        let over = {
            let mut state = self.lock();
            state.log.push(at, EventKind::Ends { part: part.number });
            state.free.push(part.place);
            state.alive[part.place].take()
        };
        drop(over);
    }

    /// A part was woken.
    pub(super) fn is_runnable(&self, part: Arc<Part>) {
        let waker = {
            let mut state = self.lock();
            state.runnable.push(part);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a yard asks of it; the lock of the state is never held meanwhile, nor while a part runs.
impl Simulator for Core {
    fn spawn(&self, what: &'static str, future: SimulatedFuture) {
        self.add(what, Body::Future(future));
    }

    fn call(&self, what: &'static str, closure: SimulatedCall) {
        self.add(what, Body::Call(closure));
    }

    fn block_on(&self, mut future: Pin<&mut dyn Future<Output = ()>>) {
        if wing::block_on(future.as_mut()).is_none() {
            let polled = future.poll(&mut Context::from_waker(Waker::noop()));
            assert!(
                polled.is_ready(),
                "a future of a simulation blocks its thread: only closures of lanes may wait that way"
            );
        }
    }

    fn pause(&self) {
        if !wing::is_in_closure() {
            return;
        }
        // Mostly nothing comes in between; in computing, time passes.
        let drawn = self.lock().rng.below(8);
        match drawn {
            0 => drop(wing::block_on(std::pin::pin!(tokio::time::sleep(Duration::from_millis(1))))),
            1 | 2 => drop(wing::block_on(std::pin::pin!(yield_once()))),
            _ => {}
        }
    }

    fn note(&self, what: fmt::Arguments<'_>) {
        if self.keeps_log {
            let at = self.elapsed();
            self.lock().log.push_task(at, what);
        }
    }

    fn draw(&self) -> u64 {
        self.draw_number()
    }

    fn io_workers(&self) -> usize {
        self.io_workers
    }

    fn expects_short_bodies(&self) -> bool {
        self.lock().rng.below(2) == 0
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + WALL_AT_BEGIN + self.elapsed()
    }
}

/// Has others go on first, if they are chosen.
pub(super) async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What is told of a closure that does not come back.
const BLOCKS: &str = "a closure has not come back for a minute of real time: it may wait for what only others in the simulation do, by other \
    means than workyard's";

/// How many parts run at most before it is the turn of the runtime: its timers, and what the test gave to tokio.
const AT_ONCE: usize = 16;

/// How many steps are taken after the end of the test, to have the parts end that can.
const MOST_AFTER_END: usize = 100_000;

/// The first second of 2030, in UTC.
const WALL_AT_BEGIN: Duration = Duration::from_secs(1_893_456_000);
