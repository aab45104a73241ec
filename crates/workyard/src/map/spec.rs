//! Owns what a map was told before it began, for the consumer and the runners alike. Never changes afterwards.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use workyard_core::{Outcome, Priority, Reason};

use crate::map::error::{Case, MapError, More};
use crate::task::{BoxError, Name, Origin, TaskError, TaskErrorKind, catch};

/// Copies an input.
pub(super) type Keep<I> = fn(&I) -> I;

/// Says in words what an input is.
pub(super) type Describe<I> = Arc<dyn Fn(&I) -> String + Send + Sync>;

/// What an item came to.
pub(super) type Settled<I, T> = Result<T, MapError<I>>;

/// An input, and which it is.
pub(super) type Input<I> = (u64, I);

/// What the function of an item returned. `Err` is the payload of its panic.
pub(super) type Returned<T> = Result<Result<T, BoxError>, Box<dyn Any + Send>>;

/// What an item came to, and which it was.
pub(super) type Numbered<I, T> = (u64, Settled<I, T>);

/// What a map was told before it began.
pub(super) struct Spec<I> {
    pub(super) origin: Origin,
    pub(super) priority: Priority,
    pub(super) keep: Option<Keep<I>>,
    pub(super) describe: Option<Describe<I>>,
    /// For each item, from its start.
    pub(super) timeout: Option<Duration>,
    /// The first failure ends the map.
    pub(super) fail_fast: bool,
}

impl<I> Spec<I> {
    /// What is known of an item, for the error that it may become. `Err` is a panic of the user's code.
    #[inline]
    pub(super) fn case(&self, index: u64, input: &I) -> Result<Case<I>, MapError<I>> {
        if self.keep.is_none() && self.describe.is_none() {
            return Ok(Case::bare(index));
        }
        let case = || {
            let text = self.describe.as_ref().map(|describe| describe(input));
            let input = self.keep.map(|keep| keep(input));
            Case { index, more: Some(Box::new(More { text, input })) }
        };
        catch(case).map_err(|payload| {
            let error = self.error(TaskErrorKind::Panicked, None).with_panic(payload);
            MapError::never_ran(Case::bare(index), error)
        })
    }

    /// What became of an item whose function was called. Gives the case back if it became no error.
    #[inline]
    pub(super) fn conclude<T>(
        &self,
        case: Case<I>,
        returned: Returned<T>,
    ) -> (Settled<I, T>, Outcome, Option<Case<I>>) {
        let (error, how) = match returned {
            Ok(Ok(value)) => return (Ok(value), Outcome::Completed, Some(case)),
            Ok(Err(error)) => (self.error(TaskErrorKind::Failed, None).with_source(error), Outcome::Failed),
            Err(payload) => (self.error(TaskErrorKind::Panicked, None).with_panic(payload), Outcome::Panicked),
        };
        (Err(MapError::ran(case, error)), how, None)
    }

    /// An item that ran was stopped.
    pub(super) fn stopped(&self, case: Case<I>, how: Outcome, reason: Reason) -> MapError<I> {
        let kind = match how {
            Outcome::Abandoned => TaskErrorKind::Abandoned,
            Outcome::TimedOut => TaskErrorKind::TimedOut,
            _ => TaskErrorKind::Cancelled,
        };
        MapError::ran(case, self.error(kind, Some(reason)))
    }

    /// An item that never ran, and will not.
    pub(super) fn never_ran(&self, index: u64, input: &I, reason: Reason) -> MapError<I> {
        let kind =
            if reason.outcome() == Outcome::TimedOut { TaskErrorKind::TimedOut } else { TaskErrorKind::Cancelled };
        MapError::never_ran(self.whole_case(index, input), self.error(kind, Some(reason)))
    }

    /// The lane takes nothing in any more.
    pub(super) fn refused(&self, index: u64, input: &I) -> MapError<I> {
        MapError::never_ran(self.whole_case(index, input), self.error(TaskErrorKind::Refused, None))
    }

    /// Nothing that the item needs can come.
    pub(super) fn would_deadlock(&self, index: u64, input: &I) -> MapError<I> {
        MapError::never_ran(self.whole_case(index, input), self.error(TaskErrorKind::WouldDeadlock, None))
    }

    pub(super) fn error(&self, kind: TaskErrorKind, reason: Option<Reason>) -> TaskError {
        TaskError::about_item(&self.origin, kind, reason)
    }

    pub(super) fn name(&self) -> Option<&Name> {
        self.origin.name.as_ref()
    }

    /// The case of an item that still has its input.
    fn whole_case(&self, index: u64, input: &I) -> Case<I> {
        self.case(index, input).unwrap_or_else(|_| Case::bare(index))
    }
}
