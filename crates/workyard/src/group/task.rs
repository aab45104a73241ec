//! Owns the submission of a task with options into a group. Never owns an option: those are the lanes'.

use std::fmt;
use std::future::Future;

use crate::block_on::block_on;
use crate::group::owner::Group;
use crate::group::submit::GroupSubmit;
use crate::lane::{ClosureTask, Fallible, FutureTask, SubmitError, Value};
use crate::task::{BoxError, TaskContext, TaskRef};

/// A task with options that is about to join a group; made by [`Group::task`].
#[must_use = "a task is submitted by one of the verbs, such as `submit`"]
pub struct GroupTask<'a, T, O> {
    group: &'a Group<T>,
    options: O,
}

impl<'a, T, O> GroupTask<'a, T, O> {
    pub(super) const fn new(group: &'a Group<T>, options: O) -> Self {
        Self { group, options }
    }
}

impl<T, O: fmt::Debug> fmt::Debug for GroupTask<'_, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupTask").field("options", &self.options).finish_non_exhaustive()
    }
}

/// The verbs, which are the same for each kind of work.
macro_rules! group_verbs {
    (
        $options:ty,
        work: [$($generic:ident),+] where [$($bounds:tt)+],
        with: $with:ident in [$($with_generic:ident),+] where [$($with_bounds:tt)+]
    ) => {
        impl<'a, T: Send + 'static> GroupTask<'a, T, $options> {
            /// Submits `work` as a member of the group and waits for room.
            ///
            /// # Errors
            /// The work comes back if the lane is closed or the group was cancelled.
            ///
            /// # Cancel safety
            /// Dropping the future means that the task was never accepted.
            #[track_caller]
            pub fn submit<$($generic),+>(self, work: F) -> GroupSubmit<'a, F, T>
            where
                $($bounds)+
            {
                self.group.join(self.options.submit(work))
            }

            /// As [`submit`](Self::submit), for work that wants to see its own task, above all whether it was asked to stop.
            ///
            /// # Errors
            /// As [`submit`](Self::submit).
            ///
            /// # Cancel safety
            /// As [`submit`](Self::submit).
            #[track_caller]
            pub fn submit_with<$($with_generic),+>(self, work: $with) -> GroupSubmit<'a, $with, T>
            where
                $($with_bounds)+
            {
                self.group.join(self.options.submit_with(work))
            }

            /// Submits `work` if there is room now. Never waits.
            ///
            /// # Errors
            /// The work comes back if the lane is full or closed, or the group was cancelled.
            #[track_caller]
            pub fn try_submit<$($generic),+>(self, work: F) -> Result<TaskRef, SubmitError<F>>
            where
                $($bounds)+
            {
                self.submit(work).try_now()
            }

            /// As [`submit`](Self::submit), for plain threads and for closures: this thread is blocked until there is room. Inside of a future,
            /// await instead: the thread that is blocked may be the very one that makes room.
            ///
            /// # Errors
            /// As [`submit`](Self::submit).
            #[track_caller]
            pub fn blocking_submit<$($generic),+>(self, work: F) -> Result<TaskRef, SubmitError<F>>
            where
                $($bounds)+
            {
                block_on(self.submit(work))
            }
        }
    };
}

group_verbs! {
    FutureTask<'a, Value>,
    work: [F] where [F: Future<Output = T> + Send + 'static],
    with: C in [C, F] where [C: FnOnce(TaskContext) -> F + Send + 'static, F: Future<Output = T> + Send + 'static]
}

group_verbs! {
    ClosureTask<'a, Value>,
    work: [F] where [F: FnOnce() -> T + Send + 'static],
    with: F in [F] where [F: FnOnce(TaskContext) -> T + Send + 'static]
}

group_verbs! {
    FutureTask<'a, Fallible>,
    work: [F, E] where [F: Future<Output = Result<T, E>> + Send + 'static, E: Into<BoxError> + 'static],
    with: C in [C, F, E] where [
        C: FnOnce(TaskContext) -> F + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<BoxError> + 'static
    ]
}

group_verbs! {
    ClosureTask<'a, Fallible>,
    work: [F, E] where [F: FnOnce() -> Result<T, E> + Send + 'static, E: Into<BoxError> + 'static],
    with: F in [F, E] where [F: FnOnce(TaskContext) -> Result<T, E> + Send + 'static, E: Into<BoxError> + 'static]
}
