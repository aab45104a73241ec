//! Owns what a lane does for a task that waits inside of its own body: lend its slot, take one back, or run another task in its
//! stack. When that is called for is [`waits`](crate::waits)' to say.

use std::sync::Arc;

use workyard_core::Ending;

use crate::lane::LaneShared;
use crate::lane::effects::Effects;
use crate::task::cell::Task;

impl LaneShared {
    /// Lends the slot of a future that waits.
    pub(super) fn lend(self: &Arc<Self>, task: &dyn Task) {
        let mut effects = Effects::default();
        let lent = {
            let mut state = self.state.lock();
            let lent = state.policy.lend(task.header().slot());
            if lent {
                task.header().set_seated(false);
                state.hand_out(&self.executor, self.yard.clock.now(), &mut effects);
            }
            lent
        };
        effects.act(self);
        if lent {
            self.yard.waits.lent(task);
        }
    }

    /// Takes a slot for a future that lent its own. `false` if none is free: the future is woken when it has one.
    pub(super) fn reclaim(&self, task: &dyn Task) -> bool {
        let reclaimed = self.state.lock().policy.reclaim(task.header().slot());
        if reclaimed {
            task.header().set_seated(true);
        }
        reclaimed
    }

    /// Runs a queued task, or whichever is next, on this thread and on the slot of `waiter`, whose body is below in the stack.
    /// `false` if it is not queued any more.
    pub(crate) fn run_within(self: &Arc<Self>, waiter: &Arc<dyn Task>, task: Option<Arc<dyn Task>>) -> bool {
        let waiting_slot = waiter.header().slot();
        let task = {
            let mut state = self.state.lock();
            let now = self.yard.clock.now();
            if !state.policy.lend(waiting_slot) {
                return false;
            }
            let started = match task {
                Some(task) => state.start_this(&task, now).then_some(task),
                None => state.start_next(now),
            };
            if started.is_none() {
                state.policy.reclaim(waiting_slot);
            }
            started
        };
        let Some(task) = task else { return false };
        let suspended = self.yard.waits.begin_help(waiter, &task);
        let how = Arc::clone(&task).start();
        self.yard.waits.end_help(waiter, &task, suspended);
        if let Some(how) = how {
            self.end_within(waiter, &*task, how);
        }
        true
    }

    fn end_within(self: &Arc<Self>, waiter: &Arc<dyn Task>, task: &dyn Task, how: workyard_core::Outcome) {
        let mut effects = Effects::default();
        let (ending, held) = {
            let mut state = self.state.lock();
            let now = self.yard.clock.now();
            let (ending, held) = state.end_body(task, how, now);
            // Within the same lock, so the slot is there.
            let back = state.policy.reclaim(waiter.header().slot());
            debug_assert!(back, "the slot that was lent is free when its borrower has ended");
            state.after_room(&mut effects);
            (ending, held)
        };
        drop(held);
        task.publish(ending.unwrap_or(Ending::Late));
        self.ended(task, effects);
    }
}
