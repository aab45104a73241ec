//! What tasks and threads share, and how they wait for one another: locks, semaphores, barriers, lazy values, events and conditions.
//!
//! Most of it is tokio's, `parking_lot`'s or the standard library's, under the names that it has there, and the documentation of
//! those says the rest. [`Event`] and [`Condition`] are our own, since nobody else has them for async code.
//!
//! | for | use | plain threads | held across `.await` | in what order |
//! |---|---|---|---|---|
//! | a value that one at a time changes | [`Mutex`] | `blocking_lock` | yes | of arrival |
//! | the same, in a short section without `.await` | [`blocking::Mutex`] | yes | does not compile on a lane | none; [`blocking::FairMutex`] has one |
//! | a value that many read and few change | [`RwLock`], [`blocking::RwLock`] | `blocking_read`, or yes | as the mutex of that kind | of arrival; or none |
//! | a lock that its own thread may take again | [`ReentrantMutex`] | yes | does not compile on a lane | none |
//! | at most *n* at once | [`Semaphore`] | `try_acquire` | yes | of arrival |
//! | all of *n* meet | [`Barrier`], [`blocking::Barrier`] | the second | – | – |
//! | a value made once, when it is first asked for | [`LazyLock`], [`OnceLock`]; [`OnceCell`] if making it awaits | the first two | yes | – |
//! | "it has happened" | [`Event`] | `blocking_wait` | – | all at once |
//! | "the value is as I need it" | [`Condition`]; [`blocking::Condvar`] | `blocking_wait_for`, or yes | yes | of arrival; or none |
//! | "look again" | [`Notify`] | – | – | of arrival |
//! | "stop" | [`CancellationToken`] | `is_cancelled` | – | all at once |
//!
//! Items that go from one to another want a [`queue`](crate::queue), and a number that only counts wants one of
//! [`std::sync::atomic`]. The repository's `docs/sync.md` says which to use when, and what goes wrong otherwise.
//!
//! # Two mutexes
//! The plain names are tokio's: in this library a method without `blocking_` in its name is for async code, and in async code a guard
//! ends up across an `.await` sooner or later. `lock().await` gives the thread to others while it waits, its guard may be held across
//! an `.await`, and it serves in the order of arrival. A plain thread calls `blocking_lock`.
//!
//! [`blocking`] has the twins that block their thread. They cost less while nobody else has the lock, so they are
//! right for sections of a few lines, in async code as well, as long as nothing is awaited in them. A task of the io lane that
//! does await with such a guard does not compile, as the guard is not `Send`. (It is if some crate of the program turns on the feature
//! `send_guard` of `parking_lot`.)
//!
//! No lock here is poisoned: one whose holder panics is free again, and what it guards is as the panic left it. (A [`LazyLock`]
//! whose initialiser panicked has no value, and panics whenever it is asked for one.)
//!
//! # Examples
//! ```
//! use std::sync::Arc;
//! use workyard::{BoxError, Scheduler, sync::{Mutex, Semaphore}};
//!
//! # fn main() -> Result<(), BoxError> { tokio::runtime::Runtime::new()?.block_on(async {
//! let yard = Scheduler::new();
//! let count = Arc::new(Mutex::new(0));
//! let at_once = Arc::new(Semaphore::new(2));
//! let group = yard.group();
//! for _ in 0..100 {
//!     let (count, at_once) = (Arc::clone(&count), Arc::clone(&at_once));
//!     group.io(async move {
//!         let _permit = at_once.acquire_owned().await; // given back when it is dropped, however the task ends
//!         let mut count = count.lock().await;
//!         let read = *count;
//!         tokio::task::yield_now().await; // the guard is held, so nobody comes in between
//!         *count = read + 1;
//!     }).await?;
//! }
//! while let Some(done) = group.join_next().await { done?; }
//! assert_eq!(*count.lock().await, 100);
//! # assert_eq!(yard.shutdown().await.total.completed, 100);
//! # Ok(()) }) }
//! ```

pub mod blocking;
mod condition;
mod event;

pub use std::sync::{LazyLock, OnceLock};

pub use parking_lot::{MappedReentrantMutexGuard, ReentrantMutex, ReentrantMutexGuard};
pub use tokio::sync::{
    AcquireError, Barrier, BarrierWaitResult, MappedMutexGuard, Mutex, MutexGuard, Notify, OnceCell,
    OwnedMappedMutexGuard, OwnedMutexGuard, OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard,
    OwnedSemaphorePermit, RwLock, RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard, Semaphore,
    SemaphorePermit, SetError, TryAcquireError, TryLockError,
    futures::{Notified, OwnedNotified},
};
pub use tokio_util::sync::{
    CancellationToken, DropGuard, DropGuardRef, WaitForCancellationFuture, WaitForCancellationFutureOwned,
};

pub use condition::Condition;
pub use event::Event;
