//! Owns what a map does with each input, as it was given: by a crew of runners, or by a task for each. Never runs it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::map::builder::Make;
use crate::map::closures::Closures;
use crate::map::exchange::{Exchange, Recruit};
use crate::map::futures::{Concluded, Futures};
use crate::map::station::{Sweep, Swept};
use crate::task::BoxError;

/// What is done with each input.
pub(super) trait Each<I, T>: Send + Sync {
    /// Makes the crew, once it is known what it works on, and how many items are in flight at most.
    fn crew(self: Box<Self>, exchange: &Arc<Exchange<I, T>>, most_in_flight: usize) -> Crew;

    /// The function alone, for who calls it in tasks.
    fn function(self: Box<Self>) -> Function<I, T>;
}

/// Who works for a map.
pub(super) struct Crew {
    /// Makes a further runner.
    pub(super) recruit: Recruit,
    /// Answers closures whose time is up; futures are dropped by their runners.
    pub(super) sweep: Option<Sweep>,
}

/// The function of a map.
pub(super) enum Function<I, T> {
    OfFutures(Arc<dyn Fn(I) -> BoxedFuture<T> + Send + Sync>),
    OfValues(Arc<dyn Fn(I) -> Result<T, BoxError> + Send + Sync>),
}

pub(super) type BoxedFuture<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// A map of closures.
pub(super) fn closures<I, T, F, R>(function: F, conclude: fn(R) -> Result<T, BoxError>) -> Make<I, T>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> R + Send + Sync + 'static,
    R: 'static,
{
    Box::new(EachClosure { function, conclude })
}

/// A map of futures.
pub(super) fn futures<I, T, F, Fut, C>(function: F, conclude: C) -> Make<I, T>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'static,
    C: Fn(Fut::Output) -> Result<T, BoxError> + Copy + Send + Sync + 'static,
{
    Box::new(EachFuture { function, conclude })
}

struct EachClosure<F, R, T> {
    function: F,
    conclude: fn(R) -> Result<T, BoxError>,
}

impl<I, T, F, R> Each<I, T> for EachClosure<F, R, T>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> R + Send + Sync + 'static,
    R: 'static,
{
    fn crew(self: Box<Self>, exchange: &Arc<Exchange<I, T>>, _: usize) -> Crew {
        let map = Arc::new(Closures::new(Arc::clone(exchange), self.function, self.conclude));
        // Weak, since the exchange keeps what recruits.
        let swept = Arc::downgrade(&map);
        let nothing = Swept { answered: false, inputs_left: false, next: None };
        Crew {
            recruit: Arc::new(move || map.runner()),
            sweep: Some(Box::new(move |timeout, now| swept.upgrade().map_or(nothing, |map| map.sweep(timeout, now)))),
        }
    }

    fn function(self: Box<Self>) -> Function<I, T> {
        let Self { function, conclude } = *self;
        Function::OfValues(Arc::new(move |input| conclude(function(input))))
    }
}

struct EachFuture<F, C> {
    function: F,
    conclude: C,
}

impl<I, T, F, Fut, C> Each<I, T> for EachFuture<F, C>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'static,
    C: Fn(Fut::Output) -> Result<T, BoxError> + Copy + Send + Sync + 'static,
{
    fn crew(self: Box<Self>, exchange: &Arc<Exchange<I, T>>, most_in_flight: usize) -> Crew {
        let Self { function, conclude } = *self;
        let function = move |input| Concluded::new(function(input), conclude);
        let map = Arc::new(Futures::new(Arc::clone(exchange), function, most_in_flight));
        Crew { recruit: Arc::new(move || map.runner()), sweep: None }
    }

    fn function(self: Box<Self>) -> Function<I, T> {
        let Self { function, conclude } = *self;
        Function::OfFutures(Arc::new(move |input| {
            let future = function(input);
            Box::pin(async move { conclude(future.await) })
        }))
    }
}
