//! Owns the numbers of a run: how much was found, whether that is all, and what became of it. Each entry is counted here and nowhere else:
//! found by the walk, ended by who prints. Never prints.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::entry::Fate;

/// The numbers so far.
// Relaxed throughout: each number is right by itself, and no other memory goes by them.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    found: AtomicU64,
    /// Whether the walk is over, so that what was found is the total.
    all_found: AtomicBool,
    hashed: AtomicU64,
    skipped: AtomicU64,
    failed: AtomicU64,
}

impl Tally {
    pub(crate) fn found(&self, entries: usize) {
        self.found.fetch_add(entries as u64, Ordering::Relaxed);
    }

    /// Nothing more will be found.
    pub(crate) fn all_found(&self) {
        self.all_found.store(true, Ordering::Relaxed);
    }

    /// An entry has come to its end.
    pub(crate) fn ended(&self, fate: &Fate) {
        let number = match fate {
            Fate::Sum(_) => &self.hashed,
            Fate::Skipped(_) => &self.skipped,
            Fate::Failed(_) | Fate::Unread | Fate::Read(_) | Fate::Long => &self.failed,
        };
        number.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [found, hashed, skipped, failed] =
            [&self.found, &self.hashed, &self.skipped, &self.failed].map(|number| number.load(Ordering::Relaxed));
        let so_far = if self.all_found.load(Ordering::Relaxed) { "" } else { " so far" };
        write!(f, "found {found}{so_far}: {hashed} hashed, {skipped} skipped, {failed} failed")
    }
}
