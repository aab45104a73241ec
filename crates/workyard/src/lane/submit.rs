//! Owns the futures of a submission: wait for room, and wait for the result as well. Never starts a body.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;
use workyard_core::{Refusal, Ticket, mutant};

use crate::lane::LaneShared;
use crate::lane::submit_error::{Refused, SubmitError};
use crate::task::cell::{Cell, Join, Submitted, Task, Work};
use crate::task::header::{Header, Options};
use crate::task::{Handle, TaskError};
use crate::turns::Turn;
use crate::waits::{DirectWait, Next, Target};

/// The task that was accepted, or the work back.
type Accepted<F, T> = Result<Arc<dyn Submitted<F, T>>, SubmitError<F>>;

/// The task that was accepted, or why it was not.
type Offered<F, T> = Result<Arc<dyn Submitted<F, T>>, (Submission<F, T>, Refused)>;

/// Work on its way into a lane: made into a task, and not accepted.
pub(super) struct Submission<F, T> {
    task: Arc<dyn Submitted<F, T>>,
}

impl<F, T: 'static> Submission<F, T> {
    pub(super) fn new<W: Work<Given = F, Output = T>>(
        lane: &Arc<LaneShared>,
        options: Options,
        has_context: bool,
        work: W,
    ) -> Self
    where
        F: 'static,
    {
        Self { task: Cell::new(Header::new(lane, options, has_context), work) }
    }

    fn lane(&self) -> &Arc<LaneShared> {
        &self.task.header().lane
    }

    /// Never waits.
    pub(super) fn try_submit(self) -> Result<Handle<T>, SubmitError<F>> {
        self.try_accept().map(|task| Handle::new(task))
    }

    fn try_accept(self) -> Accepted<F, T> {
        match self.lane().offer_once(Arc::<dyn Submitted<F, T>>::clone(&self.task)) {
            Ok(()) => Ok(self.task),
            Err(Refusal::Full) => Err(self.refused(Refused::Full)),
            Err(Refusal::Closed) => Err(self.refused(Refused::Closed)),
        }
    }

    #[expect(clippy::expect_used, reason = "only a lane takes the work out, and it never got the task")]
    fn refused(&self, why: Refused) -> SubmitError<F> {
        let work = self.task.give_back().expect("a task that was not accepted still has its work");
        SubmitError::new(why, &self.lane().name, work)
    }
}

/// Waits for room in a lane; made by `submit`. Gives the [`Handle`] of the accepted task, or the work back once the lane
/// is closed, or if a closure of the same lane has [no stack left](SubmitError::is_out_of_stack) to make room.
///
/// Waiting submitters are served in the order in which they were first polled, before any `try_submit`. So one that was
/// polled and is then neither polled nor dropped (the loser of a `select!` that is kept in a variable) holds up those
/// behind it once its turn has come, as with tokio's semaphore.
///
/// While there is room it is ready at once. Eight submissions count as one operation in tokio's coop budget.
///
/// # Cancel safety
/// Dropping it means that the task was never accepted; its place in the line, or the place promised to it, goes to the
/// next.
#[must_use = "futures do nothing unless polled"]
pub struct Submit<'a, F, T> {
    lane: &'a Arc<LaneShared>,
    submission: Option<Submission<F, T>>,
    ticket: Option<Ticket>,
    wait: DirectWait,
}

impl<'a, F, T: 'static> Submit<'a, F, T> {
    pub(super) fn new(lane: &'a Arc<LaneShared>, submission: Submission<F, T>) -> Self {
        Self { lane, submission: Some(submission), ticket: None, wait: DirectWait::default() }
    }

    /// The task, unless this has given its result.
    pub(crate) fn task(&self) -> Option<Arc<dyn Join<T>>> {
        let submission = self.submission.as_ref()?;
        Some(Arc::<dyn Submitted<F, T>>::clone(&submission.task))
    }

    /// The task, which somebody else is to offer to the lane. Nobody holds its handle.
    pub(crate) fn into_task(mut self) -> Arc<dyn Task> {
        let Some(Submission { task }) = self.submission.take() else { polled_again() };
        task.detach();
        task
    }

    /// Never waits. Gives the task instead of a handle, as [`poll_accepted`](Self::poll_accepted) does.
    pub(crate) fn try_accepted(&mut self) -> Accepted<F, T> {
        match self.submission.take() {
            Some(submission) => submission.try_accept(),
            None => polled_again(),
        }
    }

    /// The work, if this is still waiting for room.
    pub(crate) fn give_up(&mut self, why: Refused) -> Option<SubmitError<F>> {
        self.leave_line();
        self.wait.end();
        let submission = self.submission.take()?;
        self.lane.count_refusal();
        Some(submission.refused(why))
    }

    /// As polling it, but gives the task itself.
    pub(crate) fn poll_accepted(&mut self, cx: &mut Context<'_>) -> Poll<Accepted<F, T>> {
        self.poll_offered(cx).map_err(|(submission, why)| submission.refused(why))
    }
}

impl<F, T: 'static> Submit<'_, F, T> {
    fn poll_admission(&mut self, submission: &Submission<F, T>, cx: &Context<'_>) -> Poll<Result<(), Refusal>> {
        let task = Arc::<dyn Submitted<F, T>>::clone(&submission.task);
        if let Some(ticket) = self.ticket {
            return self.lane.poll_redeem(task, ticket, cx);
        }
        match self.lane.offer(task) {
            Err(Refusal::Full) => {
                self.ticket = Some(self.lane.line_up(cx));
                Poll::Pending
            }
            admitted => Poll::Ready(admitted),
        }
    }
}

impl<F, T> Submit<'_, F, T> {
    fn leave_line(&mut self) {
        if let Some(ticket) = self.ticket.take()
            && !mutant!("place-in-line-kept")
        {
            self.lane.leave_line(ticket);
        }
    }
}

impl<F, T: 'static> Future for Submit<'_, F, T> {
    type Output = Result<Handle<T>, SubmitError<F>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_accepted(cx).map_ok(|task| Handle::new(task))
    }
}

impl<F, T: 'static> Submit<'_, F, T> {
    /// As polling it, but gives the task itself, also where it was refused.
    fn poll_offered(&mut self, cx: &mut Context<'_>) -> Poll<Offered<F, T>> {
        let this = self;
        let Some(submission) = this.submission.take() else { polled_again() };
        // The turn of others says nothing about room: the submission stays as it is.
        let Poll::Ready(turn) = Turn::poll(cx) else {
            this.submission = Some(submission);
            return Poll::Pending;
        };
        let admitted = loop {
            if let Poll::Ready(admitted) = this.poll_admission(&submission, cx) {
                turn.made_progress();
                break admitted.map_err(|_| Refused::Closed);
            }
            match this.wait.pending(&Target::Room(this.lane), cx) {
                Next::Again => {}
                Next::NoStack => {
                    this.leave_line();
                    break Err(Refused::Stack);
                }
                Next::Wait | Next::Stuck => {
                    this.submission = Some(submission);
                    return Poll::Pending;
                }
            }
        };
        this.ticket = None;
        this.wait.end();
        Poll::Ready(match admitted {
            Ok(()) => Ok(submission.task),
            Err(why) => {
                this.lane.count_refusal();
                Err((submission, why))
            }
        })
    }
}

impl<F, T> Drop for Submit<'_, F, T> {
    fn drop(&mut self) {
        self.leave_line();
    }
}

impl<F, T> fmt::Debug for Submit<'_, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submit").field("lane", &self.lane.name).field("in_line", &self.ticket).finish_non_exhaustive()
    }
}

pin_project_lite::pin_project! {
    /// Waits for room in a lane for a limited time; made by `submit_timeout`. The work comes back when the time is up.
    ///
    /// # Cancel safety
    /// As [`Submit`].
    ///
    /// # Panics
    /// When first polled outside of a tokio runtime with its time driver enabled.
    #[must_use = "futures do nothing unless polled"]
    pub struct SubmitTimeout<'a, F, T> {
        submit: Submit<'a, F, T>,
        limit: Duration,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl<'a, F, T: 'static> SubmitTimeout<'a, F, T> {
    pub(super) fn new(submit: Submit<'a, F, T>, limit: Duration) -> Self {
        Self { submit, limit, sleep: None }
    }
}

impl<F, T: 'static> Future for SubmitTimeout<'_, F, T> {
    type Output = Result<Handle<T>, SubmitError<F>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(submitted) = Pin::new(&mut *this.submit).poll(cx) {
            return Poll::Ready(submitted);
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(tokio::time::sleep(*this.limit)));
        }
        if let Some(sleep) = this.sleep.as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        match this.submit.give_up(Refused::Timeout) {
            Some(refused) => Poll::Ready(Err(refused)),
            None => polled_again(),
        }
    }
}

impl<F, T> fmt::Debug for SubmitTimeout<'_, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitTimeout")
            .field("submit", &self.submit)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// Waits for room and then for the result; made by `run`.
///
/// # Cancel safety
/// Dropping it while it waits for room means that the task was never accepted. Dropping it later cancels the task
/// ([`Reason::Dropped`](crate::Reason::Dropped)), since nobody else holds its handle.
#[must_use = "futures do nothing unless polled"]
pub struct Run<'a, F, T> {
    stage: Stage<'a, F, T>,
}

enum Stage<'a, F, T> {
    Submitting(Submit<'a, F, T>),
    Waiting(Handle<T>),
}

impl<'a, F, T> Run<'a, F, T> {
    pub(super) fn new(submit: Submit<'a, F, T>) -> Self {
        Self { stage: Stage::Submitting(submit) }
    }
}

impl<F, T: 'static> Future for Run<'_, F, T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.stage {
                Stage::Submitting(submit) => match ready!(submit.poll_offered(cx)) {
                    Ok(task) => self.stage = Stage::Waiting(Handle::new(task).cancel_on_drop()),
                    Err((submission, why)) => {
                        // The work goes first, while all that is known of it is there.
                        drop(submission.task.give_back());
                        let header = submission.task.header();
                        let error = if why == Refused::Stack { TaskError::out_of_stack } else { TaskError::refused };
                        return Poll::Ready(Err(error(header)));
                    }
                },
                Stage::Waiting(handle) => return Pin::new(handle).poll(cx),
            }
        }
    }
}

impl<F, T> fmt::Debug for Run<'_, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stage {
            Stage::Submitting(submit) => f.debug_tuple("Run").field(submit).finish(),
            Stage::Waiting(handle) => f.debug_tuple("Run").field(handle).finish(),
        }
    }
}

#[expect(clippy::panic, reason = "what every future does")]
fn polled_again() -> ! {
    panic!("a submission was polled after it gave its result")
}
