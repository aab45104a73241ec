//! Owns how many are inside at once, now and at most. Never limits how many.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts how many are inside a section of code at once, and remembers the most there were.
///
/// Clones share their counts, so that each task can have one.
///
/// # Examples
/// ```
/// use workyard_testkit::Gauge;
///
/// let gauge = Gauge::new();
/// let first = gauge.enter();
/// drop((first, gauge.enter()));
/// let _third = gauge.enter();
/// assert_eq!((gauge.now(), gauge.max()), (1, 2));
/// ```
#[derive(Clone, Default, Debug)]
pub struct Gauge {
    counts: Arc<Counts>,
}

#[derive(Default, Debug)]
struct Counts {
    now: AtomicUsize,
    max: AtomicUsize,
}

impl Gauge {
    /// A gauge with nobody inside.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes inside, until the guard is dropped.
    pub fn enter(&self) -> Inside {
        // SeqCst, so that the count is right on its own: a gauge must not depend on how those inside are synchronised,
        // which is what it is there to judge.
        let now = self.counts.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.counts.max.fetch_max(now, Ordering::SeqCst);
        Inside { counts: Arc::clone(&self.counts) }
    }

    /// How many are inside.
    pub fn now(&self) -> usize {
        self.counts.now.load(Ordering::SeqCst)
    }

    /// The most that ever were inside at once.
    pub fn max(&self) -> usize {
        self.counts.max.load(Ordering::SeqCst)
    }
}

/// Being inside a [`Gauge`]; dropping it leaves.
#[derive(Debug)]
#[must_use = "dropping this at once leaves at once"]
pub struct Inside {
    counts: Arc<Counts>,
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.counts.now.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    #[test]
    fn counts_those_inside_across_threads() {
        let (gauge, together) = (Gauge::new(), Barrier::new(4));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let _inside = gauge.clone().enter();
                    together.wait();
                });
            }
        });
        assert_eq!((gauge.now(), gauge.max()), (0, 4));
        drop(gauge.enter());
        assert_eq!(gauge.max(), 4);
    }
}
