//! Owns the user's end of an accepted task. Never holds its body.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use workyard_core::{Reason, TaskState};

use crate::block_on::{block_on, block_on_timeout};
use crate::task::cell::{Join, Task};
use crate::task::error::TaskError;
use crate::task::id::TaskId;
use crate::turns::Turn;
use crate::waits::{DirectWait, Next, Target};

/// An accepted task: a future of its result, and the means to stop it.
///
/// Awaiting it gives what the body returned, or a [`TaskError`] that names the task. Dropping it detaches: the task
/// goes on, its result is dropped, and a failure that nobody saw is counted (an unseen panic is logged as well). Call
/// [`cancel_on_drop`](Self::cancel_on_drop) or [`abort_on_drop`](Self::abort_on_drop) to have the task stopped instead.
///
/// A task may await a task of its own lane, however full that is: a future lends its slot meanwhile, a closure runs what it awaits
/// itself. A circle of such waits gives [`WouldDeadlock`](crate::TaskErrorKind::WouldDeadlock). A handle that was polled inside of a
/// task counts as awaited there until it gives its result, is dropped, or its time is up
/// ([`join_timeout`](Self::join_timeout)); so drop one that lost a `select!` if the two tasks await each other.
///
/// # Cancel safety
/// `(&mut handle).await` may be dropped and repeated: the result is lost only if it was received.
///
/// # Panics
/// As any future, polling it again after it gave the result panics.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let yard = workyard::Scheduler::new();
/// let handle = yard.cpu().submit(|| 6 * 7).await?;
/// assert_eq!(handle.await?, 42);
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[must_use = "dropping a handle detaches its task; await it, or say `drop(handle)`"]
pub struct Handle<T> {
    task: Arc<dyn Join<T>>,
    wait: DirectWait,
}

/// What is done with a task whose handle is dropped before it has given the result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum OnDrop {
    Detach,
    /// Ask the task to stop.
    Cancel,
    /// Stop the task.
    Abort,
}

/// Where a task is: see [`TaskState`].
pub type TaskStatus = TaskState;

impl<T> Handle<T> {
    pub(crate) fn new(task: Arc<dyn Join<T>>) -> Self {
        Self { task, wait: DirectWait::default() }
    }

    /// Has the task [cancelled](Self::cancel) when this handle is dropped before its end: a closure that looks at its context stops, and
    /// what it returns is dropped. As `run` does with its task.
    pub fn cancel_on_drop(self) -> Self {
        self.task.set_on_drop(OnDrop::Cancel);
        self
    }

    /// Has the task aborted when this handle is dropped before its end: a queued task never starts.
    pub fn abort_on_drop(self) -> Self {
        self.task.set_on_drop(OnDrop::Abort);
        self
    }

    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.task.header().id
    }

    /// The name that was given with `task(name)`.
    pub fn name(&self) -> Option<&str> {
        self.task.header().name().map(super::id::Name::as_str)
    }

    /// Where the task is. It may be further by the time you look.
    pub fn status(&self) -> TaskStatus {
        self.task.header().status().unwrap_or(TaskState::Queued)
    }

    /// Whether the task has ended, so that awaiting it returns at once.
    pub fn is_finished(&self) -> bool {
        self.status().is_ended()
    }

    /// Whether the task was asked to stop, by whatever reason. A task that was and returned a value all the same has
    /// completed: a partial result is a result.
    pub fn was_cancelled(&self) -> bool {
        self.task.header().signal.is_asked()
    }

    /// Asks the task to stop. `false` if it had ended.
    ///
    /// - Queued: it never starts, and its place is free at once.
    /// - Between two attempts ([`Retry`](crate::Retry)): likewise.
    /// - Running with a context (`submit_with`, and every closure): the context shows it, and what the body returns is
    ///   the outcome.
    /// - Running as a plain future: dropped at its next await.
    pub fn cancel(&self) -> bool {
        self.task_ref().cancel()
    }

    /// Stops the task. `false` if it had ended.
    ///
    /// - Queued, or between two attempts: as [`cancel`](Self::cancel).
    /// - Running as a future: dropped at its next await, whether it has a context or not.
    /// - Running as a closure, which nothing can stop: the handle is answered at once with
    ///   [`Abandoned`](crate::TaskErrorKind::Abandoned), the body keeps its slot until it returns, and its result is dropped.
    pub fn abort(&self) -> bool {
        self.task_ref().abort()
    }

    /// Waits for the result for at most `limit`; `None` if the task has not ended by then. The handle stays good.
    ///
    /// # Cancel safety
    /// As awaiting the handle: nothing is lost.
    ///
    /// # Panics
    /// Outside of a tokio runtime with its time driver enabled.
    pub async fn join_timeout(&mut self, limit: Duration) -> Option<Result<T, TaskError>> {
        let joined = tokio::time::timeout(limit, &mut *self).await.ok();
        self.wait.end();
        joined
    }

    /// As awaiting the handle, for plain threads and for closures: this thread is blocked until the task has ended. Inside
    /// of a future, await instead: a blocked thread of the runtime lends nothing, and the task may need it.
    ///
    /// Inside of a closure of the task's own lane the thread does not idle: it runs what it waits for.
    ///
    /// # Errors
    /// As awaiting the handle.
    pub fn blocking_join(self) -> Result<T, TaskError> {
        block_on(self)
    }

    /// As [`join_timeout`](Self::join_timeout), for plain threads and for closures.
    ///
    /// Inside of a closure of the task's own lane the thread may run what it waits for, and is then not back before that
    /// has returned.
    pub fn blocking_join_timeout(&mut self, limit: Duration) -> Option<Result<T, TaskError>> {
        let joined = block_on_timeout(pin!(&mut *self), limit);
        self.wait.end();
        joined
    }

    /// A reference that can stop the task and tell its state, without its result.
    pub fn task_ref(&self) -> TaskRef {
        TaskRef::new(self.erased())
    }

    pub(crate) fn erased(&self) -> Arc<dyn Task> {
        Arc::<dyn Join<T>>::clone(&self.task)
    }

    /// The task, for who takes its result in this handle's stead.
    #[track_caller]
    pub(crate) fn join(&mut self) -> Arc<dyn Join<T>> {
        assert!(!self.task.is_taken(), "a handle was to be awaited after it gave its result");
        self.wait.end();
        Arc::clone(&self.task)
    }

    /// Why the result is waited for no more, by a task for which this one waits.
    pub(crate) fn would_deadlock(&self) -> TaskError {
        TaskError::would_deadlock(self.task.header())
    }
}

impl<T> Future for Handle<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let turn = ready!(Turn::poll(cx));
        let result = loop {
            if let Poll::Ready(result) = self.task.poll_join(cx) {
                break result;
            }
            let task = self.erased();
            match self.wait.pending(&Target::Task(&task), cx) {
                Next::Wait => return Poll::Pending,
                Next::Again => {}
                // What it waited for may have come just before the others were looked at.
                Next::Stuck | Next::NoStack => match self.task.poll_join(cx) {
                    Poll::Ready(result) => break result,
                    Poll::Pending => break Err(TaskError::would_deadlock(task.header())),
                },
            }
        };
        turn.made_progress();
        self.wait.end();
        Poll::Ready(result)
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        match self.task.on_drop() {
            // It gave its result.
            None => return,
            Some(OnDrop::Detach) => {}
            Some(OnDrop::Cancel) => {
                self.task.header().lane.cancel(&self.erased(), Reason::Dropped);
            }
            Some(OnDrop::Abort) => {
                self.task.header().lane.abort(&self.erased(), Reason::Dropped);
            }
        }
        self.task.detach();
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = self.task.header();
        f.debug_struct("Handle").field("id", &header.id).field("status", &self.status()).finish_non_exhaustive()
    }
}

/// A task without its result: what stops it and tells its state. Cloning is cheap; dropping does nothing.
#[derive(Clone)]
pub struct TaskRef {
    task: Arc<dyn Task>,
}

impl TaskRef {
    pub(crate) fn new(task: Arc<dyn Task>) -> Self {
        Self { task }
    }

    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.task.header().id
    }

    /// As [`Handle::status`].
    pub fn status(&self) -> TaskStatus {
        self.task.header().status().unwrap_or(TaskState::Queued)
    }

    /// As [`Handle::cancel`].
    pub fn cancel(&self) -> bool {
        self.task.header().lane.cancel(&self.task, Reason::User)
    }

    /// As [`Handle::abort`].
    pub fn abort(&self) -> bool {
        self.task.header().lane.abort(&self.task, Reason::User)
    }
}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskRef").field("id", &self.id()).field("status", &self.status()).finish()
    }
}
