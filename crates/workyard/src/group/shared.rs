//! Owns the lock of a group, and what is done once it is released: waking, stopping, letting go. Decides nothing: that is
//! [`State`]'s.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use workyard_core::{Reason, TaskState};

use crate::group::join::Until;
use crate::group::state::{After, End, State, Taken, Ticket};
use crate::lane::{LaneShared, is_cpu_thread};
use crate::primitives::whole::Mutex;
use crate::task::cell::{Join, Task};
use crate::task::{TaskError, Watcher, current, wake_caught};
use crate::waits::{AnyWait, Next, after_run};

/// A group, as its owner, its members and those who wait share it.
pub(super) struct GroupShared<T> {
    state: Mutex<State<T>>,
}

/// What who waits inside of a task knows of the members that it chose.
#[derive(Default)]
pub(super) struct Look {
    pub(super) ticket: Option<Ticket>,
    /// How many changes there had been when it chose them.
    changes: u64,
}

impl<T> GroupShared<T> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State::new()) })
    }

    /// Takes a task in that is about to be offered to its lane. `None` if the group has ended.
    pub(super) fn enter(self: &Arc<Self>, task: &Arc<dyn Join<T>>) -> Option<u32>
    where
        T: 'static,
    {
        let member = self.state.lock().enter(Arc::clone(task))?;
        task.header().tell_end(Arc::<Self>::clone(self), member);
        Some(member)
    }

    /// A task that was never accepted leaves again.
    pub(super) fn leave(&self, member: u32) {
        let left = self.change(|state, after| state.leave(member, after));
        drop(left);
    }

    /// A task was accepted. It is stopped at once if the group has ended meanwhile.
    pub(super) fn accepted(&self, task: &Arc<dyn Task>) {
        let end = self.change(|state, after| {
            state.tell_lookers(after);
            state.end
        });
        if let Some(how) = end {
            stop(task, how);
        }
    }

    /// Who waits for room for a member stops waiting, or goes on: with a waker, to be woken when the group ends. `false`
    /// if it has.
    pub(super) fn keep_submitter(&self, member: u32, waker: Option<Waker>) -> bool {
        self.change(|state, after| {
            state.keep_submitter(member, waker, after);
            state.end.is_none()
        })
    }

    /// Ends the group and stops its members.
    pub(super) fn end(&self, how: End) {
        let (tasks, submitters) = self.state.lock().end(how);
        for waker in submitters {
            wake_caught(&waker);
        }
        // Those that wait for a slot go first, so that they do not get those of the others.
        let is_queued = |task: &Arc<dyn Task>| task.header().status() == Some(TaskState::Queued);
        let (queued, others): (Vec<_>, Vec<_>) = tasks.into_iter().partition(is_queued);
        for task in queued.iter().chain(&others) {
            stop(task, how);
        }
    }

    /// Nobody will ask for the results any more.
    pub(super) fn let_go(&self) {
        let members = self.state.lock().clear();
        for task in members {
            task.detach();
        }
    }

    /// The result of a member that has ended. `None` if there is none now.
    pub(super) fn try_next(&self) -> Option<Result<T, TaskError>> {
        let taken = self.change(State::take_next)?;
        Some(result_of(&*taken))
    }

    /// The next result, or `None` when the group is empty.
    pub(super) fn poll_next(
        &self,
        ticket: &mut Option<Ticket>,
        cx: &Context<'_>,
    ) -> Poll<Option<Result<T, TaskError>>> {
        let next = |waker: Option<Waker>, ticket: &mut Option<Ticket>| {
            self.change(|state, after| match state.take_next(after) {
                None if !state.is_empty() => {
                    if let Some(waker) = waker {
                        state.stand_in_line(ticket, waker, after);
                    }
                    Poll::Pending
                }
                taken => {
                    state.leave_line(ticket.take(), after);
                    Poll::Ready(taken)
                }
            })
        };
        // Wakers are foreign code: cloned outside of the lock, and only if need be.
        let polled = match next(None, ticket) {
            Poll::Pending => next(Some(cx.waker().clone()), ticket),
            ready @ Poll::Ready(_) => ready,
        };
        polled.map(|taken| taken.map(|taken| result_of(&*taken)))
    }

    /// How a poll goes on that found no result. `look` has it polled again when other members are to be looked at. O(members) inside of a task.
    pub(super) fn pending(&self, nested: &mut AnyWait, look: &mut Look, cx: &Context<'_>) -> Next {
        if current::task().is_some() {
            let waker = cx.waker().clone();
            let changes = self.change(|state, after| {
                state.keep_wait(&mut look.ticket, None, waker, after);
                state.changes()
            });
            if std::mem::replace(&mut look.changes, changes) != changes {
                nested.choose_anew();
            }
        } else if is_cpu_thread() && self.run_beside() {
            return after_run(true, cx);
        }
        nested.pending(|most, lane| self.some_live(most, lane), cx)
    }

    /// Some of the members that have not ended, first those that need a slot or a place of `lane`.
    fn some_live(&self, most: usize, lane: &Arc<LaneShared>) -> Vec<Arc<dyn Task>> {
        self.state.lock().some_live(most, |task| {
            let header = task.header();
            (header.status().is_none() || header.needs_slot()) && Arc::ptr_eq(&header.lane, lane)
        })
    }

    /// Runs one of the members on this thread, which waits in a part of a body that rayon gave it: all other threads of the lane
    /// may wait as well.
    fn run_beside(&self) -> bool {
        let queued = self.state.lock().queued();
        queued.into_iter().any(|task| task.header().lane.run_beside(Some(&task)))
    }

    pub(super) fn leave_line(&self, ticket: Ticket) {
        self.change(|state, after| state.leave_line(Some(ticket), after));
    }

    /// All results that are there, once there are those that are waited for.
    pub(super) fn poll_wait(
        &self,
        until: Until,
        ticket: &mut Option<Ticket>,
        cx: &Context<'_>,
    ) -> Poll<Vec<Result<T, TaskError>>> {
        let wait = |waker: Option<Waker>, ticket: &mut Option<Ticket>| {
            self.change(|state, after| {
                if state.is_met(until) {
                    state.leave_waits(ticket.take(), after);
                    return Poll::Ready(state.take_all(after));
                }
                if let Some(waker) = waker {
                    state.keep_wait(ticket, Some(until), waker, after);
                }
                Poll::Pending
            })
        };
        let polled = match wait(None, ticket) {
            Poll::Pending => wait(Some(cx.waker().clone()), ticket),
            ready @ Poll::Ready(_) => ready,
        };
        polled.map(results_of)
    }

    /// All results that are there.
    pub(super) fn take_all(&self) -> Vec<Result<T, TaskError>> {
        results_of(self.change(State::take_all))
    }

    pub(super) fn leave_waits(&self, ticket: Ticket) {
        self.change(|state, after| state.leave_waits(Some(ticket), after));
    }

    pub(super) fn len(&self) -> usize {
        self.state.lock().len()
    }

    fn change<R>(&self, change: impl FnOnce(&mut State<T>, &mut After) -> R) -> R {
        let mut after = After::default();
        let changed = change(&mut self.state.lock(), &mut after);
        after.act();
        changed
    }
}

impl<T> Watcher for GroupShared<T> {
    fn ended(&self, member: u32, failed: bool) {
        self.change(|state, after| state.ended(member, failed, after));
    }
}

fn stop(task: &Arc<dyn Task>, how: End) {
    let lane = &task.header().lane;
    match how {
        End::Cancelled => lane.cancel(task, Reason::Group),
        End::Aborted => lane.abort(task, Reason::Group),
    };
}

fn results_of<T>(taken: Vec<Taken<T>>) -> Vec<Result<T, TaskError>> {
    taken.into_iter().map(|taken| result_of(&*taken)).collect()
}

fn result_of<T>(taken: &dyn Join<T>) -> Result<T, TaskError> {
    match taken.poll_join(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("a member has its result before its group is told"),
    }
}
