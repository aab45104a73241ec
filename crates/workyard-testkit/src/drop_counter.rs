//! Owns values whose drops are counted. Never decides when they are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Makes values to hand to the code under test, and counts how many of them have been dropped.
///
/// Clones share their counts. Equal numbers of [`made`](Self::made) and [`dropped`](Self::dropped) say that no value
/// leaked; more dropped than made cannot be in safe code.
///
/// # Examples
/// ```
/// use workyard_testkit::DropCounter;
///
/// let counter = DropCounter::new();
/// let held = counter.payload();
/// drop(counter.payload());
/// assert_eq!((counter.made(), counter.dropped(), counter.alive()), (2, 1, 1));
/// drop(held);
/// assert_eq!(counter.alive(), 0);
/// ```
#[derive(Clone, Default, Debug)]
pub struct DropCounter {
    counts: Arc<Counts>,
}

#[derive(Default, Debug)]
struct Counts {
    made: AtomicUsize,
    dropped: AtomicUsize,
}

impl DropCounter {
    /// A counter that has made nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A value to put where its drop is to be seen.
    pub fn payload(&self) -> Payload {
        self.make(false)
    }

    /// A value whose drop panics, after it was counted. On a thread that panics already it does not, as that would end
    /// the process.
    pub fn panicking_payload(&self) -> Payload {
        self.make(true)
    }

    /// How many values there ever were.
    pub fn made(&self) -> usize {
        self.counts.made.load(Ordering::SeqCst)
    }

    /// How many of them have been dropped.
    pub fn dropped(&self) -> usize {
        self.counts.dropped.load(Ordering::SeqCst)
    }

    /// How many of them are still held somewhere.
    pub fn alive(&self) -> usize {
        // The drops first: a value made and dropped in between must not make this negative.
        let dropped = self.dropped();
        self.made() - dropped
    }

    fn make(&self, panics: bool) -> Payload {
        self.counts.made.fetch_add(1, Ordering::SeqCst);
        Payload { counts: Arc::clone(&self.counts), panics }
    }
}

/// A value whose drop is counted by the [`DropCounter`] that made it.
#[derive(Debug)]
#[must_use = "dropping this at once counts at once"]
pub struct Payload {
    counts: Arc<Counts>,
    panics: bool,
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.counts.dropped.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics || thread::panicking(), "this payload panics when it is dropped");
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_panicking_payload_is_counted_too() {
        let counter = DropCounter::new();
        let payload = counter.panicking_payload();
        assert_eq!((counter.made(), counter.dropped()), (1, 0));
        assert!(catch_unwind(AssertUnwindSafe(|| drop(payload))).is_err());
        assert_eq!((counter.made(), counter.dropped()), (1, 1));
    }

    #[test]
    fn a_panicking_payload_does_not_panic_twice() {
        let counter = DropCounter::new();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _payload = counter.panicking_payload();
            panic!("on purpose");
        }));
        assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"on purpose"));
        assert_eq!(counter.alive(), 0);
    }

    #[test]
    fn a_leaked_payload_stays_alive() {
        let counter = DropCounter::new();
        let kept = Box::leak(Box::new(counter.payload()));
        assert_eq!((counter.clone().alive(), kept.panics), (1, false));
    }
}
