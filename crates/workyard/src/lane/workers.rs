//! Owns how closures get from a lane's queue onto threads: workers, at most `limit` of them, each of which runs tasks
//! until the queue is empty. Shared by the cpu and the blocking lane; never knows whose threads they are.
//!
//! # Protocol
//! *Submitter*: under the lock, puts the task into the queue and, if fewer than `limit` workers are on their way, counts
//! one more; after the lock, hands that worker to the executor. *Worker*: under the lock, takes the next task or, if
//! there is none, uncounts itself; then runs the task.
//!
//! No task is left behind: a worker gives up its turn in the same critical section in which it finds the queue empty, so
//! a submitter that comes later sees the lower count and sends a new one. If `limit` workers are counted, each will look
//! at the queue again before it goes.
//!
//! A worker that its executor drops unrun (the runtime has shut down) uncounts itself; if it was the last, nobody will run
//! what is queued, and that is cancelled.

use std::cell::Cell;
use std::sync::Arc;

use workyard_core::{Moment, Reason, mutant};

use crate::lane::LaneShared;
use crate::lane::effects::Effects;
use crate::lane::shared::LaneState;
use crate::lane::stack;
use crate::primitives::whole::thread_local;
use crate::task::cell::Task;

thread_local! {
    /// Whether this thread is inside a task's body.
    static IN_BODY: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside a task's body.
pub(super) fn is_in_body() -> bool {
    IN_BODY.get()
}

/// Calls what is a task's body, or is around one.
pub(super) fn in_body<R>(body: impl FnOnce() -> R) -> R {
    let _outer = Outer(IN_BODY.replace(true));
    body()
}

/// Whether this thread was inside a task's body before, and is again when this is dropped: also by a panic.
struct Outer(bool);

impl Drop for Outer {
    fn drop(&mut self) {
        IN_BODY.set(self.0);
    }
}

/// A turn at a lane's queue, on its way to a thread.
pub(super) struct Worker {
    lane: Option<Arc<LaneShared>>,
}

impl Worker {
    pub(super) fn new(lane: &Arc<LaneShared>) -> Self {
        Self { lane: Some(Arc::clone(lane)) }
    }

    /// Runs tasks until the queue is empty.
    ///
    /// Rayon may start this on a thread that is inside a task, or (`within_another`) inside some part of one, and waits there
    /// for parallel work. No task is to run in another's stack, so the turn is handed back to the executor.
    pub(super) fn run(mut self, within_another: bool) {
        let Some(lane) = self.lane.take() else { return };
        if within_another || is_in_body() {
            lane.executor.hand_back(&lane);
            return;
        }
        stack::begin_turn();
        let mut since = lane.yard.clock.now();
        let mut next = lane.first_closure(since);
        while let Some(task) = next {
            let how = in_body(|| task.run(&task));
            next = match how {
                Some(how) => lane.end_closure(&*task, how, &mut since),
                None => lane.first_closure(lane.yard.clock.now()),
            };
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(lane) = self.lane.take() {
            lane.worker_lost();
        }
    }
}

impl LaneShared {
    /// Sends a worker, which has been counted.
    pub(super) fn hire(self: &Arc<Self>) {
        self.executor.run(Worker::new(self));
    }

    fn first_closure(self: &Arc<Self>, now: Moment) -> Option<Arc<dyn Task>> {
        let mut effects = Effects::default();
        let next = self.state.lock().next_closure(now, &mut effects);
        effects.act(self);
        next
    }

    fn worker_lost(self: &Arc<Self>) {
        let last = {
            let mut state = self.state.lock();
            state.workers -= 1;
            state.workers == 0
        };
        if last {
            self.close();
            self.cancel_all(Reason::Dropped);
        }
    }
}

impl LaneState {
    /// The next closure for a worker, or the end of its turn.
    pub(super) fn next_closure(&mut self, now: Moment, effects: &mut Effects) -> Option<Arc<dyn Task>> {
        let next = self.start_next(now);
        if next.is_none() && !mutant!("worker-gone-and-counted") {
            self.workers -= 1;
        }
        self.after_room(effects);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::catch;

    #[test]
    fn a_body_is_over_when_it_panics() {
        assert!(catch(|| in_body(|| in_body(|| panic!("in the inner one")))).is_err());
        assert!(!is_in_body());
        assert!(in_body(|| catch(|| in_body(|| panic!("in the inner one"))).is_err() && is_in_body()));
    }
}
