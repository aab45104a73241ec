//! Owns how futures that are expected to be ready at once are polled: by drivers, which are tokio tasks of an io lane, one
//! future after the other. Never polls a future twice: one that is not ready gets a tokio task of its own.
//!
//! What is expected is [`FirstPolls`]' to say; while it expects nothing of the kind, no future comes here.
//!
//! # Protocol
//! *Who gives tasks a slot*: under the lock, puts them among the ready; if no driver is awake, has one wake up. *Driver*: under
//! the lock, counts the end of the future that it has just polled and takes the next one; if there is none, it falls asleep in the
//! same critical section, so whoever comes later finds it asleep.
//!
//! A driver may be held up: by a future that polls long, or that blocks its thread in `block_in_place` until another
//! one has made it go on. So one that leaves others behind first sees to it that another driver is awake (tokio runs that next on
//! the same worker, or on the one that takes over from a blocked one), and when that has been at work as well for a while, a
//! further one, which tokio hands to another worker. There is no bound on how many are held up at once, save the
//! lane's limit.
//!
//! A driver ends when the lane is closed. One that its runtime drops gives up the ready: each of them is spawned by
//! itself, and ended by the same runtime in the same way.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::task::coop;
use workyard_core::{FirstPolls, Moment, Outcome};

use crate::lane::LaneShared;
use crate::lane::effects::{Effect, Effects};
use crate::lane::executor::Executor;
use crate::lane::io::{get_ready, spawn_body};
use crate::lane::shared::LaneState;
use crate::task::cell::Task;

/// The drivers of one lane, and what they are to poll.
#[derive(Default)]
pub(super) struct Drivers {
    /// Tasks that have a slot and were not polled.
    ready: VecDeque<Arc<dyn Task>>,
    first_polls: FirstPolls,
    asleep: Vec<(Number, Waker)>,
    /// Drivers that are woken or at work.
    awake: usize,
    /// Drivers at work.
    working: usize,
    last: u64,
}

/// Tells a driver from the others of its lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Number(u64);

impl Drivers {
    /// Whether a task that has just been given its slot is to be polled by a driver.
    pub(super) fn want(&self, task: &dyn Task) -> bool {
        self.first_polls.are_short() && !task.is_runner()
    }

    pub(super) fn push(&mut self, task: Arc<dyn Task>, effects: &mut Effects) {
        self.ready.push_back(task);
        if self.awake == 0 {
            self.wake_one(effects);
        }
    }

    /// Wakes those that sleep, to have them end.
    pub(super) fn wake_all(&mut self, effects: &mut Effects) {
        self.awake += self.asleep.len();
        for (_, waker) in self.asleep.drain(..) {
            effects.push(Effect::Wake(waker));
        }
    }

    fn wake_one(&mut self, effects: &mut Effects) {
        self.awake += 1;
        effects.push(if let Some((_, waker)) = self.asleep.pop() {
            Effect::Wake(waker)
        } else {
            self.last += 1;
            Effect::Drive(Number(self.last))
        });
    }

    /// The next future to poll, by one of the `working`, which has been at work for so long.
    fn take(&mut self, at_work: Duration, most: usize, effects: &mut Effects) -> Option<Arc<dyn Task>> {
        let task = self.ready.pop_front()?;
        let is_slow = at_work > SLOW && self.awake <= most;
        if !self.ready.is_empty() && (self.awake == self.working || is_slow) {
            self.wake_one(effects);
        }
        Some(task)
    }
}

impl LaneShared {
    /// Spawns a driver, which is counted as awake.
    pub(super) fn spawn_driver(self: &Arc<Self>, number: Number) {
        if let Executor::Io(runtime) = &self.executor {
            drop(runtime.spawn(Driver { lane: Some(Arc::clone(self)), number }));
        }
    }

    /// A future that has a tokio task of its own was polled for the first time.
    pub(super) fn saw_first_poll(&self, is_ready: bool, took: Duration) {
        self.state.lock().drivers.first_polls.saw(is_ready, took);
    }

    /// The runtime has dropped a driver.
    fn driver_lost(self: &Arc<Self>, number: Number) {
        let mut effects = Effects::default();
        let waker = {
            let drivers = &mut self.state.lock().drivers;
            let at = drivers.asleep.iter().position(|&(asleep, _)| asleep == number);
            let waker = at.map(|at| drivers.asleep.swap_remove(at));
            drivers.awake -= usize::from(waker.is_none());
            if drivers.awake == 0 {
                for task in drivers.ready.drain(..) {
                    effects.push(Effect::Start(task));
                }
            }
            waker
        };
        drop(waker);
        effects.act(self);
    }
}

/// A tokio task that polls futures.
struct Driver {
    /// Taken when it ends.
    lane: Option<Arc<LaneShared>>,
    number: Number,
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(lane) = self.lane.take() else { return Poll::Ready(()) };
        let mut shift = Shift::begin(&lane, (self.number, cx.waker().clone()));
        let mut last = None;
        loop {
            match shift.next(last.take()) {
                Turn::Poll(task) => last = Some((shift.poll(&task), task)),
                Turn::Sleep => break,
                Turn::End => return Poll::Ready(()),
            }
        }
        drop(shift);
        self.lane = Some(lane);
        Poll::Pending
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(lane) = self.lane.take() {
            lane.driver_lost(self.number);
        }
    }
}

/// How a driver goes on.
enum Turn {
    Poll(Arc<dyn Task>),
    Sleep,
    End,
}

/// One poll of a driver.
struct Shift<'a> {
    lane: &'a Arc<LaneShared>,
    /// To sleep with.
    driver: Option<(Number, Waker)>,
    has_begun: bool,
    began: Moment,
    /// How many more futures it may poll.
    left: usize,
    /// Since when it is at the one that it polls.
    since: Moment,
}

impl<'a> Shift<'a> {
    fn begin(lane: &'a Arc<LaneShared>, driver: (Number, Waker)) -> Self {
        let began = lane.yard.clock.now();
        Self { lane, driver: Some(driver), has_begun: false, began, left: AT_ONCE, since: began }
    }

    fn poll(&self, task: &Arc<dyn Task>) -> Poll<Outcome> {
        get_ready(task);
        let polled = match task.header().signal.stopped() {
            Some(reason) => Poll::Ready(task.stop_body(reason)),
            // Nobody is to be woken: if it is not ready, it is polled once more as soon as it has a task of its own.
            None => task.poll_body(task, &mut Context::from_waker(Waker::noop())),
        };
        if polled.is_pending() {
            spawn_body(Arc::clone(task));
        }
        polled
    }

    /// Counts the end of the last future, and says what is next.
    fn next(&mut self, last: Option<(Poll<Outcome>, Arc<dyn Task>)>) -> Turn {
        let lane = self.lane;
        let now = if last.is_some() { lane.yard.clock.now() } else { self.began };
        let mut effects = Effects::default();
        let (ended, turn) = {
            let mut state = lane.state.lock();
            let ended = last.and_then(|(polled, task)| {
                state.drivers.first_polls.saw(polled.is_ready(), now.since(self.since));
                let Poll::Ready(how) = polled else { return None };
                let end = state.end_body(&*task, how, now);
                state.hand_out(&lane.executor, now, &mut effects);
                Some((task, end))
            });
            (ended, self.turn(&mut state, now, &mut effects))
        };
        self.since = now;
        match ended {
            Some((task, end)) => lane.body_ended(&*task, end, effects),
            None => effects.act(lane),
        }
        turn
    }

    fn turn(&mut self, state: &mut LaneState, now: Moment, effects: &mut Effects) -> Turn {
        let (is_open, drivers) = (state.policy.is_open(), &mut state.drivers);
        drivers.working += usize::from(!std::mem::replace(&mut self.has_begun, true));
        if self.left > 0 && coop::has_budget_remaining() {
            self.left -= 1;
            if let Some(task) = drivers.take(now.since(self.began), self.lane.at_once, effects) {
                return Turn::Poll(task);
            }
        } else if !drivers.ready.is_empty() && drivers.awake == drivers.working {
            drivers.wake_one(effects);
        }
        drivers.awake -= 1;
        drivers.working -= 1;
        // Of drivers beyond what the runtime can run at once, some were made because others were held up.
        if let Some(driver) = self.driver.take_if(|_| is_open && drivers.asleep.len() <= self.lane.at_once) {
            drivers.asleep.push(driver);
            Turn::Sleep
        } else {
            Turn::End
        }
    }
}

/// How many futures a driver polls before others on its thread get their turn.
const AT_ONCE: usize = 64;

/// How long a driver is at work before one that waits behind it on the same worker is to go to another.
const SLOW: Duration = Duration::from_micros(20);
