//! Owns how a closure becomes the body of a task, on the cpu and blocking lanes. Never knows which of the two.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use workyard_core::Outcome;

use crate::lane::ways::{Fallible, FallibleWithContext, Plain, WithContext};
use crate::observe::at_work;
use crate::task::cell::{Cell, Task, Work};
use crate::task::{BoxError, TaskContext, TaskError, catch, current};

/// A closure, and what calling it means.
pub(super) struct Closure<F, C> {
    given: F,
    call: PhantomData<fn() -> C>,
}

/// How a closure that is given in this way is called, and what it returns means.
pub(super) trait Call<F>: 'static {
    type Output: Send + 'static;

    fn call(given: F, task: &Arc<dyn Task>) -> Result<Self::Output, BoxError>;
}

impl<F: FnOnce() -> T, T: Send + 'static> Call<F> for Plain {
    type Output = T;

    fn call(given: F, _: &Arc<dyn Task>) -> Result<T, BoxError> {
        Ok(given())
    }
}

impl<F: FnOnce(TaskContext) -> T, T: Send + 'static> Call<F> for WithContext {
    type Output = T;

    fn call(given: F, task: &Arc<dyn Task>) -> Result<T, BoxError> {
        Ok(given(TaskContext::new(Arc::clone(task))))
    }
}

impl<F: FnOnce() -> Result<T, E>, T: Send + 'static, E: Into<BoxError>> Call<F> for Fallible {
    type Output = T;

    fn call(given: F, _: &Arc<dyn Task>) -> Result<T, BoxError> {
        given().map_err(Into::into)
    }
}

impl<F: FnOnce(TaskContext) -> Result<T, E>, T: Send + 'static, E: Into<BoxError>> Call<F> for FallibleWithContext {
    type Output = T;

    fn call(given: F, task: &Arc<dyn Task>) -> Result<T, BoxError> {
        given(TaskContext::new(Arc::clone(task))).map_err(Into::into)
    }
}

impl<F, C> Closure<F, C> {
    const fn new(given: F) -> Self {
        Self { given, call: PhantomData }
    }
}

impl<F> Closure<F, Plain> {
    pub(super) const fn plain(given: F) -> Self {
        Self::new(given)
    }
}

impl<F> Closure<F, WithContext> {
    pub(super) const fn with_context(given: F) -> Self {
        Self::new(given)
    }
}

impl<F> Closure<F, Fallible> {
    pub(super) const fn fallible(given: F) -> Self {
        Self::new(given)
    }
}

impl<F> Closure<F, FallibleWithContext> {
    pub(super) const fn fallible_with_context(given: F) -> Self {
        Self::new(given)
    }
}

impl<F: Send + 'static, C: Call<F>> Work for Closure<F, C> {
    type Given = F;
    type Output = C::Output;
    type Begun = Infallible;
    type WakeBody = ();

    fn into_given(self) -> F {
        self.given
    }

    fn begin(self, _: &Arc<dyn Task>) -> Infallible {
        unreachable!("a closure is called, not polled")
    }

    fn poll_begun(begun: Pin<&mut Infallible>, _: &mut Context<'_>) -> Poll<Result<C::Output, BoxError>> {
        match *begun {}
    }

    fn start(_: Arc<Cell<Self>>) {
        unreachable!("a closure is called by a worker, not spawned")
    }

    fn run(cell: &Cell<Self>, me: &Arc<dyn Task>) -> Option<Outcome> {
        let given = cell.take_work()?.given;
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
            header.span().within(|| catch(|| C::call(given, me)))
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

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    /// With 32 bytes of its own. There may be millions of them, each with the counts of an `Arc`, a handle, and an entry in its lane.
    #[test]
    fn the_cell_of_a_closure_is_small() {
        fn size<F: FnOnce() -> u64 + Send + 'static>(_: F) -> usize {
            size_of::<Cell<Closure<F, Plain>>>()
        }
        let own = [0_u64; 4];
        assert_eq!(size(move || own.iter().sum()), 120);
    }
}
