//! Owns the account of the items: each that was made is put or refused, each that was put is consumed or left over. Never
//! counts an item twice on one side; whether the sides agree is for the reader to see.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts by tasks that may fail and panic at any await, so none of it is in a task's result. Relaxed throughout: each is
/// a sum of its own, and is read when all tasks have ended.
#[derive(Debug, Default)]
pub(crate) struct Account {
    made: AtomicU64,
    put: AtomicU64,
    refused: AtomicU64,
    consumed: AtomicU64,
    left_over: AtomicU64,
    tasks_failed: AtomicU64,
}

impl Account {
    pub(super) fn made(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn put(&self) {
        self.put.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn consumed(&self) {
        self.consumed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn left_over(&self) {
        self.left_over.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn task_failed(&self) {
        self.tasks_failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Tasks that failed or panicked.
    pub(crate) fn failures(&self) -> u64 {
        self.tasks_failed.load(Ordering::Relaxed)
    }

    /// Whether every item is where it should be.
    pub(crate) fn balances(&self) -> bool {
        let [made, put, refused, consumed, left_over] = self.counts();
        made == put + refused && put == consumed + left_over
    }

    /// Made, put, refused, consumed, left over.
    pub(crate) fn counts(&self) -> [u64; 5] {
        [&self.made, &self.put, &self.refused, &self.consumed, &self.left_over]
            .map(|count| count.load(Ordering::Relaxed))
    }
}

/// Two lines, which balance.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [made, put, refused, consumed, left_over] = self.counts();
        writeln!(f, "made {made} = {put} put + {refused} refused")?;
        write!(f, "put {put} = {consumed} consumed + {left_over} left over")
    }
}
