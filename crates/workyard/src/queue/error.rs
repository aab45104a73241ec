//! Owns how a put, a get and a `task_done` fail. Never loses the item of a put.

use std::error::Error;
use std::fmt;

use parking_lot::Mutex;

/// A put that did not happen, with the item.
///
/// It is `Send + Sync` for every item that is `Send`, and prints without the item, so `?` turns it into
/// `Box<dyn Error + Send + Sync>` whatever the item is.
///
/// # Examples
/// ```
/// use std::cell::Cell;
/// use workyard::queue;
///
/// fn fill() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///     let (tx, _rx) = queue::bounded(1);
///     tx.try_put(Cell::new(1))?;
///     tx.try_put(Cell::new(2))?; // not `Sync`: no matter
///     Ok(())
/// }
/// assert_eq!(fill().unwrap_err().to_string(), "the queue is full");
/// ```
#[non_exhaustive]
pub struct PutError<T> {
    kind: PutErrorKind,
    /// Never locked: it is there to be `Sync` where the item is not.
    item: Mutex<T>,
}

/// Why a put did not happen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum PutErrorKind {
    /// There was no room, or others were waiting for it already.
    Full,
    /// The queue was closed, or its last consumer is gone.
    Closed,
    /// There was no room in time.
    Timeout,
}

impl<T> PutError<T> {
    pub(super) const fn new(kind: PutErrorKind, item: T) -> Self {
        Self { kind, item: Mutex::new(item) }
    }

    /// Why the put did not happen.
    pub const fn kind(&self) -> PutErrorKind {
        self.kind
    }

    /// Whether there was no room.
    pub const fn is_full(&self) -> bool {
        matches!(self.kind, PutErrorKind::Full)
    }

    /// Whether the queue was closed.
    pub const fn is_closed(&self) -> bool {
        matches!(self.kind, PutErrorKind::Closed)
    }

    /// Whether there was no room in time.
    pub const fn is_timeout(&self) -> bool {
        matches!(self.kind, PutErrorKind::Timeout)
    }

    /// The item that was not put.
    pub fn into_inner(self) -> T {
        self.item.into_inner()
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutError").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            PutErrorKind::Full => "the queue is full",
            PutErrorKind::Closed => "the queue is closed",
            PutErrorKind::Timeout => "no room in the queue in time",
        })
    }
}

impl<T> Error for PutError<T> {}

/// A get that gave no item.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GetError {
    /// There was nothing to take, or others were waiting for it already; more may come.
    #[error("the queue is empty")]
    Empty,
    /// The queue is closed and empty: nothing more comes.
    #[error("the queue is closed and empty")]
    Closed,
    /// Nothing came in time; more may come.
    #[error("nothing came out of the queue in time")]
    Timeout,
}

impl GetError {
    /// Whether there was nothing to take.
    pub const fn is_empty(self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether nothing more comes.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Closed)
    }

    /// Whether nothing came in time.
    pub const fn is_timeout(self) -> bool {
        matches!(self, Self::Timeout)
    }
}

/// A `task_done` too many: no item is in the hands of a consumer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[error("task_done was called more often than items were taken")]
#[non_exhaustive]
pub struct TaskDoneError;
