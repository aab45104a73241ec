//! The twins of [`sync`](super) that block their thread while they wait: for plain threads, closures on the cpu and blocking lanes, and
//! short sections of async code in which nothing is awaited.
//!
//! The mutexes, [`RwLock`] and [`Condvar`] are `parking_lot`'s, [`Barrier`] is the standard library's. A free lock is taken by
//! one atomic operation. One that is not free is waited for by the whole thread: on a thread of the runtime, by all that waits there.
//!
//! Whoever lets go of a [`Mutex`] or [`RwLock`] may have it again before those who wait, which is fast and, if it goes on, unfair:
//! `parking_lot` hands such a lock over to the first who waits only about every half a millisecond. [`FairMutex`] does so each time.
//!
//! # Examples
//! ```
//! use std::thread;
//! use workyard::sync::blocking::{Condvar, Mutex};
//!
//! let (balance, changed) = (Mutex::new(0), Condvar::new());
//! thread::scope(|scope| {
//!     scope.spawn(|| {
//!         *balance.lock() += 100;
//!         changed.notify_one();
//!     });
//!     let mut balance = balance.lock();
//!     changed.wait_while(&mut balance, |balance| *balance < 100); // the lock is free while this waits
//!     *balance -= 100;
//! });
//! assert_eq!(balance.into_inner(), 0);
//! ```

pub use std::sync::{Barrier, BarrierWaitResult};

pub use parking_lot::{
    Condvar, FairMutex, FairMutexGuard, MappedFairMutexGuard, MappedMutexGuard, MappedRwLockReadGuard,
    MappedRwLockWriteGuard, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard,
    WaitTimeoutResult,
};
