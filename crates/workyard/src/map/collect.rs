//! Owns what waits for all results of a map at once.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use workyard_core::Reason;

use crate::block_on::block_on;
use crate::map::builder::MapConsumer;
use crate::map::error::MapError;
use crate::map::spec::Settled;

/// How many results are taken before others have their turn.
const AT_ONCE: usize = 4_096;

/// For how many results room is made before any is there: a map may have many more inputs than it will ever have results.
const FORESEEN: usize = 1 << 16;

/// All values of a map in the order of the inputs, or its first failure; made by awaiting a [`Map`](crate::Map).
///
/// # Cancel safety
/// Dropping it cancels what is left, as [`Map`](crate::Map) says.
#[must_use = "futures do nothing unless polled"]
pub struct MapFuture<It: Iterator, T> {
    consumer: MapConsumer<It, T>,
    values: Vec<T>,
}

impl<It: Iterator, T> Unpin for MapFuture<It, T> {}

impl<It: Iterator, T> MapFuture<It, T> {
    pub(super) fn new(consumer: MapConsumer<It, T>) -> Self {
        let known = consumer.size_hint().1.unwrap_or(0);
        Self { consumer, values: Vec::with_capacity(known.min(FORESEEN)) }
    }
}

impl<It: Iterator, T> Future for MapFuture<It, T> {
    type Output = Result<Vec<T>, MapError<It::Item>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let values = &mut this.values;
        let ended = ready!(poll_each(&mut this.consumer, cx, Looks::Seldom, |_, result| {
            result.map(|value| values.push(value)).err()
        }));
        if ended.is_some() {
            this.consumer.stop(Reason::Group);
        }
        Poll::Ready(ended.map_or_else(|| Ok(std::mem::take(&mut this.values)), Err))
    }
}

impl<It: Iterator, T> fmt::Debug for MapFuture<It, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapFuture").field("consumer", &self.consumer).finish_non_exhaustive()
    }
}

/// What became of each item of a map, in the order of the inputs; made by [`Map::settle`](crate::Map::settle).
///
/// # Cancel safety
/// Dropping it cancels what is left, as [`Map`](crate::Map) says.
#[must_use = "futures do nothing unless polled"]
pub struct Settle<It: Iterator, T> {
    consumer: MapConsumer<It, T>,
    settled: Vec<Settled<It::Item, T>>,
    failures: usize,
    stop_after: Option<usize>,
}

impl<It: Iterator, T> Unpin for Settle<It, T> {}

impl<It: Iterator, T> Settle<It, T> {
    pub(super) fn new(consumer: MapConsumer<It, T>) -> Self {
        let known = consumer.size_hint().1.unwrap_or(0);
        Self { consumer, settled: Vec::with_capacity(known.min(FORESEEN)), failures: 0, stop_after: None }
    }

    /// Stops after so many failures (0 counts as 1): no further inputs are pulled, and what was pulled and did not begin is
    /// cancelled; each of those has its outcome in the result as well. Failures are counted in the order of the inputs.
    pub fn stop_after(mut self, failures: usize) -> Self {
        self.stop_after = Some(failures.max(1));
        self
    }

    /// As awaiting it, for plain threads and for closures: this thread is blocked until the end.
    pub fn blocking_join(self) -> Vec<Result<T, MapError<It::Item>>> {
        block_on(self)
    }
}

impl<It: Iterator, T> Future for Settle<It, T> {
    type Output = Vec<Result<T, MapError<It::Item>>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (settled, failures) = (&mut this.settled, &mut this.failures);
        let looks = if this.stop_after.is_some() { Looks::AtOnce } else { Looks::Seldom };
        let _none: Option<()> = ready!(poll_each(&mut this.consumer, cx, looks, |consumer, result| {
            *failures += usize::from(result.is_err());
            let is_enough = this.stop_after == Some(*failures) && result.is_err();
            settled.push(result);
            if is_enough {
                consumer.stop(Reason::Group);
            }
            None
        }));
        Poll::Ready(std::mem::take(&mut this.settled))
    }
}

impl<It: Iterator, T> fmt::Debug for Settle<It, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settle").field("consumer", &self.consumer).finish_non_exhaustive()
    }
}

/// When what waits for all results looks at those that are there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Looks {
    /// Once half a window of them is there: nobody sees them before.
    Seldom,
    /// As they come.
    AtOnce,
}

/// Calls `each` with the results as they can be given out, until it gives something or they end.
pub(super) fn poll_each<It: Iterator, T, R>(
    consumer: &mut MapConsumer<It, T>,
    cx: &mut Context<'_>,
    looks: Looks,
    mut each: impl FnMut(&mut MapConsumer<It, T>, Settled<It::Item, T>) -> Option<R>,
) -> Poll<Option<R>> {
    for _ in 0..AT_ONCE {
        let mut next = consumer.next_taken();
        if next.is_none() {
            let least = if looks == Looks::Seldom { consumer.window() / 2 } else { 1 };
            next = ready!(consumer.poll_next(cx, least));
        }
        let Some((_, result)) = next else { return Poll::Ready(None) };
        if let Some(ended) = each(consumer, result) {
            return Poll::Ready(Some(ended));
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}
