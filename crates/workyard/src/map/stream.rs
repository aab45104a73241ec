//! Owns the results of a map as a stream, and as an iterator for plain threads.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};
use tokio::task::coop;

use crate::block_on::block_on;
use crate::map::builder::MapConsumer;
use crate::map::error::MapError;
use crate::map::spec::Numbered;

/// The results of a map, made by [`Map::ordered`](crate::Map::ordered) and [`Map::unordered`](crate::Map::unordered).
///
/// A failure is an item, after which it goes on. Work goes on between polls, as far as the inputs reach that were pulled. One that was
/// polled and is then neither polled nor dropped may hold up those who wait for room in its lane, as [`Submit`](crate::Submit) does.
///
/// # Cancel safety
/// A future of [`next`](Self::next) may be dropped and repeated: no result is lost. Dropping the stream cancels what is left, as
/// [`Map`](crate::Map) says.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let yard = workyard::Scheduler::new();
/// let mut squares = yard.cpu().map(1_u64.., |x| x * x).ordered(); // endless
/// while let Some(square) = squares.next().await {
///     if square? > 100 {
///         break; // the rest is cancelled
///     }
/// }
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct MapStream<It: Iterator, T> {
    consumer: MapConsumer<It, T>,
    ended: bool,
}

/// Nothing in it is pinned.
impl<It: Iterator, T> Unpin for MapStream<It, T> {}

impl<It: Iterator, T> MapStream<It, T> {
    pub(super) fn new(consumer: MapConsumer<It, T>) -> Self {
        Self { consumer, ended: false }
    }

    /// The next result; `None` at the end, and from then on.
    ///
    /// # Cancel safety
    /// No result is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Result<T, MapError<It::Item>>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// As [`next`](Self::next), with the index of the item.
    ///
    /// # Cancel safety
    /// No result is lost when the future is dropped.
    pub async fn next_indexed(&mut self) -> Option<(u64, Result<T, MapError<It::Item>>)> {
        poll_fn(|cx| self.poll_indexed(cx)).await
    }

    /// As [`next`](Self::next), for plain threads: this one is blocked until a result is there.
    pub fn blocking_next(&mut self) -> Option<Result<T, MapError<It::Item>>> {
        block_on(self.next())
    }

    /// The results as an iterator, for plain threads.
    pub fn blocking_iter(self) -> MapIter<It, T> {
        MapIter { stream: self }
    }

    fn poll_indexed(&mut self, cx: &mut Context<'_>) -> Poll<Option<Numbered<It::Item, T>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let budget = ready!(coop::poll_proceed(cx));
        let next = ready!(self.consumer.poll_next(cx, 1));
        budget.made_progress();
        self.ended = next.is_none();
        Poll::Ready(next)
    }
}

impl<It: Iterator, T> Stream for MapStream<It, T> {
    type Item = Result<T, MapError<It::Item>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_indexed(cx).map(|next| next.map(|(_, result)| result))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.consumer.size_hint()
    }
}

impl<It: Iterator, T> FusedStream for MapStream<It, T> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<It: Iterator, T> fmt::Debug for MapStream<It, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapStream").field("consumer", &self.consumer).finish_non_exhaustive()
    }
}

/// The results of a map for plain threads, made by [`MapStream::blocking_iter`]. Each `next` blocks until a result is there.
pub struct MapIter<It: Iterator, T> {
    stream: MapStream<It, T>,
}

impl<It: Iterator, T> Iterator for MapIter<It, T> {
    type Item = Result<T, MapError<It::Item>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.stream.blocking_next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

impl<It: Iterator, T> std::iter::FusedIterator for MapIter<It, T> {}

impl<It: Iterator, T> fmt::Debug for MapIter<It, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapIter").field("stream", &self.stream).finish()
    }
}
