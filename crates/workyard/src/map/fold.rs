//! Owns what is made of the results of a map without keeping them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use workyard_core::Reason;

use crate::block_on::block_on;
use crate::map::builder::MapConsumer;
use crate::map::collect::{Looks, poll_each};
use crate::map::error::MapError;

macro_rules! reduction {
    ($name:ident [$($generic:ident),*] where [$($bounds:tt)*] gives $output:ty) => {
        impl<It: Iterator, T, $($generic),*> Unpin for $name<It, T, $($generic),*> {}

        impl<It: Iterator, T, $($generic),*> $name<It, T, $($generic),*>
        where
            $($bounds)*
        {
            /// As awaiting it, for plain threads and for closures: this thread is blocked until the end.
            ///
            /// # Errors
            /// As awaiting it.
            pub fn blocking_join(self) -> Result<$output, MapError<It::Item>> {
                block_on(self)
            }
        }

        impl<It: Iterator, T, $($generic),*> Future for $name<It, T, $($generic),*>
        where
            $($bounds)*
        {
            type Output = Result<$output, MapError<It::Item>>;

            fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let this = &mut *self;
                let Self { consumer, .. } = this;
                let (mut state, each) = (&mut this.state, Self::each);
                let ended = ready!(poll_each(consumer, cx, Self::LOOKS, |_, result| {
                    result.map(|value| each(&mut state, value)).err()
                }));
                match ended {
                    Some(error) => {
                        this.consumer.stop(Reason::Group);
                        Poll::Ready(Err(error))
                    }
                    None => Poll::Ready(Ok(Self::end(&mut this.state))),
                }
            }
        }

        impl<It: Iterator, T, $($generic),*> fmt::Debug for $name<It, T, $($generic),*> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("consumer", &self.consumer).finish_non_exhaustive()
            }
        }
    };
}

/// Folds the results of a map; made by [`Map::fold`](crate::Map::fold).
///
/// # Cancel safety
/// Dropping it cancels what is left, as [`Map`](crate::Map) says.
#[must_use = "futures do nothing unless polled"]
pub struct Fold<It: Iterator, T, A, G> {
    consumer: MapConsumer<It, T>,
    state: (Option<A>, G),
}

impl<It: Iterator, T, A, G: FnMut(A, T) -> A> Fold<It, T, A, G> {
    const LOOKS: Looks = Looks::Seldom;

    pub(super) fn new(consumer: MapConsumer<It, T>, init: A, fold: G) -> Self {
        Self { consumer, state: (Some(init), fold) }
    }

    fn each((so_far, fold): &mut (Option<A>, G), value: T) {
        *so_far = so_far.take().map(|so_far| fold(so_far, value));
    }

    #[expect(clippy::expect_used, reason = "it is gone only if the fold panicked or this was polled after its end")]
    fn end((so_far, _): &mut (Option<A>, G)) -> A {
        so_far.take().expect("a fold was polled after it gave its result")
    }
}

reduction!(Fold[A, G] where [G: FnMut(A, T) -> A] gives A);

/// Adds the results of a map up; made by [`Map::sum`](crate::Map::sum).
///
/// # Cancel safety
/// Dropping it cancels what is left, as [`Map`](crate::Map) says.
#[must_use = "futures do nothing unless polled"]
pub struct Sum<It: Iterator, T, S> {
    consumer: MapConsumer<It, T>,
    state: Option<S>,
}

impl<It: Iterator, T, S: std::iter::Sum<T> + std::iter::Sum<S>> Sum<It, T, S> {
    const LOOKS: Looks = Looks::Seldom;

    pub(super) fn new(consumer: MapConsumer<It, T>) -> Self {
        Self { consumer, state: None }
    }

    fn each(so_far: &mut Option<S>, value: T) {
        let value = std::iter::once(value).sum();
        *so_far = Some(match so_far.take() {
            None => value,
            Some(so_far) => [so_far, value].into_iter().sum(),
        });
    }

    fn end(so_far: &mut Option<S>) -> S {
        so_far.take().unwrap_or_else(|| std::iter::empty::<T>().sum())
    }
}

reduction!(Sum[S] where [S: std::iter::Sum<T> + std::iter::Sum<S>] gives S);

/// Calls a function with each result of a map; made by [`Map::for_each`](crate::Map::for_each).
///
/// # Cancel safety
/// Dropping it cancels what is left, as [`Map`](crate::Map) says.
#[must_use = "futures do nothing unless polled"]
pub struct ForEach<It: Iterator, T, G> {
    consumer: MapConsumer<It, T>,
    state: G,
}

impl<It: Iterator, T, G: FnMut(T)> ForEach<It, T, G> {
    const LOOKS: Looks = Looks::AtOnce;

    pub(super) fn new(consumer: MapConsumer<It, T>, each: G) -> Self {
        Self { consumer, state: each }
    }

    fn each(each: &mut G, value: T) {
        each(value);
    }

    const fn end(_: &mut G) {}
}

reduction!(ForEach[G] where [G: FnMut(T)] gives ());
