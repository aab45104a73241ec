//! Owns the counts of one progress, which any number of threads add to, and when somebody should look at them. Never shows
//! them, and never reads a clock.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use workyard_core::Moment;
use workyard_core::progress::{Meter, State, Tally, View};

/// The counts are `Relaxed`: each is exact by itself, and whoever has waited for those who add, by whatever means, sees
/// all they added. The two of when to look are hints: a stale one costs a look too many, or one a moment later.
pub(super) struct Counted {
    pub(super) id: u64,
    pub(super) name: Cow<'static, str>,
    done: AtomicU64,
    failed: AtomicU64,
    total: Total,
    /// Look once this many items have ended, ..
    due_ended: AtomicU64,
    /// .. or from this time on, in nanoseconds.
    due_at: AtomicU64,
    is_over: AtomicBool,
    /// Only taken by whoever has the screen, so never waited for.
    meter: Mutex<Meter>,
}

impl Counted {
    pub(super) fn new(name: Cow<'static, str>, now: Moment) -> Self {
        // No two have the same, and there are not 2^64.
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            name,
            done: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            total: Total::unknown(),
            due_ended: AtomicU64::new(NEVER),
            due_at: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            meter: Mutex::new(Meter::new(now)),
        }
    }

    pub(super) fn add(&self, done: u64, failed: u64) {
        if done > 0 {
            self.done.fetch_add(done, Ordering::Relaxed);
        }
        if failed > 0 {
            self.failed.fetch_add(failed, Ordering::Relaxed);
        }
    }

    pub(super) fn set_total(&self, total: Option<u64>) {
        if self.total.replace(total) != total {
            // It changes what is due, so look at once.
            self.due_at.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn tally(&self) -> Tally {
        let (done, failed) = (self.done.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed));
        Tally { done, failed, total: self.total.get() }
    }

    /// Whether something may be due. Asks for the time only if the counts do not tell it already.
    pub(super) fn may_be_due(&self, now: impl FnOnce() -> Moment) -> bool {
        let due_ended = self.due_ended.load(Ordering::Relaxed);
        let due_at = self.due_at.load(Ordering::Relaxed);
        (due_ended != NEVER && self.tally().ended() >= due_ended)
            || (due_at != NEVER && u128::from(due_at) <= now().since_start().as_nanos())
    }

    /// Says when to look next.
    pub(super) fn set_due(&self, ended: Option<u64>, at: Moment) {
        self.due_ended.store(ended.unwrap_or(NEVER), Ordering::Relaxed);
        let nanos = u64::try_from(at.since_start().as_nanos()).unwrap_or(NEVER);
        self.due_at.store(nanos, Ordering::Relaxed);
    }

    /// Ends it. False if that was said before.
    pub(super) fn end(&self) -> bool {
        // What is counted later is counted, and not shown.
        !self.is_over.swap(true, Ordering::Relaxed)
    }

    pub(super) fn set_never_due(&self) {
        self.due_ended.store(NEVER, Ordering::Relaxed);
        self.due_at.store(NEVER, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Gives the meter a look at the counts, and then what it answers.
    pub(super) fn look<R>(&self, now: Moment, ask: impl FnOnce(&mut Meter, Tally) -> R) -> R {
        let tally = self.tally();
        let mut meter = self.meter.lock();
        meter.observe(now, &tally);
        ask(&mut meter, tally)
    }

    /// What can be said while it goes on.
    pub(super) fn view(&self, now: Moment) -> View {
        self.look(now, |meter, tally| meter.view(now, tally, State::Running))
    }
}

/// An optional number in one word. The largest of all numbers is none.
struct Total(AtomicU64);

impl Total {
    fn unknown() -> Self {
        Self(AtomicU64::new(Self::UNKNOWN))
    }

    /// Gives what it was before.
    fn replace(&self, total: Option<u64>) -> Option<u64> {
        Self::known(self.0.swap(total.unwrap_or(Self::UNKNOWN), Ordering::Relaxed))
    }

    fn get(&self) -> Option<u64> {
        Self::known(self.0.load(Ordering::Relaxed))
    }

    fn known(total: u64) -> Option<u64> {
        Some(total).filter(|total| *total != Self::UNKNOWN)
    }

    const UNKNOWN: u64 = u64::MAX;
}

const NEVER: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_another_total_is_looked_at_at_once() {
        let now = Moment::new(Duration::ZERO);
        let counted = Counted::new("totals".into(), now);
        for (total, is_due) in [(None, false), (Some(3), true), (Some(3), false), (Some(4), true), (None, true)] {
            counted.set_due(None, now.later(Duration::from_secs(1)));
            counted.set_total(total);
            assert_eq!(counted.may_be_due(|| now), is_due, "{total:?}");
        }
    }
}
