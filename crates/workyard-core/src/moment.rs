//! Owns the time of the decisions: a distance from the start of the yard, or of what else is decided about. Never reads a clock.

use std::time::Duration;

/// A moment, in nanoseconds since the yard was built. It reaches 584 years and saturates there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Moment(u64);

impl Moment {
    /// The moment `since_start` after the yard was built.
    #[inline]
    pub fn new(since_start: Duration) -> Self {
        Self(nanos(since_start))
    }

    /// The moment so many nanoseconds after the yard was built.
    pub(crate) const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// In nanoseconds since the yard was built.
    pub(crate) const fn nanos(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero if it was not.
    #[inline]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The moment this much later.
    #[must_use]
    pub fn later(self, by: Duration) -> Self {
        Self(self.0.saturating_add(nanos(by)))
    }

    /// The time since the yard was built.
    pub const fn since_start(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

/// A duration in nanoseconds, saturating.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
