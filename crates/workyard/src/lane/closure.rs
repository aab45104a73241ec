//! Owns how a closure becomes the body of a task, on the cpu and blocking lanes. Never knows which of the two.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use workyard_core::Outcome;

use crate::observe::at_work;
use crate::task::cell::{Cell, Task, Work};
use crate::task::{BoxError, TaskContext, TaskError, catch, current};

/// A closure, and what calling it means: whether it wants a context, and whether its `Err` is a failure.
pub(super) struct Closure<F, T> {
    given: F,
    call: fn(F, &Arc<dyn Task>) -> Result<T, BoxError>,
}

impl<F, T> Closure<F, T> {
    pub(super) fn plain(given: F) -> Self
    where
        F: FnOnce() -> T,
    {
        Self { given, call: |given, _| Ok(given()) }
    }

    pub(super) fn with_context(given: F) -> Self
    where
        F: FnOnce(TaskContext) -> T,
    {
        Self { given, call: |given, task| Ok(given(TaskContext::new(Arc::clone(task)))) }
    }

    pub(super) fn fallible<E: Into<BoxError>>(given: F) -> Self
    where
        F: FnOnce() -> Result<T, E>,
    {
        Self { given, call: |given, _| given().map_err(Into::into) }
    }

    pub(super) fn fallible_with_context<E: Into<BoxError>>(given: F) -> Self
    where
        F: FnOnce(TaskContext) -> Result<T, E>,
    {
        Self { given, call: |given, task| given(TaskContext::new(Arc::clone(task))).map_err(Into::into) }
    }
}

impl<F: Send + 'static, T: Send + 'static> Work for Closure<F, T> {
    type Given = F;
    type Output = T;
    type Begun = Infallible;

    fn into_given(self) -> F {
        self.given
    }

    fn begin(self, _: &Arc<dyn Task>) -> Infallible {
        unreachable!("a closure is called, not polled")
    }

    fn poll_begun(begun: Pin<&mut Infallible>, _: &mut Context<'_>) -> Poll<Result<T, BoxError>> {
        match *begun {}
    }

    fn start(_: Arc<Cell<Self>>) {
        unreachable!("a closure is called by a worker, not spawned")
    }

    fn run(cell: &Cell<Self>, me: &Arc<dyn Task>) -> Option<Outcome> {
        let Self { given, call } = cell.take_work()?;
        let header = cell.header();
        if let Some(reason) = header.over_before_start() {
            header.signal.stop(reason);
            header.span().within(|| cell.drop_value(given));
            cell.stash(Err(TaskError::stopped(header, reason)));
            return Some(reason.outcome());
        }
        header.lane.yard.timers.set(me, &header.lane.yard.runtime);
        let returned = {
            let _in_body = (current::enter(Arc::clone(me)), at_work(header));
            header.span().within(|| catch(|| call(given, me)))
        };
        let (result, how) = match returned {
            Ok(Ok(value)) => (Ok(value), Outcome::Completed),
            Ok(Err(error)) => (Err(TaskError::failed(header, error)), Outcome::Failed),
            Err(payload) => (Err(TaskError::panicked(header, payload)), Outcome::Panicked),
        };
        cell.stash(result);
        Some(how)
    }
}
