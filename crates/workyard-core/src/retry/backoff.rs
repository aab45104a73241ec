//! Owns how long to wait before which attempt. Never draws chance, which is an argument.

use std::time::Duration;

use super::invalid::{InvalidRetry, check_number, check_time};
use crate::mutant;

/// Delays that grow by a factor up to a cap, each drawn from nothing up to that (*full jitter*), so that callers who failed at
/// one instant do not come back at one instant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Backoff {
    min_delay: Duration,
    max_delay: Duration,
    factor: f64,
    jitter: bool,
}

impl Backoff {
    /// The least that a delay may be. A shorter one would hammer.
    pub const LEAST_DELAY: Duration = Duration::from_millis(1);
    /// The most that a delay may be.
    pub const MOST_DELAY: Duration = Duration::from_hours(24);
    /// The least that the factor may be: delays do not shrink.
    pub const LEAST_FACTOR: f64 = 1.0;
    /// The most that the factor may be.
    pub const MOST_FACTOR: f64 = 1_000.0;

    /// Checks the numbers. `min_delay` is the first delay, before jitter, and `max_delay` the cap of all.
    ///
    /// # Errors
    /// [`InvalidRetry`] names the setting and what it may be.
    pub fn new(min_delay: Duration, max_delay: Duration, factor: f64, jitter: bool) -> Result<Self, InvalidRetry> {
        check_time("min_delay", min_delay, Self::LEAST_DELAY, Self::MOST_DELAY)?;
        check_time("max_delay", max_delay, min_delay, Self::MOST_DELAY)?;
        check_number("factor", factor, Self::LEAST_FACTOR, Self::MOST_FACTOR)?;
        Ok(Self { min_delay, max_delay, factor, jitter })
    }

    /// The longest delay after attempt number `attempt`, counted from 1: `min_delay × factor^(attempt - 1)`, at most `max_delay`.
    pub fn ceiling(&self, attempt: u32) -> Duration {
        let grown = self.min_delay.as_secs_f64() * self.factor.powf(f64::from(attempt.saturating_sub(1)));
        // Also where the power is infinite. Below the cap it is a duration.
        if grown < self.max_delay.as_secs_f64() { Duration::from_secs_f64(grown) } else { self.max_delay }
    }

    /// How long to wait after attempt number `attempt`, counted from 1: without jitter the [`ceiling`](Self::ceiling), with it
    /// anything from nothing to that, all as likely if `random` is.
    pub fn delay(&self, attempt: u32, random: u64) -> Duration {
        let ceiling = self.ceiling(attempt);
        if !self.jitter || mutant!("retry-at-one-instant") {
            return ceiling;
        }
        // At most a day of nanoseconds, so the product fits, and so does the share.
        let share = ((ceiling.as_nanos() + 1) * u128::from(random)) >> 64;
        Duration::from_nanos(u64::try_from(share).unwrap_or(u64::MAX)).min(ceiling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn backoff(min: Duration, max: Duration, factor: f64, jitter: bool) -> Backoff {
        Backoff::new(min, max, factor, jitter).unwrap()
    }

    #[test]
    fn delays_grow_by_the_factor_up_to_the_cap() {
        let backoff = backoff(100 * MS, 1_000 * MS, 2.0, false);
        let delays: Vec<_> = (1..=6).map(|attempt| backoff.delay(attempt, 0).as_millis()).collect();
        assert_eq!(delays, [100, 200, 400, 800, 1_000, 1_000]);
    }

    #[test]
    fn a_factor_of_one_stays() {
        let backoff = backoff(7 * MS, Backoff::MOST_DELAY, 1.0, false);
        assert!([1, 2, 64, u32::MAX].iter().all(|&attempt| backoff.delay(attempt, 0) == 7 * MS));
    }

    #[test]
    fn no_attempt_number_overflows() {
        for factor in [1.0, 1.000_1, 2.0, Backoff::MOST_FACTOR] {
            let backoff = backoff(MS, Backoff::MOST_DELAY, factor, true);
            let mut before = Duration::ZERO;
            for attempt in [0, 1, 2, 63, 64, 65, 1_024, 1 << 31, u32::MAX - 1, u32::MAX] {
                let ceiling = backoff.ceiling(attempt);
                assert!(ceiling >= before && ceiling <= Backoff::MOST_DELAY, "{factor} {attempt}");
                assert_eq!(backoff.delay(attempt, 0), Duration::ZERO);
                assert_eq!(backoff.delay(attempt, u64::MAX), ceiling, "{factor} {attempt}");
                before = ceiling;
            }
        }
        assert_eq!(backoff(MS, Backoff::MOST_DELAY, 2.0, true).ceiling(u32::MAX), Backoff::MOST_DELAY);
    }

    #[test]
    fn jitter_is_full() {
        let backoff = backoff(100 * MS, 1_000 * MS, 2.0, true);
        assert_eq!(backoff.delay(1, 0), Duration::ZERO);
        assert_eq!(backoff.delay(1, u64::MAX / 2).as_micros(), 50_000);
        assert_eq!(backoff.delay(2, u64::MAX / 4 * 3).as_micros(), 150_000);
    }

    #[test]
    fn numbers_out_of_range_are_refused_by_name() {
        let refused = |min, max, factor| Backoff::new(min, max, factor, true).unwrap_err();
        let day = Backoff::MOST_DELAY;
        for (error, setting) in [
            (refused(Duration::ZERO, MS, 2.0), "min_delay"),
            (refused(day + MS, day, 2.0), "min_delay"),
            (refused(2 * MS, MS, 2.0), "max_delay"),
            (refused(MS, day + MS, 2.0), "max_delay"),
            (refused(MS, Duration::MAX, 2.0), "max_delay"),
        ] {
            assert_eq!(error.setting(), setting, "{error}");
            assert!(matches!(error, InvalidRetry::Time { .. }));
        }
        for factor in [0.0, -1.0, 0.999, 1_000.1, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let error = refused(MS, day, factor);
            assert_eq!(error.to_string(), format!("factor is {factor}, allowed is 1 to 1000"));
        }
        assert_eq!(refused(2 * MS, MS, 2.0).to_string(), "max_delay is 1ms, allowed is 2ms to 86400s");
        assert!(Backoff::new(MS, MS, 1.0, true).is_ok() && Backoff::new(day, day, 1_000.0, true).is_ok());
    }
}
