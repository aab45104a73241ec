//! Owns what a lane does for runners: bodies that work through the items of a map. Never sees an item.
//!
//! A runner is a [`Task`] that enters by the lane's queue like any other, so that order, limit and bound hold for maps too. Once
//! it runs, it comes back here between two batches: what ended is counted, and it hears how it is to go on. The ledger is
//! told of an end before whoever waits for the item is.
//!
//! A runner of futures has a slot for each item in flight. One that wants more than it gets is *hungry*, and is woken when
//! slots are free that nobody waits for; the mark is set under the same lock under which the slots were refused, and whoever
//! frees one looks for marks under that lock, so no free slot is missed.

use std::future::Future;
use std::sync::Arc;

use workyard_core::{Slot, Tally, TaskState};

use crate::lane::LaneShared;
use crate::lane::effects::{Effect, Effects};
use crate::lane::executor::Executor;
use crate::lane::shared::LaneState;
use crate::task::cell::Task;

/// How a runner of futures goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Granted {
    /// How many further items it may start. They are accepted.
    pub(crate) items: usize,
    /// Whether somebody waits for a slot.
    pub(crate) contended: bool,
    /// Whether the lane still takes items in.
    pub(crate) open: bool,
}

impl LaneShared {
    /// Counts items that ended.
    pub(crate) fn settle(&self, ended: &Tally) {
        if ended.total() > 0 {
            self.state.lock().policy.settle(ended);
        }
    }

    /// Accepts items that a runner of closures took. `None` if the lane takes nothing in any more; else whether somebody waits for the
    /// runner's slot.
    pub(crate) fn take_in(&self, items: u64) -> Option<bool> {
        let mut state = self.state.lock();
        state.policy.take_in(items).then(|| state.policy.is_contended())
    }

    /// The item that a runner of closures is at was answered, and runs on.
    pub(crate) fn item_overruns(&self, runner: &dyn Task) {
        let mut state = self.state.lock();
        if state.holds(runner) {
            state.policy.overrun(runner.header().slot());
        }
    }

    /// Undoes [`item_overruns`](Self::item_overruns): the item was not answered after all.
    pub(crate) fn item_is_in_time(&self, runner: &dyn Task) {
        let mut state = self.state.lock();
        if state.holds(runner) {
            state.policy.catch_up(runner.header().slot());
        }
    }

    /// An item that had been answered has returned.
    pub(crate) fn item_returned(&self, runner: &dyn Task) {
        self.state.lock().policy.item_returned(runner.header().slot());
    }

    /// A runner of futures has `in_flight` items that go on after those `ended`, and would like to start `want` more.
    pub(crate) fn turn(self: &Arc<Self>, runner: &dyn Task, ended: &Tally, in_flight: usize, want: usize) -> Granted {
        let slot = runner.header().slot();
        let mut effects = Effects::default();
        let granted = {
            let mut state = self.state.lock();
            state.policy.settle(ended);
            state.policy.keep_slots(slot, in_flight.saturating_sub(1));
            if ended.total() > 0 {
                state.hand_out(&self.executor, self.yard.clock.now(), &mut effects);
            }
            state.grant(slot, in_flight, want)
        };
        effects.act(self);
        granted
    }

    /// Runs the driver of a runner on the lane's runtime.
    pub(crate) fn drive(&self, driver: impl Future<Output = ()> + Send + 'static) {
        if let Executor::Io(runtime) = &self.executor {
            drop(runtime.spawn(driver));
        }
    }

    /// How many runners of one map can work at once.
    pub(crate) fn most_runners(&self) -> usize {
        self.at_once.min(self.limit)
    }

    /// Puts a runner of futures that has none in flight behind all who wait for a slot; it is started again when its turn comes. `false`
    /// if it was given up: it has to end.
    pub(crate) fn give_way(self: &Arc<Self>, runner: &dyn Task) -> bool {
        let now = self.yard.clock.now();
        let mut effects = Effects::default();
        let gave_way = {
            let mut state = self.state.lock();
            let gave_way = state.policy.give_way(runner.header().slot(), now);
            if gave_way {
                runner.header().set_status(TaskState::Queued);
                state.hand_out(&self.executor, now, &mut effects);
            }
            gave_way
        };
        effects.act(self);
        gave_way
    }

    /// Counts the end of a runner of futures, and gives its slot to whoever is next.
    pub(crate) fn end_runner(self: &Arc<Self>, runner: &dyn Task) {
        self.end_body(runner, workyard_core::Outcome::Completed);
    }
}

impl LaneState {
    /// Whether this task has its number still: it may be another's by now.
    fn holds(&self, task: &dyn Task) -> bool {
        self.held_in(task.header().slot()).is_some_and(|held| held.header().id == task.header().id)
    }

    fn grant(&mut self, slot: Slot, in_flight: usize, want: usize) -> Granted {
        let (open, contended) = (self.policy.is_open(), self.policy.is_contended());
        if want == 0 || !open {
            return Granted { items: 0, contended, open };
        }
        // The seat is good for the first one.
        let by_seat = usize::from(in_flight == 0);
        let items = by_seat + self.policy.add_slots(slot, want - by_seat);
        self.policy.take_in(items as u64);
        if items < want && !self.hungry.contains(&slot) {
            self.hungry.push(slot);
        }
        Granted { items, contended, open }
    }

    /// Wakes the runners that wanted more slots than there were, if some are free now.
    #[inline]
    pub(super) fn feed(&mut self, effects: &mut Effects) {
        if !self.hungry.is_empty() && self.policy.has_spare_slot() {
            self.feed_all(effects);
        }
    }

    #[cold]
    fn feed_all(&mut self, effects: &mut Effects) {
        for slot in self.hungry.drain(..) {
            // If the runner has ended, the number may be another's, who is then polled once for nothing.
            if let Some(runner) = self.policy.kept(slot) {
                effects.push(Effect::Resume(Arc::clone(runner)));
            }
        }
    }
}
