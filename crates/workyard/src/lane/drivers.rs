//! Owns how futures that are expected to be ready at once are polled: by drivers, which are tokio tasks of an io lane, one
//! future after the other. Never polls a future twice: one that is not ready gets a tokio task of its own.
//!
//! What is expected is [`ShortBodies`]' to say; while it expects nothing of the kind, no future comes here. Who is woken and
//! when is [`Drivers`]'.
//!
//! # Protocol
//! *Who gives tasks a slot*: under the lock, puts them among the ready; if no driver is awake, has one wake up. *Driver*: under
//! the lock, counts the end of the future that it has just polled and takes the next one; if there is none, it falls asleep in the
//! same critical section, so whoever comes later finds it asleep.
//!
//! Tokio runs a driver that was woken next on the same worker, which nobody can take it from. That is what makes tiny tasks
//! cheap. When a driver was at work for a while and leaves others behind, it wakes a second one.
//!
//! What was expected may be wrong: a future polls long, or blocks its thread in `block_in_place` until another one, which is among
//! the ready, has made it go on; or the task that woke the driver goes on without a pause, and tokio does not come to it. So while there are
//! more ready ones than the one that a driver is woken for, a *guard* looks each millisecond; if none was taken meanwhile, each of
//! them is spawned by itself, and nothing is expected any more.
//!
//! A driver ends when the lane is closed. One that its runtime drops gives up the ready: each of them is spawned by
//! itself, and ended by the same runtime in the same way.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::task::coop;
use workyard_core::{DriverCall, Drivers, Look, Outcome, ShortBodies};

use crate::lane::LaneShared;
use crate::lane::effects::{Effect, Effects};
use crate::lane::executor::Executor;
use crate::lane::io::{get_ready, spawn_body};
use crate::lane::shared::LaneState;
use crate::task::cell::Task;

/// What the drivers of one lane are to poll, and how to wake them.
#[derive(Default)]
pub(super) struct Pool {
    drivers: Drivers,
    /// Tasks that have a slot and were not polled.
    ready: VecDeque<Arc<dyn Task>>,
    asleep: Vec<(Number, Waker)>,
    last: u64,
}

/// Tells a driver from the others of its lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Number(u64);

impl Pool {
    pub(super) fn push(&mut self, task: Arc<dyn Task>, effects: &mut Effects) {
        self.ready.push_back(task);
        let call = self.drivers.push();
        self.call(call, effects);
    }

    /// Wakes those that sleep, to have them end.
    pub(super) fn wake_all(&mut self, effects: &mut Effects) {
        self.drivers.wake_all();
        for (_, waker) in self.asleep.drain(..) {
            effects.push(Effect::Wake(waker));
        }
    }

    fn call(&mut self, call: Option<DriverCall>, effects: &mut Effects) {
        effects.push(match (call, self.asleep.pop_if(|_| call == Some(DriverCall::Sleeping))) {
            (None, _) => return,
            (Some(DriverCall::Guard), _) => Effect::Guard,
            (_, Some((_, waker))) => Effect::Wake(waker),
            (_, None) => {
                self.last += 1;
                Effect::Drive(Number(self.last))
            }
        });
    }

    /// The next future to poll. `wants_help`: whether another driver is to join in if there are more.
    fn take(&mut self, wants_help: bool, effects: &mut Effects) -> Option<Arc<dyn Task>> {
        if !self.drivers.take() {
            return None;
        }
        if wants_help {
            let call = self.drivers.help();
            self.call(call, effects);
        }
        self.ready.pop_front()
    }

    fn spawn_ready(&mut self, effects: &mut Effects) {
        for task in self.ready.drain(..) {
            effects.push(Effect::Start(task));
        }
    }
}

impl LaneShared {
    /// Spawns a driver, which is counted as awake.
    pub(super) fn spawn_driver(self: &Arc<Self>, number: Number) {
        if let Executor::Io(runtime) = &self.executor {
            drop(runtime.spawn(drive(Driver { lane: Arc::clone(self), number, has_ended: false })));
        }
    }

    /// Spawns the guard.
    pub(super) fn spawn_guard(self: &Arc<Self>) {
        if let Executor::Io(runtime) = &self.executor {
            drop(runtime.spawn(guard(Arc::clone(self))));
        }
    }

    /// A future that has a tokio task of its own was polled for the first time.
    pub(super) fn saw_first_poll(&self, is_ready: bool, took: Duration) {
        self.state.lock().short.saw(is_ready, took, ShortBodies::SAMPLE);
    }

    /// The runtime has dropped a driver.
    fn driver_lost(self: &Arc<Self>, number: Number) {
        let mut effects = Effects::default();
        let waker = {
            let pool = &mut self.state.lock().pool;
            let at = pool.asleep.iter().position(|&(asleep, _)| asleep == number);
            let waker = at.map(|at| pool.asleep.swap_remove(at));
            if pool.drivers.lost(waker.is_some()) {
                pool.spawn_ready(&mut effects);
            }
            waker
        };
        drop(waker);
        effects.act(self);
    }
}

async fn guard(lane: Arc<LaneShared>) {
    let mut seen = lane.state.lock().pool.drivers.taken();
    let mut goes_on = true;
    while goes_on {
        tokio::time::sleep(LOOK).await;
        let mut effects = Effects::default();
        {
            let mut state = lane.state.lock();
            let look = state.pool.drivers.look(&mut seen);
            goes_on = look == Look::GoesOn;
            if look == Look::Stuck {
                state.short = ShortBodies::default();
                state.pool.spawn_ready(&mut effects);
            }
        }
        effects.act(&lane);
    }
}

/// What a driver is to its lane.
struct Driver {
    lane: Arc<LaneShared>,
    number: Number,
    has_ended: bool,
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.has_ended {
            self.lane.driver_lost(self.number);
        }
    }
}

async fn drive(mut driver: Driver) {
    loop {
        match poll_fn(|cx| Poll::Ready(driver.shift(cx))).await {
            Next::Yield => tokio::task::yield_now().await,
            Next::Sleep => sleep().await,
            Next::End => break,
        }
    }
    driver.has_ended = true;
}

/// Until the task is woken.
async fn sleep() {
    let mut slept = false;
    poll_fn(|_| if std::mem::replace(&mut slept, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// How a driver goes on.
enum Next {
    /// When others on its worker had their turn.
    Yield,
    /// When it is woken.
    Sleep,
    End,
}

impl Driver {
    /// Polls one future after the other.
    fn shift(&self, cx: &Context<'_>) -> Next {
        let lane = &self.lane;
        let mut waker = Some(cx.waker().clone());
        let began = lane.yard.clock.now();
        let mut since = began;
        let mut polled: Option<Polled> = None;
        for polls in 0..=AT_ONCE {
            let now = if polled.is_some() { lane.yard.clock.now() } else { began };
            let mut effects = Effects::default();
            let mut next = Err(Next::Yield);
            let ended = {
                let mut state = lane.state.lock();
                let ended = polled.take().and_then(|polled| {
                    state.short.saw(polled.is_some(), now.since(since), 1);
                    let (task, how) = polled?;
                    let end = state.end_body(&*task, how, now);
                    state.hand_out(&lane.executor, now, &mut effects);
                    Some((task, end))
                });
                let at_work = now.since(began);
                if polls < AT_ONCE && at_work < SHIFT && coop::has_budget_remaining() {
                    let worth_it = at_work > SLOW && at_work > WORTH_HELP * polls;
                    let wants_help = worth_it && state.pool.drivers.awake() < lane.at_once;
                    next = state.pool.take(wants_help, &mut effects).ok_or(Next::Yield);
                }
                if next.is_err() && !state.pool.drivers.has_ready() {
                    next = Err(self.rest(&mut state, &mut waker));
                }
                ended
            };
            since = now;
            match ended {
                Some((task, end)) => {
                    let waker = lane.body_ended_quietly(&*task, end, effects);
                    lane.wake_with_others(waker, now);
                }
                None => effects.act(lane),
            }
            match next {
                Ok(task) => polled = Some(poll_first(task)),
                Err(next) => {
                    lane.wakes.let_go();
                    return next;
                }
            }
        }
        Next::Yield
    }

    /// With nothing to poll, the driver sleeps, or ends if the lane is closed.
    fn rest(&self, state: &mut LaneState, waker: &mut Option<Waker>) -> Next {
        let is_open = state.policy.is_open();
        let waker = waker.take_if(|_| is_open);
        state.pool.drivers.rest(waker.is_some());
        let Some(waker) = waker else { return Next::End };
        state.pool.asleep.push((self.number, waker));
        Next::Sleep
    }
}

/// A task that has ended, and how; nothing if it was not ready.
type Polled = Option<(Arc<dyn Task>, Outcome)>;

fn poll_first(task: Arc<dyn Task>) -> Polled {
    get_ready(&task);
    if let Some(reason) = task.header().signal.stopped() {
        let how = task.stop_body(reason);
        return Some((task, how));
    }
    // Nobody is to be woken: if it is not ready, it is polled once more as soon as it has a tokio task.
    if let Poll::Ready(how) = task.poll_body(&task, &mut Context::from_waker(Waker::noop())) {
        return Some((task, how));
    }
    spawn_body(task);
    None
}

/// How many futures a driver polls, and for how long, before others on its worker get their turn.
const AT_ONCE: u32 = 512;
const SHIFT: Duration = Duration::from_micros(100);

/// How long a driver is at work before another one is to help.
const SLOW: Duration = Duration::from_micros(20);

/// How long a future has to take in the mean for that: less is lost by moving tasks from one CPU to another.
const WORTH_HELP: Duration = Duration::from_micros(1);

/// How often the guard looks.
const LOOK: Duration = Duration::from_millis(1);
