//! Owns the handle that puts with a priority. Never orders anything.

use std::fmt;
use std::time::Duration;

use workyard_core::Priority;

use super::error::PutError;
use super::join::Join;
use super::producer::Producer;
use super::put::{Put, PutTimeout};

/// The side of a [`priority`](super::priority()) queue that puts items in: a [`Producer`] whose puts name a priority.
///
/// The priority stands beside the item, so items need no order of their own, and equal priorities come out in the
/// order in which they went in. Who waits for room waits in line, whatever the priority: urgency counts in the queue.
///
/// # Examples
/// ```
/// use workyard::queue::{self, Priority};
///
/// let (tx, rx) = queue::priority(8);
/// tx.try_put(Priority::NORMAL, "first").unwrap();
/// tx.try_put(Priority::NORMAL, "second").unwrap();
/// tx.try_put(Priority::HIGH, "urgent").unwrap();
/// let background = tx.at(Priority::LOW); // a plain `Producer`
/// background.try_put("some day").unwrap();
///
/// assert_eq!(rx.drain(), ["urgent", "first", "second", "some day"]);
/// ```
pub struct PriorityProducer<T> {
    inner: Producer<T>,
}

impl<T> PriorityProducer<T> {
    pub(super) const fn new(inner: Producer<T>) -> Self {
        Self { inner }
    }

    /// One more producer of this queue, all of whose items have this priority. It is what code takes that knows
    /// nothing of priorities, and has the [`Sink`](Producer::into_sink).
    pub fn at(&self, priority: Priority) -> Producer<T> {
        self.inner.another(priority)
    }

    /// As [`Producer::put`].
    ///
    /// # Errors
    /// [`Closed`](super::PutErrorKind::Closed), with the item.
    ///
    /// # Cancel safety
    /// As [`Producer::put`].
    pub fn put(&self, priority: Priority, item: T) -> Put<'_, T> {
        Put::new(self.inner.shared(), priority, item)
    }

    /// As [`Producer::try_put`].
    ///
    /// # Errors
    /// [`Full`](super::PutErrorKind::Full) or [`Closed`](super::PutErrorKind::Closed), with the item.
    pub fn try_put(&self, priority: Priority, item: T) -> Result<(), PutError<T>> {
        self.inner.shared().try_put(item, priority)
    }

    /// As [`Producer::put_timeout`].
    ///
    /// # Errors
    /// [`Timeout`](super::PutErrorKind::Timeout) or [`Closed`](super::PutErrorKind::Closed), with the item.
    ///
    /// # Panics
    /// The future panics when it has to wait outside a tokio runtime with time enabled.
    ///
    /// # Cancel safety
    /// As [`Producer::put`].
    pub fn put_timeout(&self, priority: Priority, item: T, timeout: Duration) -> PutTimeout<'_, T> {
        self.put(priority, item).within(timeout)
    }

    /// As [`Producer::blocking_put`].
    ///
    /// # Errors
    /// [`Closed`](super::PutErrorKind::Closed), with the item.
    pub fn blocking_put(&self, priority: Priority, item: T) -> Result<(), PutError<T>> {
        self.put(priority, item).block()
    }

    /// As [`Producer::blocking_put_timeout`].
    ///
    /// # Errors
    /// [`Timeout`](super::PutErrorKind::Timeout) or [`Closed`](super::PutErrorKind::Closed), with the item.
    pub fn blocking_put_timeout(&self, priority: Priority, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        self.put(priority, item).block_within(timeout)
    }

    /// As [`Producer::close`].
    pub fn close(&self) {
        self.inner.close();
    }

    /// As [`Consumer::join`](super::Consumer::join).
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub fn join(&self) -> Join<'_, T> {
        self.inner.join()
    }

    /// As [`join`](Self::join), from a plain thread.
    pub fn blocking_join(&self) {
        self.inner.blocking_join();
    }

    /// Items queued now.
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether no item is queued now.
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// How many items the queue holds at most.
    pub fn capacity(&self) -> usize {
        self.inner.capacity()
    }

    /// Whether no more puts are possible.
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }
}

impl<T> Clone for PriorityProducer<T> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone())
    }
}

impl<T> fmt::Debug for PriorityProducer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.shared().fmt_as("PriorityProducer", f)
    }
}
