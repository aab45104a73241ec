//! Owns what a runner of futures made and the lane has not counted, where others reach it: its driver may be blocked by the next
//! future. Never counts it itself.

use parking_lot::Mutex;
use workyard_core::{Outcome, Tally};

use crate::map::spec::Numbered;

/// Results, and how their items ended.
pub(super) struct Outbox<I, T>(Mutex<(Vec<Numbered<I, T>>, Tally)>);

impl<I, T> Outbox<I, T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new((Vec::new(), Tally::NONE)))
    }

    /// Puts the result of an item in.
    pub(super) fn put(&self, result: Numbered<I, T>, how: Outcome, began: bool) {
        let (results, tally) = &mut *self.0.lock();
        results.push(result);
        if began { tally.count(how) } else { tally.count_never_started(how) }
    }

    /// Takes all results out; they are added to `into`.
    pub(super) fn take(&self, into: &mut Vec<Numbered<I, T>>) -> Tally {
        let (results, tally) = &mut *self.0.lock();
        into.append(results);
        std::mem::take(tally)
    }
}
