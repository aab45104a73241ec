//! Owns the ends of tasks: cancelled, aborted, out of time, abandoned, or by their body's own end.
//!
//! Each function decides under the lane's lock and acts after it, so that of any number of ends that race exactly one
//! is the task's, and the ledger knows it before a handle does.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use workyard_core::{Ending, Moment, Outcome, Reason, TaskState, mutant, patience};

use crate::callbacks::Turn;
use crate::lane::LaneShared;
use crate::lane::effects::Effects;
use crate::lane::shared::BodyEnd;
use crate::primitives::whole::thread_local;
use crate::task::cell::Task;
use crate::task::{TaskError, Where, wake_caught};

/// How hard to stop a task whose body runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Force {
    /// A body with a context is asked, a plain future is dropped at its next await.
    Ask,
    /// A future is dropped at its next await. A closure is asked, and its handle answered at once.
    Stop,
    /// As `Stop`, and the handle of a future is answered at once, too.
    Leave,
}

impl LaneShared {
    /// Asks a task to stop. `false` if it has ended.
    pub(crate) fn cancel(self: &Arc<Self>, task: &Arc<dyn Task>, reason: Reason) -> bool {
        self.end(task, reason, Force::Ask)
    }

    /// Stops a task. `false` if it has ended.
    pub(crate) fn abort(self: &Arc<Self>, task: &Arc<dyn Task>, reason: Reason) -> bool {
        self.end(task, reason, Force::Stop)
    }

    /// Stops a task whose time is up, unless the limit no longer applies.
    pub(crate) fn out_of_time(self: &Arc<Self>, task: &Arc<dyn Task>, reason: Reason) -> bool {
        self.end(task, reason, Force::Stop)
    }

    /// Asks all tasks to stop.
    pub(crate) fn cancel_all(self: &Arc<Self>, reason: Reason) {
        for task in self.all() {
            self.end(&task, reason, Force::Ask);
        }
    }

    /// Stops all tasks.
    #[cfg(feature = "signals")]
    pub(crate) fn abort_all(self: &Arc<Self>, reason: Reason) {
        for task in self.all() {
            self.end(&task, reason, Force::Stop);
        }
    }

    /// Answers all handles. Bodies that still run keep their slots, and are what the lane then still holds.
    pub(crate) fn abandon_all(self: &Arc<Self>, reason: Reason) {
        for task in self.all() {
            self.end(&task, reason, Force::Leave);
        }
    }

    /// All tasks, those that wait for a slot first: a body that ends while the others are told must not make one start.
    fn all(&self) -> impl Iterator<Item = Arc<dyn Task>> {
        let all: Vec<_> = self.state.lock().held().map(Arc::clone).collect();
        let is_queued = |task: &Arc<dyn Task>| task.header().status() == Some(TaskState::Queued);
        let (queued, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_queued);
        queued.into_iter().chain(others)
    }

    fn end(self: &Arc<Self>, task: &Arc<dyn Task>, reason: Reason, force: Force) -> bool {
        let header = task.header();
        let mut effects = Effects::default();
        let mut state = self.state.lock();
        match header.status() {
            None | Some(TaskState::Ended(_)) => false,
            // The wait ended before its limit did.
            Some(TaskState::Running | TaskState::RetryWaiting) if reason == Reason::QueueTimeout => false,
            // The attempt ended before its limit did.
            Some(TaskState::Queued | TaskState::RetryWaiting) if reason == Reason::Timeout && force == Force::Stop => {
                false
            }
            Some(waits @ (TaskState::Queued | TaskState::RetryWaiting)) => {
                header.signal.ask(reason);
                state.note_end(header, reason.outcome(), Some(reason));
                let ended = if waits == TaskState::Queued {
                    state.policy.end_queued(header.slot(), reason.outcome())
                } else {
                    state.policy.end_retry_waiting(header.slot(), reason.outcome())
                };
                debug_assert!(ended, "a task that waits is where its status says");
                header.set_status(TaskState::Ended(reason.outcome()));
                let held = state.release(header.slot());
                state.hand_out(&self.executor, self.yard.clock.now(), &mut effects);
                // Between two attempts it may have had the only place there is but for the slot that a body could lend.
                let crowded = waits == TaskState::RetryWaiting && state.policy.has_line();
                drop(state);
                drop(held);
                let turn = self.tell(header);
                clear_all((Arc::clone(task), reason));
                self.ended(&**task, effects);
                if crowded {
                    self.yard.waits.crowded(self);
                }
                send(turn);
                true
            }
            Some(TaskState::Running) => {
                let given_up = self.given_up(reason, force).filter(|&how| state.policy.give_up(header.slot(), how));
                if force != Force::Ask || !header.has_context {
                    header.signal.stop(reason);
                } else {
                    header.signal.ask(reason);
                }
                if let Some(how) = given_up {
                    state.note_end(header, how, Some(reason));
                    header.set_status(TaskState::Ended(how));
                }
                drop(state);
                task.fire();
                if let Some(how) = given_up {
                    let turn = self.tell(header);
                    let error = match how {
                        Outcome::Abandoned => TaskError::abandoned(header, reason),
                        _ => TaskError::stopped(header, reason),
                    };
                    task.answer(error, Where::Apart);
                    self.ended(&**task, effects);
                    send(turn);
                }
                true
            }
        }
    }

    /// The outcome of a task whose handle is answered while its body runs; `None` if the answer waits for the body.
    fn given_up(&self, reason: Reason, force: Force) -> Option<Outcome> {
        let at_once = match force {
            Force::Ask => false,
            Force::Stop => self.executor.runs_closures(),
            Force::Leave => true,
        };
        let out_of_time = reason.outcome() == Outcome::TimedOut;
        at_once.then_some(if out_of_time { Outcome::TimedOut } else { Outcome::Abandoned })
    }

    /// Counts the end of an async body and starts what its slot is good for.
    pub(super) fn end_body(self: &Arc<Self>, task: &dyn Task, how: Outcome) {
        let now = self.yard.clock.now();
        let mut effects = Effects::default();
        let end = {
            let mut state = self.state.lock();
            let ended = state.end_body(task, how, now);
            state.hand_out(&self.executor, now, &mut effects);
            ended
        };
        self.body_ended(task, end, effects);
    }

    /// Counts the end of a closure that was begun at `since`, and takes the next one in the same turn, which then begins; `None`
    /// ends the worker's turn.
    pub(super) fn end_closure(
        self: &Arc<Self>,
        task: &dyn Task,
        how: Outcome,
        since: &mut Moment,
    ) -> Option<Arc<dyn Task>> {
        let now = self.yard.clock.now();
        let mut effects = Effects::default();
        let ran = now.since(std::mem::replace(since, now));
        let (end, next, took, are_short) = {
            let mut state = self.state.lock();
            state.short.saw(true, ran, 1);
            let took = state.policy.age(task.header().slot(), now);
            let ended = state.end_body(task, how, now);
            (ended, state.next_closure(now, &mut effects), took, state.short.are_expected())
        };
        let waker = self.body_ended_quietly(task, end, effects);
        if waker.is_none() && !self.wakes.are_any() {
            return next;
        }
        // What blocks may wait for whoever is not woken.
        let may_wait = next.is_some() && (are_short || self.executor.computes());
        if let Some(patience) = patience(took, ran, self.at_once, are_short).filter(|_| may_wait) {
            let _woke = self.wake_with_others(waker, now.later(patience), now);
        } else {
            self.wakes.let_go();
            if let Some(waker) = waker {
                wake_caught(&waker);
            }
        }
        next
    }

    /// A body has ended and was counted: what follows from it. No ending means that it only gave way,
    /// and may be at work again by now, or that it waits for its next attempt.
    pub(super) fn body_ended(self: &Arc<Self>, task: &dyn Task, end: BodyEnd, effects: Effects) {
        if let Some(waker) = self.body_ended_quietly(task, end, effects) {
            wake_caught(&waker);
        }
    }

    /// As [`body_ended`](Self::body_ended), and gives the waker of who waits for the result, which is to be woken.
    #[must_use]
    pub(super) fn body_ended_quietly(
        self: &Arc<Self>,
        task: &dyn Task,
        end: BodyEnd,
        effects: Effects,
    ) -> Option<Waker> {
        let BodyEnd { ending, held } = end;
        let Some(ending) = ending else {
            effects.act(self);
            if let Some(task) = held {
                self.waits_for_retry(&task);
            }
            return None;
        };
        drop(held);
        self.yard.waits.body_ended(task);
        let turn = if ending == Ending::Final { self.tell(task.header()) } else { None };
        let waker = task.publish(ending);
        self.ended(task, effects);
        send(turn);
        waker
    }

    /// A task or its body has ended: what follows from it.
    #[inline]
    fn ended(self: &Arc<Self>, task: &dyn Task, effects: Effects) {
        self.yard.timers.unset(task);
        effects.act(self);
        self.yard.task_ended();
    }
}

/// Has the callbacks called that are in the queue.
#[inline]
fn send(turn: Option<Turn>) {
    if let Some(turn) = turn {
        turn.send();
    }
}

/// A task that ended before it started, and why.
type Cleared = (Arc<dyn Task>, Reason);

/// How many tasks are cleared within one another. More than a program writes by hand, and few enough for any stack.
const MOST_NESTED: usize = 16;

thread_local! {
    static CLEARING: RefCell<Clearing> = const { RefCell::new(Clearing { nested: 0, later: VecDeque::new() }) };
}

/// What this thread is about to clear.
struct Clearing {
    /// How many [`clear_all`] are below in the stack.
    nested: usize,
    later: VecDeque<Cleared>,
}

/// Drops the work of a task that never started and answers its handle.
///
/// Work may hold the handle of a task that is aborted when that is dropped, whose work may hold another, and so on. Recursion
/// would be as deep as the chain is long, so after some steps the rest is left to the outermost call. The first
/// steps are taken at once, since a `Drop` may well stop a task and then wait for its end.
fn clear_all(cleared: Cleared) {
    let clear = |(task, reason): Cleared| {
        task.discard();
        if mutant!("queued-task-unanswered") {
            return;
        }
        task.answer(TaskError::stopped(task.header(), reason), Where::Place);
    };
    // A thread that is about to end may have no thread-locals any more; its chains are not made shorter.
    let mut cleared = Some(cleared);
    let entered = CLEARING.try_with(|clearing| {
        let mut clearing = clearing.borrow_mut();
        if clearing.nested == MOST_NESTED {
            clearing.later.extend(cleared.take());
            return false;
        }
        clearing.nested += 1;
        true
    });
    if let Some(cleared) = cleared {
        clear(cleared);
    }
    if entered == Ok(true) {
        // Only the outermost sees to the rest, with all the stack that there is.
        while let Some(next) = CLEARING.with_borrow_mut(Clearing::next_for_outermost) {
            clear(next);
        }
        CLEARING.with_borrow_mut(|clearing| clearing.nested -= 1);
    }
}

impl Clearing {
    fn next_for_outermost(&mut self) -> Option<Cleared> {
        if self.nested == 1 { self.later.pop_front() } else { None }
    }
}
