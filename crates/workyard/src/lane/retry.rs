//! Owns what a lane does with a task between two attempts: it has no slot, and one of the yard's timers brings it back to the queue.
//! Never decides whether there is another attempt: its policy did.
//!
//! # Protocol
//! *Who runs the body* decides for another attempt, and under the lane's lock the end of this one is counted: the slot is free, the
//! status says that the task waits. After the lock the timer is set. *The timer*, when it fires, puts the task back into the queue
//! under that lock. *Who ends the task* meanwhile does so under that lock, too, and the timer finds nothing to do.
//!
//! A task that is asked to stop after its body has decided and before that was counted still runs, so nobody ends it; the asking is
//! seen after the lock, and ends it then.

use std::sync::Arc;

use workyard_core::{TaskState, mutant};

use crate::lane::LaneShared;
use crate::lane::effects::Effects;
use crate::task::cell::Task;

impl LaneShared {
    /// The attempt of this task has been counted, and another is to come.
    #[cold]
    pub(super) fn waits_for_retry(self: &Arc<Self>, task: &Arc<dyn Task>) {
        self.yard.waits.body_ended(&**task);
        self.yard.timers.set(task, &self.yard.runtime);
        if let Some(reason) = task.header().signal.asked().filter(|_| !mutant!("retry-deaf")) {
            self.cancel(task, reason);
        }
    }

    /// The time of a task's next attempt has come, unless the task has ended.
    pub(crate) fn retry(self: &Arc<Self>, task: &Arc<dyn Task>) {
        let header = task.header();
        let now = self.yard.clock.now();
        let mut effects = Effects::default();
        let crowded = {
            let mut state = self.state.lock();
            if header.status() != Some(TaskState::RetryWaiting) || !state.policy.retry(header.slot(), now) {
                return;
            }
            header.set_status(TaskState::Queued);
            state.hand_out(&self.executor, now, &mut effects);
            state.policy.has_line()
        };
        self.yard.timers.set(task, &self.yard.runtime);
        effects.act(self);
        // It needs a slot again, which those who wait for it may have to lend.
        if !mutant!("retry-waiter-untold") {
            self.yard.waits.lent(&**task);
        }
        if crowded {
            self.yard.waits.crowded(self);
        }
    }

    /// A task is given up, since the budget of retries is used up.
    pub(crate) fn count_over_budget(&self) {
        self.state.lock().policy.count_over_budget();
    }
}
