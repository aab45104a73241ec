//! Owns what a task that waits does with its slot: a future lends it and takes it back, a closure runs another task in its
//! stack. When that is called for is [`waits`](crate::waits)' to say.

use std::sync::Arc;

use crate::lane::LaneShared;
use crate::lane::effects::Effects;
use crate::lane::stack::is_cpu_thread;
use crate::lane::workers::{in_body, is_in_body};
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
                let now = self.yard.clock.now();
                effects.start.extend(state.start_on_lent(now));
                state.hand_out(&self.executor, now, &mut effects);
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
        let mut state = self.state.lock();
        let reclaimed = state.policy.reclaim(task.header().slot());
        if reclaimed {
            task.header().set_seated(true);
        }
        reclaimed
    }

    /// Runs a queued task, or (`None`) whichever is next, on this thread and on the slot of `waiter`, whose body is below in the
    /// stack. `false` if there is none, or it is not queued any more.
    ///
    /// If nothing is next, nobody else will make the room that `waiter` waits for: then the slot that it could lend counts as
    /// room, and the first in line is let in.
    pub(crate) fn run_within(self: &Arc<Self>, waiter: &Arc<dyn Task>, task: Option<&Arc<dyn Task>>) -> bool {
        let waiting_slot = waiter.header().slot();
        let mut effects = Effects::default();
        let started = {
            let mut state = self.state.lock();
            let now = self.yard.clock.now();
            if !state.policy.lend(waiting_slot) {
                return false;
            }
            let started = match task {
                Some(task) => state.start_this(task, now).then(|| Arc::clone(task)),
                None => state.start_next(now),
            };
            if started.is_none() {
                if task.is_none() {
                    state.after_room(&mut effects);
                }
                state.policy.reclaim(waiting_slot);
            }
            started
        };
        effects.act(self);
        let Some(task) = started else { return false };
        self.yard.waits.begin_help(waiter, &task);
        let how = Arc::clone(&task).start();
        self.yard.waits.end_help(waiter, &task);
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
        self.body_ended(task, ending, effects);
    }

    /// Runs a queued task, or (`None`) whichever is next, on a thread of this lane that is in no task's body and waits all the same:
    /// rayon gave it a part of a body on another thread. Such a thread counts as none of the bodies, so there is a slot for
    /// it. `false` if this is no such thread, or there is nothing to run.
    pub(crate) fn run_beside(self: &Arc<Self>, task: Option<&Arc<dyn Task>>) -> bool {
        if !is_cpu_thread() || is_in_body() || !self.executor.is_own_thread() {
            return false;
        }
        let started = {
            let mut state = self.state.lock();
            let now = self.yard.clock.now();
            match task {
                Some(task) => state.start_this(task, now).then(|| Arc::clone(task)),
                None => state.start_next(now),
            }
        };
        let Some(task) = started else { return false };
        if let Some(how) = in_body(|| Arc::clone(&task).start()) {
            self.end_body(&*task, how);
        }
        true
    }
}
