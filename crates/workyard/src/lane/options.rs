//! Owns what a submission may say of its task: name, priority, time limits, token, and whether an `Err` is a failure.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use workyard_core::Priority;

use crate::block_on::block_on;
use crate::lane::LaneShared;
use crate::lane::attempts::{Closures, Futures};
use crate::lane::closure::Closure;
use crate::lane::io::Promise;
use crate::lane::methods::{closure_verbs, future_verbs, submission_verbs};
use crate::lane::submit::{Run, Submission, Submit, SubmitTimeout};
use crate::lane::submit_error::SubmitError;
use crate::retry::Retry;
use crate::task::header::Options;
use crate::task::{BoxError, Handle, Name, TaskContext, TaskEnded, TaskError};

/// The task's result is what the body returns, also if that is a `Result`.
#[derive(Clone, Copy, Debug)]
pub struct Value;

/// The body returns a `Result`, whose `Err` makes the task a failed one.
#[derive(Clone, Copy, Debug)]
pub struct Fallible;

/// The body is a function that returns a `Result` and is called for each attempt; the task is a failed one if there is no further one.
#[derive(Clone, Copy, Debug)]
pub struct Retried;

macro_rules! task_options {
    ($(#[$doc:meta])* $task:ident) => {
        $(#[$doc])*
        #[must_use = "a task is submitted by one of the verbs, such as `submit`"]
        pub struct $task<'a, R = Value> {
            lane: &'a Arc<LaneShared>,
            options: Options,
            returns: PhantomData<R>,
        }

        impl<'a> $task<'a> {
            #[track_caller]
            pub(super) fn new(lane: &'a Arc<LaneShared>, name: Cow<'static, str>) -> Self {
                let options = Options::here().named(Some(Name::new(name)));
                Self { lane, options, returns: PhantomData }
            }

            /// Makes an `Err` of the body the task's outcome: *failed*. The handle then gives the value itself, so
            /// `handle.await??` becomes `handle.await?`, and the error is the [`TaskError`]'s source.
            pub fn fallible(self) -> $task<'a, Fallible> {
                let Self { lane, options, .. } = self;
                $task { lane, options, returns: PhantomData }
            }
        }

        impl<'a, R> $task<'a, R> {
            /// A task of which all is said already, by a timer.
            pub(crate) fn described(lane: &'a Arc<LaneShared>, options: Options) -> Self {
                Self { lane, options, returns: PhantomData }
            }

            /// Has the task be tried again, as the policy says; an `Err` of the last attempt makes it a failed one, as with
            /// [`fallible`](Self::fallible). What is then submitted is a function, which is called for each attempt.
            ///
            /// [`timeout`](Self::timeout) and [`queue_timeout`](Self::queue_timeout) hold for each attempt and end the task;
            /// [`deadline`](Self::deadline) holds for all of them together.
            pub fn retry(self, policy: Retry) -> $task<'a, Retried> {
                let Self { lane, mut options, .. } = self;
                options.retry(policy);
                $task { lane, options, returns: PhantomData }
            }

            /// How urgent the task is, on a lane whose order is by priority.
            pub fn priority(mut self, priority: Priority) -> Self {
                self.options.priority = priority;
                self
            }

            /// How long the body may run, from its start. Zero means that it is stopped before its first step;
            /// [`Duration::MAX`] means no limit.
            pub fn timeout(mut self, timeout: Duration) -> Self {
                self.options.rare().limits().timeout = Some(timeout);
                self
            }

            /// How long the task may wait for a slot, from acceptance.
            pub fn queue_timeout(mut self, timeout: Duration) -> Self {
                self.options.rare().limits().queue_timeout = Some(timeout);
                self
            }

            /// When the task must have ended, whether it waits or runs.
            pub fn deadline(mut self, deadline: impl Into<Instant>) -> Self {
                self.options.rare().limits().deadline = Some(deadline.into());
                self
            }

            /// Cancels the task when `token` is cancelled, wherever the task is then.
            pub fn token(mut self, token: CancellationToken) -> Self {
                self.options.rare().limits().token = Some(token);
                self
            }

            /// Has `callback` called once when the task has ended, whatever its outcome: completed, failed, panicked, cancelled
            /// before or after it started, timed out, abandoned. Python's `Future.add_done_callback`. Each call of this adds one;
            /// they are called in that order. A task that is never accepted calls none.
            ///
            /// It is called apart from the task: the handle is answered and the lane goes on, however long the callback takes.
            /// The callbacks of a yard are called one after the other, in the order in which the tasks ended, on a blocking
            /// thread of the yard's runtime; so let them be short, and submit a task for what is not. What waits to be called
            /// is bounded by nothing but the number of tasks that have ended. If the runtime has no more threads, since it
            /// shuts down, they are called by the thread that ends the task or the runtime, where a callback should take no
            /// lock that this thread may hold.
            ///
            /// A callback that panics is logged as an error and counted among the [`unobserved_failures`] of the lane; the
            /// others are called all the same.
            ///
            /// [`Shutdown`](crate::Shutdown) waits for callbacks as it does for tasks, and its report counts those that have
            /// not returned. Dropping the last [`Scheduler`](crate::Scheduler) or the runtime waits for none of those that
            /// have not begun, but they are called if the process goes on.
            ///
            /// [`unobserved_failures`]: crate::LaneSnapshot::unobserved_failures
            ///
            /// # Examples
            /// ```
            /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            /// use std::sync::mpsc;
            /// use std::time::Duration;
            /// use workyard::{Outcome, Scheduler};
            ///
            /// let yard = Scheduler::new();
            /// let (tell, told) = mpsc::channel();
            /// let tell_too = tell.clone();
            /// let fetch = yard.io().task("fetch").on_done(move |ended| drop(tell.send(ended.outcome())));
            /// fetch.run(async { "a page" }).await?;
            /// let parse = yard.cpu().task("parse").timeout(Duration::ZERO);
            /// let parse = parse.on_done(move |ended| drop(tell_too.send(ended.outcome())));
            /// assert!(parse.run(|| "a tree").await.unwrap_err().is_timeout());
            /// assert!(yard.shutdown().await.balances());
            /// assert_eq!(told.try_iter().collect::<Vec<_>>(), [Outcome::Completed, Outcome::TimedOut]);
            /// # Ok::<_, workyard::BoxError>(()) })?;
            /// # Ok::<_, workyard::BoxError>(())
            /// ```
            pub fn on_done(mut self, callback: impl FnOnce(&TaskEnded) + Send + 'static) -> Self {
                self.options.rare().on_done.add(callback);
                self
            }

            fn begin(self) -> (&'a Arc<LaneShared>, Options) {
                (self.lane, self.options)
            }
        }

        impl<R> fmt::Debug for $task<'_, R> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($task)).field("lane", &self.lane.name).finish_non_exhaustive()
            }
        }
    };
}

task_options! {
    /// A future about to be submitted to an io lane, made by [`IoLane::task`](crate::IoLane::task).
    FutureTask
}

task_options! {
    /// A closure about to be submitted to a cpu or blocking lane, made by their `task`.
    ClosureTask
}

impl<'a> FutureTask<'a, Value> {
    future_verbs!([self] self 'a);
}

impl<'a> ClosureTask<'a, Value> {
    closure_verbs!([self] self 'a);
}

impl<'a> FutureTask<'a, Fallible> {
    submission_verbs! {
        on: [self] self 'a,
        work: [F, T, E] where [
            F: Future<Output = Result<T, E>> + Send + 'static, T: Send + 'static, E: Into<BoxError> + 'static
        ],
        with: C in [C, F, T, E] where [
            C: FnOnce(TaskContext) -> F + Send + 'static,
            F: Future<Output = Result<T, E>> + Send + 'static, T: Send + 'static, E: Into<BoxError> + 'static
        ],
        gives: T, by: Promise::fallible, Promise::fallible_with_context, has_context: false
    }
}

impl<'a> ClosureTask<'a, Fallible> {
    submission_verbs! {
        on: [self] self 'a,
        work: [F, T, E] where [
            F: FnOnce() -> Result<T, E> + Send + 'static, T: Send + 'static, E: Into<BoxError> + 'static
        ],
        with: F in [F, T, E] where [
            F: FnOnce(TaskContext) -> Result<T, E> + Send + 'static, T: Send + 'static, E: Into<BoxError> + 'static
        ],
        gives: T, by: Closure::fallible, Closure::fallible_with_context, has_context: true
    }
}

impl<'a> FutureTask<'a, Retried> {
    submission_verbs! {
        on: [self] self 'a,
        work: [F, Fut, T, E] where [
            F: FnMut() -> Fut + Send + 'static,
            Fut: Future<Output = Result<T, E>> + Send + 'static, T: Send + 'static, E: Into<BoxError> + 'static
        ],
        with: F in [F, Fut, T, E] where [
            F: FnMut(TaskContext) -> Fut + Send + 'static,
            Fut: Future<Output = Result<T, E>> + Send + 'static, T: Send + 'static, E: Into<BoxError> + 'static
        ],
        gives: T, by: Futures::plain, Futures::with_context, has_context: false
    }
}

impl<'a> ClosureTask<'a, Retried> {
    submission_verbs! {
        on: [self] self 'a,
        work: [F, T, E] where [
            F: FnMut() -> Result<T, E> + Send + 'static, T: Send + 'static, E: Into<BoxError> + 'static
        ],
        with: F in [F, T, E] where [
            F: FnMut(TaskContext) -> Result<T, E> + Send + 'static, T: Send + 'static, E: Into<BoxError> + 'static
        ],
        gives: T, by: Closures::plain, Closures::with_context, has_context: true
    }
}
