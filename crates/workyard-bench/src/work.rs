//! Owns the work that is measured with: arithmetic of a fixed amount, whose result shows whether all of it was done.
//! Never reads a clock, save to find how fast this machine is.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Arithmetic without memory or branches, so that a share of a CPU is all it needs.
pub(crate) fn spin(iterations: u64) -> u64 {
    spin_from(0, iterations)
}

/// As [`spin`], with a result that depends on the seed.
pub(crate) fn spin_from(seed: u64, iterations: u64) -> u64 {
    // Odd numbers are not zero, from which the steps below would never come away.
    let mut state = 0x2545_F491_4F6C_DD1D_u64 ^ (seed << 1);
    for _ in 0..black_box(iterations) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    state
}

/// A fixed amount of work and what comes out of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    iterations: u64,
    result: u64,
}

impl Work {
    pub(crate) fn new(iterations: u64) -> Self {
        Self { iterations, result: spin(iterations) }
    }

    /// Does it, and tells whether the result is right.
    pub(crate) fn is_done(&self) -> bool {
        spin(self.iterations) == self.result
    }
}

/// How fast this machine does the work when nothing disturbs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speed {
    per_second: f64,
}

impl Speed {
    /// Takes some milliseconds. The best of several tries is the one that was disturbed least.
    pub(crate) fn measure() -> Self {
        let best = (0..TRIES).map(|_| time(TRY)).min().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let per_second = TRY as f64 / best.as_secs_f64();
        Self { per_second }
    }

    /// How many iterations take this long.
    pub(crate) fn iterations(self, time: Duration) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "seconds of work are far below 2^64"
        )]
        let iterations = (time.as_secs_f64() * self.per_second).round() as u64;
        iterations.max(1)
    }
}

fn time(iterations: u64) -> Duration {
    let since = Instant::now();
    black_box(spin(iterations));
    since.elapsed()
}

const TRIES: usize = 30;

/// About 2 ms: short beside the time that a thread has the CPU for.
const TRY: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Speed, Work, spin, spin_from};

    #[test]
    fn work_that_was_cut_short_shows() {
        assert!(Work::new(1_000).is_done());
        assert!(!Work { iterations: 999, ..Work::new(1_000) }.is_done());
        assert_ne!(spin(1), spin(0));
        assert_ne!(spin_from(1, 1), spin_from(2, 1));
    }

    #[test]
    fn iterations_follow_time() {
        let speed = Speed { per_second: 2e9 };
        assert_eq!(speed.iterations(Duration::from_micros(1)), 2_000);
        assert_eq!(speed.iterations(Duration::ZERO), 1);
    }
}
