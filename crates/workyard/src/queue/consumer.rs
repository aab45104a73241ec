//! Owns the handle that gets. Never decides which item is next.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::error::{GetError, TaskDoneError};
use super::get::{Get, GetMany, GetTimeout};
use super::join::Join;
use super::shared::Shared;
use super::state::{Admission, Side, State};
use super::stream::ConsumerStream;

/// The side of a queue that takes items out.
///
/// Clones are further consumers of the same queue; every item goes to exactly one. When the last one is dropped, the
/// queue is closed: puts fail and give their item back, and the items still queued are dropped. To keep
/// those, [`close`](Self::close) and [`drain`](Self::drain) first.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use workyard::queue::{self, GetError};
///
/// let (tx, rx) = queue::bounded(4);
/// assert_eq!(rx.try_get(), Err(GetError::Empty));
/// assert_eq!(rx.blocking_get_timeout(Duration::from_millis(1)), Err(GetError::Timeout));
/// tx.try_put(37337).unwrap();
/// assert_eq!(rx.blocking_get(), Some(37337));
/// drop(tx);
/// assert_eq!(rx.blocking_get(), None);
/// ```
pub struct Consumer<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Consumer<T> {
    /// The handle that a new queue has counted already.
    pub(super) const fn first(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    pub(super) fn shared(&self) -> &Shared<T> {
        &self.shared
    }

    /// Takes the next item, waiting for one behind those who wait already. `None` once the queue is closed and
    /// empty; then it stays so.
    ///
    /// # Cancel safety
    /// Dropping the future loses no item: it holds none until it is ready.
    pub fn get(&self) -> Get<'_, T> {
        Get::new(&self.shared)
    }

    /// Takes the next item if there is one that nobody else waits for; never waits.
    ///
    /// # Errors
    /// [`GetError::Empty`] or [`GetError::Closed`].
    pub fn try_get(&self) -> Result<T, GetError> {
        self.shared.with(|state, wakes| match state.admit(Side::Get, &mut None) {
            Admission::Go => state.get(wakes).ok_or(GetError::Empty),
            Admission::Refused => Err(GetError::Closed),
            Admission::Wait => Err(GetError::Empty),
        })
    }

    /// As [`get`](Self::get), for at most `timeout` from this call. Zero means to try once.
    ///
    /// # Errors
    /// [`GetError::Timeout`] or [`GetError::Closed`].
    ///
    /// # Panics
    /// The future panics when it has to wait outside a tokio runtime with time enabled.
    ///
    /// # Cancel safety
    /// As [`get`](Self::get).
    pub fn get_timeout(&self, timeout: Duration) -> GetTimeout<'_, T> {
        self.get().within(timeout)
    }

    /// As [`get`](Self::get), from a plain thread, which is parked meanwhile. Needs no runtime; not for async code.
    pub fn blocking_get(&self) -> Option<T> {
        self.get().block()
    }

    /// As [`blocking_get`](Self::blocking_get), for at most `timeout`.
    ///
    /// # Errors
    /// [`GetError::Timeout`] or [`GetError::Closed`].
    pub fn blocking_get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        self.get().block_within(timeout)
    }

    /// Waits for one item, as [`get`](Self::get) does, and takes up to `max` of what is there, under one lock. Empty once
    /// the queue is closed and empty. A `max` of zero counts as one, so that empty always means the end.
    ///
    /// # Cancel safety
    /// As [`get`](Self::get).
    ///
    /// # Examples
    /// ```
    /// use workyard::queue;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let (tx, rx) = queue::bounded(8);
    /// for n in 0..5 {
    ///     tx.put(n).await.unwrap();
    /// }
    /// drop(tx);
    /// assert_eq!(rx.get_many(3).await, [0, 1, 2]);
    /// assert_eq!(rx.get_many(3).await, [3, 4]);
    /// assert!(rx.get_many(3).await.is_empty());
    /// # }
    /// ```
    pub fn get_many(&self, max: usize) -> GetMany<'_, T> {
        GetMany::new(&self.shared, max)
    }

    /// Takes all that is queued and not promised to a waiting get; never waits. In the order of the queue. Drained
    /// items count as done.
    ///
    /// After [`close`](Self::close) this is what was left, exactly.
    ///
    /// # Examples
    /// ```
    /// use workyard::queue;
    ///
    /// let (tx, rx) = queue::bounded(10);
    /// for colour in ["red", "green", "blue", "black"] {
    ///     tx.try_put(colour).unwrap();
    /// }
    /// rx.close();
    /// assert_eq!(rx.drain(), ["red", "green", "blue", "black"]);
    /// assert!(tx.try_put("white").unwrap_err().is_closed());
    /// ```
    pub fn drain(&self) -> Vec<T> {
        self.shared.with(State::drain)
    }

    /// This handle as a [`Stream`](futures_core::Stream), which ends where [`get`](Self::get) gives `None`.
    pub fn into_stream(self) -> ConsumerStream<T> {
        ConsumerStream::new(self)
    }

    /// Closes the queue for every producer: no more puts, waiting ones fail with their item, and consumers get what
    /// is queued. Closing twice is the same as closing once.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Marks one item taken by a get as done, for [`join`](Self::join). Which consumer took it does not matter.
    ///
    /// # Errors
    /// [`TaskDoneError`] when no item is in hand: each was marked already. An item still queued cannot be marked.
    pub fn task_done(&self) -> Result<(), TaskDoneError> {
        self.shared.with(|state, wakes| if state.task_done(wakes) { Ok(()) } else { Err(TaskDoneError) })
    }

    /// Waits until every item put so far is done: none is queued, and each taken by a get was marked by
    /// [`task_done`](Self::task_done).
    ///
    /// An item also counts as done when it is [drained](Self::drain), and when the last consumer is dropped, since nobody
    /// could mark it after that; so producers waiting here never hang on consumers that are gone. Closing
    /// the queue alone changes nothing: what was queued is still to be done. It is ready whenever nothing is
    /// unfinished, and stays ready although more is put before it is polled. Without `task_done` calls it waits for
    /// the last consumer to go.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    ///
    /// # Examples
    /// ```
    /// use workyard::queue;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let (tx, rx) = queue::bounded(4);
    /// tx.put("job").await.unwrap();
    /// let worker = tokio::spawn(async move {
    ///     while let Some(_job) = rx.get().await {
    ///         rx.task_done().unwrap();
    ///     }
    ///     assert!(rx.task_done().is_err(), "nothing is in hand any more");
    /// });
    /// tx.join().await; // the job was done, not just taken
    /// drop(tx);
    /// worker.await.unwrap();
    /// # }
    /// ```
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

impl<T> Clone for Consumer<T> {
    fn clone(&self) -> Self {
        self.shared.with(|state, _| state.add_consumer());
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        // What nobody can get any more is dropped here, outside the lock.
        drop(self.shared.with(State::remove_consumer));
    }
}

impl<T> fmt::Debug for Consumer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt_as("Consumer", f)
    }
}
