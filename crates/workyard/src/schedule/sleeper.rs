//! Owns the one task that waits for timers, and lets what is due into its lane. Never decides what is due: the state does.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::task::yield_now;
use tokio::time::{Sleep, sleep_until};
use workyard_core::{Due, DueKey, Moment};

use crate::lane::LaneShared;
use crate::schedule::entry::{Entry, Left};
use crate::schedule::shared::Schedule;
use crate::schedule::state::{Polled, Step};
use crate::schedule::tick::{EndOfTick, Seed};
use crate::task::{Payload, catch};

/// How many steps are taken before others on the thread get their turn.
const AT_ONCE: usize = 64;

/// Sleeps until a timer is due, while there is one.
pub(super) struct Sleeper {
    schedule: Arc<Schedule>,
    sleep: Option<Pin<Box<Sleep>>>,
    is_done: bool,
}

impl Sleeper {
    pub(super) fn start(schedule: &Arc<Schedule>) {
        let sleeper = Self { schedule: Arc::clone(schedule), sleep: None, is_done: false };
        drop(schedule.yard.runtime.spawn(sleeper));
    }

    /// Lets the entry into its lane, if that has room: if not, the lane.
    fn poll_entry(&self, key: DueKey, mut entry: Entry, cx: &mut Context<'_>) -> Option<Arc<LaneShared>> {
        let lane = Arc::clone(&entry.about.lane);
        let polled = match catch(|| entry.entering.as_mut().poll(cx)) {
            Ok(Poll::Pending) => Polled::NoRoom(entry),
            Ok(Poll::Ready(is_in)) => {
                let is_tick = entry.is_tick;
                Left::Entry(entry).clear();
                Polled::Over { is_tick, is_in }
            }
            // Work that a closed lane refused, and whose `Drop` panicked.
            Err(payload) => {
                let is_tick = entry.is_tick;
                entry.about.report_drop_panic(&Payload::new(payload));
                Left::Entry(entry).clear();
                Polled::Over { is_tick, is_in: false }
            }
        };
        let is_blocked = matches!(polled, Polled::NoRoom(_));
        let left = self.schedule.state.lock().settle(key, &lane, polled);
        if let Some(left) = left {
            left.clear();
        }
        self.schedule.yard.task_ended();
        is_blocked.then_some(lane)
    }

    /// Makes a tick. Gives what to do with it.
    fn make_tick(&self, key: DueKey, due: Due) -> Step {
        let found = self.schedule.state.lock().series(key.number()).map(|s| (s.about.clone(), Arc::clone(&s.make)));
        let Some((about, make)) = found else { return Step::Again };
        let seed = Seed::new(due, self.schedule.yard.clock);
        let end = EndOfTick::new(Arc::clone(&self.schedule), key.number());
        let entering = make(about.options(), seed, end);
        // The series may have been cancelled meanwhile, and this be the last of the user's function.
        about.drop_value(make);
        let made = self.schedule.state.lock().insert_tick(key, Entry { about, entering, is_tick: true });
        made.unwrap_or_else(|left| {
            left.clear();
            Step::Again
        })
    }

    /// Whether the time has come already.
    fn poll_sleep(&mut self, due: Option<Moment>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(until) = due.and_then(|due| self.schedule.yard.clock.instant(due)) else {
            self.sleep = None;
            return Poll::Pending;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if sleep.deadline() != until {
            sleep.as_mut().reset(until);
        }
        sleep.as_mut().poll(cx)
    }
}

impl Future for Sleeper {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        // Register first, look second.
        this.schedule.sleeper.register(cx.waker());
        let mut blocked: Vec<Arc<LaneShared>> = Vec::new();
        for _ in 0..AT_ONCE {
            let now = this.schedule.yard.clock.now();
            let is_blocked = |lane: &Arc<LaneShared>| blocked.iter().any(|blocked| Arc::ptr_eq(blocked, lane));
            let mut step = this.schedule.state.lock().next_step(now, is_blocked);
            if let Step::Make(key, due) = step {
                step = this.make_tick(key, due);
            }
            match step {
                Step::Enter(key, entry) => blocked.extend(this.poll_entry(key, entry, cx)),
                Step::Make(..) | Step::Again => {}
                Step::Sleep(due) => {
                    if this.poll_sleep(due, cx).is_pending() {
                        return Poll::Pending;
                    }
                }
                Step::End => {
                    this.is_done = true;
                    return Poll::Ready(());
                }
            }
        }
        // A task that wakes itself goes on before the runtime has looked for what else is ready, sockets above all.
        pin!(yield_now()).poll(cx)
    }
}

impl Drop for Sleeper {
    /// The runtime has ended, and with it all time.
    fn drop(&mut self) {
        if !self.is_done {
            let _count = self.schedule.close();
        }
    }
}
