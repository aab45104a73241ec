//! Owns the handle that puts. Never decides whether there is room.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use workyard_core::Priority;

use super::error::PutError;
use super::join::Join;
use super::put::{Put, PutTimeout};
use super::shared::Shared;
use super::sink::ProducerSink;

/// The side of a queue that puts items in.
///
/// Clones are further producers of the same queue. When the last one is dropped, however its task or thread ended, the
/// queue is closed: consumers get what is left, and then `None`.
///
/// # Examples
/// ```
/// use workyard::queue;
///
/// let (tx, rx) = queue::bounded(2);
/// tx.try_put("one").unwrap();
/// tx.blocking_put("two").unwrap();
/// let full = tx.try_put("three").unwrap_err();
/// assert!(full.is_full());
/// assert_eq!(full.into_inner(), "three");
///
/// drop(rx);
/// assert!(tx.try_put("four").unwrap_err().is_closed());
/// ```
pub struct Producer<T> {
    shared: Arc<Shared<T>>,
    /// Of every item it puts. Means nothing unless the queue orders by priority.
    priority: Priority,
}

impl<T> Producer<T> {
    /// The handle that a new queue has counted already.
    pub(super) const fn first(shared: Arc<Shared<T>>, priority: Priority) -> Self {
        Self { shared, priority }
    }

    /// One more handle, with a priority of its own.
    pub(super) fn another(&self, priority: Priority) -> Self {
        self.shared.with(|state, _| state.add_producer());
        Self { shared: Arc::clone(&self.shared), priority }
    }

    pub(super) fn shared(&self) -> &Shared<T> {
        &self.shared
    }

    pub(super) const fn priority(&self) -> Priority {
        self.priority
    }

    /// Puts an item, waiting for room behind those who wait already.
    ///
    /// # Errors
    /// [`Closed`](super::PutErrorKind::Closed), with the item, when the queue was closed or its last consumer is gone.
    ///
    /// # Cancel safety
    /// Dropping the future means that the item was not put; it is dropped with the future. No place is lost.
    pub fn put(&self, item: T) -> Put<'_, T> {
        Put::new(&self.shared, self.priority, item)
    }

    /// Puts an item if there is room that nobody else waits for; never waits.
    ///
    /// # Errors
    /// [`Full`](super::PutErrorKind::Full) or [`Closed`](super::PutErrorKind::Closed), with the item.
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        self.shared.try_put(item, self.priority)
    }

    /// As [`put`](Self::put), for at most `timeout` from this call. Zero means to try once.
    ///
    /// # Errors
    /// [`Timeout`](super::PutErrorKind::Timeout) or [`Closed`](super::PutErrorKind::Closed), with the item.
    ///
    /// # Panics
    /// The future panics when it has to wait outside a tokio runtime with time enabled.
    ///
    /// # Cancel safety
    /// As [`put`](Self::put).
    pub fn put_timeout(&self, item: T, timeout: Duration) -> PutTimeout<'_, T> {
        self.put(item).within(timeout)
    }

    /// As [`put`](Self::put), from a plain thread, which is parked meanwhile. Needs no runtime; not for async code.
    ///
    /// # Errors
    /// [`Closed`](super::PutErrorKind::Closed), with the item.
    pub fn blocking_put(&self, item: T) -> Result<(), PutError<T>> {
        self.put(item).block()
    }

    /// As [`blocking_put`](Self::blocking_put), for at most `timeout`.
    ///
    /// # Errors
    /// [`Timeout`](super::PutErrorKind::Timeout) or [`Closed`](super::PutErrorKind::Closed), with the item.
    pub fn blocking_put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        self.put(item).block_within(timeout)
    }

    /// This handle as a [`Sink`](futures_sink::Sink).
    ///
    /// # Examples
    /// ```
    /// use futures_util::{StreamExt, TryStreamExt, stream};
    /// use workyard::queue;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let (tx, rx) = queue::bounded(2);
    /// let pump = stream::iter(1..=5).map(Ok).forward(tx.into_sink());
    /// let (pumped, got) = tokio::join!(pump, rx.into_stream().collect::<Vec<_>>());
    /// pumped?;
    /// assert_eq!(got, [1, 2, 3, 4, 5]);
    /// # Ok(()) }
    /// ```
    pub fn into_sink(self) -> ProducerSink<T> {
        ProducerSink::new(self)
    }

    /// Closes the queue for every producer: no more puts, waiting ones fail with their item, and consumers get what
    /// is queued. Closing twice is the same as closing once.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Waits until no item is queued or in hand; see [`Consumer::join`](super::Consumer::join).
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub fn join(&self) -> Join<'_, T> {
        Join::new(&self.shared)
    }

    /// As [`join`](Self::join), from a plain thread.
    pub fn blocking_join(&self) {
        self.join().block();
    }

    /// Items queued now.
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether no item is queued now. Another may come at any time, so this is no way to find the end.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many items the queue holds at most.
    pub fn capacity(&self) -> usize {
        self.shared.capacity()
    }

    /// Whether no more puts are possible.
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }
}

impl<T> Clone for Producer<T> {
    fn clone(&self) -> Self {
        self.another(self.priority)
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        self.shared.with(super::state::State::remove_producer);
    }
}

impl<T> fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt_as("Producer", f)
    }
}
