//! Owns how the lock of a queue is waited for. Never knows what is locked.

use std::hint::spin_loop;

use workyard_core::mutant;

use crate::primitives::{Mutex, MutexGuard};

/// A mutex for sections of some ten nanoseconds.
///
/// Whoever finds it locked stays away for as long as several such sections take, and longer each time, before it looks again. With two
/// threads that lock it in turn, each section would begin with fetching what it locks from the other CPU, which takes
/// longer than the section. So each has it for a while.
pub(super) struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        if mutant!("queue-locked-twice") {
            drop(self.0.lock());
        }
        self.0.try_lock().unwrap_or_else(|| self.lock_contended())
    }

    #[cold]
    fn lock_contended(&self) -> MutexGuard<'_, T> {
        for pauses in PAUSES {
            (0..pauses).for_each(|_| spin_loop());
            if let Some(guard) = self.0.try_lock() {
                return guard;
            }
        }
        // Its holder may not be running at all, so the thread is parked in the end.
        self.0.lock()
    }
}

/// How often a thread pauses before it looks again: a microsecond or less, up to some ten in all.
const PAUSES: [u32; 4] = [32, 64, 128, 256];
