//! Owns the way of a task into its group and its lane. Never keeps a task that was not accepted.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::group::shared::GroupShared;
use crate::lane::{Refused, Submit, SubmitError};
use crate::task::TaskRef;
use crate::task::cell::{Submitted, Task};

/// Waits for room in a lane for a task that is to be a member of a group; made by the methods of
/// [`Group`](crate::Group). Gives a [`TaskRef`]: the result goes to the group.
///
/// The task is a member from the first poll on, so `join_next` does not call the group empty while this waits for room.
///
/// # Errors
/// The work comes back if the lane is closed or the group was cancelled, also while this waits, or if a closure of the same lane has [no stack
/// left](SubmitError::is_out_of_stack) to make room.
///
/// # Cancel safety
/// Dropping it means that the task was never accepted; it leaves the group and the line for room.
#[must_use = "futures do nothing unless polled"]
pub struct GroupSubmit<'a, F, T> {
    group: &'a Arc<GroupShared<T>>,
    submit: Submit<'a, F, T>,
    /// The task's number in the group, while it waits for room.
    member: Option<u32>,
}

impl<'a, F, T: 'static> GroupSubmit<'a, F, T> {
    pub(super) const fn new(group: &'a Arc<GroupShared<T>>, submit: Submit<'a, F, T>) -> Self {
        Self { group, submit, member: None }
    }

    /// Never waits.
    pub(super) fn try_now(mut self) -> Result<TaskRef, SubmitError<F>> {
        if let Some(refused) = self.enter() {
            return Err(refused);
        }
        let accepted = self.submit.try_accepted();
        self.conclude(accepted)
    }

    /// Makes the task a member. The work comes back if the group has ended.
    fn enter(&mut self) -> Option<SubmitError<F>> {
        let goes_on = match (self.member, self.submit.task()) {
            (Some(member), _) => self.group.keep_submitter(member, None),
            (None, Some(task)) => {
                self.member = self.group.enter(&task);
                self.member.is_some()
            }
            // Over, as polling the submission will say.
            (None, None) => true,
        };
        if goes_on { None } else { self.give_up() }
    }

    fn give_up(&mut self) -> Option<SubmitError<F>> {
        self.leave();
        self.submit.give_up(Refused::Group)
    }

    fn conclude(
        &mut self,
        accepted: Result<Arc<dyn Submitted<F, T>>, SubmitError<F>>,
    ) -> Result<TaskRef, SubmitError<F>> {
        match accepted {
            Ok(task) => {
                // From now on it leaves by its end.
                self.member = None;
                let task: Arc<dyn Task> = task;
                self.group.accepted(&task);
                Ok(TaskRef::new(task))
            }
            Err(refused) => {
                self.leave();
                Err(refused)
            }
        }
    }
}

impl<F, T> GroupSubmit<'_, F, T> {
    fn leave(&mut self) {
        if let Some(member) = self.member.take() {
            self.group.leave(member);
        }
    }
}

impl<F, T: 'static> Future for GroupSubmit<'_, F, T> {
    type Output = Result<TaskRef, SubmitError<F>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(refused) = this.enter() {
            return Poll::Ready(Err(refused));
        }
        if let Poll::Ready(accepted) = this.submit.poll_accepted(cx) {
            return Poll::Ready(this.conclude(accepted));
        }
        match this.member {
            Some(member) if !this.group.keep_submitter(member, Some(cx.waker().clone())) => {
                this.give_up().map_or(Poll::Pending, |refused| Poll::Ready(Err(refused)))
            }
            _ => Poll::Pending,
        }
    }
}

impl<F, T> Drop for GroupSubmit<'_, F, T> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<F, T> fmt::Debug for GroupSubmit<'_, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupSubmit")
            .field("submit", &self.submit)
            .field("member", &self.member)
            .finish_non_exhaustive()
    }
}
