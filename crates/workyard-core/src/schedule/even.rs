//! Owns the due times of a schedule with an even period. Never knows of ticks.

use std::time::Duration;

use super::recurrence::{Following, Missed};
use crate::Moment;
use crate::moment::nanos;

/// Due times that are a period apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Even {
    period: Duration,
}

impl Even {
    /// With this period; one of zero counts as one nanosecond.
    pub fn new(period: Duration) -> Self {
        Self { period: period.max(Duration::from_nanos(1)) }
    }

    /// What follows the due time `at`, which has come.
    pub fn following(&self, at: Moment, now: Moment, missed: Missed) -> Following {
        match missed {
            Missed::Burst => Following { next: at.later(self.period), passed: 0 },
            Missed::Delay => Following { next: now.max(at).later(self.period), passed: 0 },
            Missed::Skip => {
                let passed = now.since(at).as_nanos() / self.period.as_nanos();
                let passed = u64::try_from(passed).unwrap_or(u64::MAX);
                let skipped = Duration::from_nanos(nanos(self.period).saturating_mul(passed));
                Following { next: at.later(self.period).later(skipped), passed }
            }
        }
    }

    /// The time between two due times.
    pub const fn period(&self) -> Duration {
        self.period
    }
}
