//! Owns which seeds a test runs with, and telling the one that failed. Never chooses a seed by itself.

use std::env;
use std::ops::Range;
use std::thread;

/// The seeds of a test: 0, 1, 2 and so on, `default_count` of them.
///
/// The environment says otherwise: `WORKYARD_SEED=17` gives that one seed, to replay a failure, and
/// `WORKYARD_SEEDS=100000` gives that many, to hunt for one. Name the seed when the test fails with [`SeedOnPanic`].
///
/// # Panics
/// When one of the two variables is set to something that is not a number: a misspelt replay would pass unnoticed.
///
/// # Examples
/// ```
/// use workyard_testkit::{Rng, SeedOnPanic, seeds};
///
/// for seed in seeds(100) {
///     let _told = SeedOnPanic::new(seed);
///     let mut rng = Rng::new(seed);
///     assert!(rng.below(3) < 3);
/// }
/// ```
#[track_caller]
pub fn seeds(default_count: u64) -> impl Iterator<Item = u64> {
    let number = |name: &str| {
        let value = env::var_os(name)?;
        let value = value.to_string_lossy();
        Some(value.trim().parse().unwrap_or_else(|_| refuse(name, &value)))
    };
    chosen(number("WORKYARD_SEED"), number("WORKYARD_SEEDS"), default_count)
}

#[track_caller]
#[expect(clippy::panic, reason = "a test that cannot know its seeds must not pass")]
fn refuse(name: &str, value: &str) -> u64 {
    panic!("{name}={value:?} is not a whole number")
}

/// One seed to replay beats a count.
fn chosen(replay: Option<u64>, count: Option<u64>, default_count: u64) -> impl Iterator<Item = u64> {
    let (one, many): (_, Range<u64>) = match replay {
        Some(seed) => (Some(seed), 0..0),
        None => (None, 0..count.unwrap_or(default_count)),
    };
    one.into_iter().chain(many)
}

/// A guard that tells the seed on stderr when the test that holds it panics.
///
/// It says `seed: 17 (replay with WORKYARD_SEED=17)`. Hold one inside the loop over [`seeds()`]; dropped without a
/// panic it says nothing.
///
/// # Examples
/// ```
/// use workyard_testkit::SeedOnPanic;
///
/// let _told = SeedOnPanic::new(17);
/// ```
#[derive(Debug)]
#[must_use = "the seed is told only while this is held"]
pub struct SeedOnPanic {
    seed: u64,
    was_panicking: bool,
}

impl SeedOnPanic {
    /// Holds the seed that is in use from here on.
    pub fn new(seed: u64) -> Self {
        Self { seed, was_panicking: thread::panicking() }
    }

    /// What there is to say if the guard is dropped now: nothing of a panic that was there before it.
    fn news(&self) -> Option<String> {
        let Self { seed, was_panicking } = *self;
        (thread::panicking() && !was_panicking).then(|| format!("seed: {seed} (replay with WORKYARD_SEED={seed})"))
    }
}

impl Drop for SeedOnPanic {
    fn drop(&mut self) {
        if let Some(news) = self.news() {
            #[expect(clippy::print_stderr, reason = "the test runner shows it with the failed test, and only there")]
            {
                eprintln!("{news}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn replay_beats_count_beats_default() {
        let seeds = |replay, count| chosen(replay, count, 3).collect::<Vec<_>>();
        assert_eq!(seeds(None, None), [0, 1, 2]);
        assert_eq!(seeds(None, Some(2)), [0, 1]);
        assert_eq!(seeds(Some(u64::MAX), Some(2)), [u64::MAX]);
    }

    /// Asks its guard what it says, at the moment the guard itself would be asked.
    struct Overheard<'a>(SeedOnPanic, &'a mut Option<String>);

    impl Drop for Overheard<'_> {
        fn drop(&mut self) {
            *self.1 = self.0.news();
        }
    }

    #[test]
    fn the_seed_is_told_on_a_panic_only() {
        let mut told = None;
        drop(Overheard(SeedOnPanic::new(17), &mut told));
        assert_eq!(told, None);

        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _guard = Overheard(SeedOnPanic::new(17), &mut told);
            panic!("on purpose");
        }));
        assert!(panicked.is_err());
        assert_eq!(told.as_deref(), Some("seed: 17 (replay with WORKYARD_SEED=17)"));
    }
}
