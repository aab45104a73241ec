//! Owns which seeds a test runs with, and telling the one that failed. Never chooses a seed by itself.

use std::env;
use std::ops::Range;
use std::thread;

/// The seeds of a test: 0, 1, 2 and so on, `default_count` of them.
///
/// The environment says otherwise: `WORKYARD_SEED=17` gives that one seed, to replay a failure, and
/// `WORKYARD_SEEDS=100000` gives that many, to hunt for one; `WORKYARD_SEEDS=100000..200000` goes on from there. Name the seed
/// when the test fails with [`SeedOnPanic`].
///
/// # Panics
/// When one of the two variables is set to something else: a misspelt replay would pass unnoticed.
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
    let value = |name: &str| Some(env::var_os(name)?.to_string_lossy().into_owned());
    let replay = value("WORKYARD_SEED").map(|text| number(&text).unwrap_or_else(|| refuse("WORKYARD_SEED", &text)));
    let hunt = value("WORKYARD_SEEDS").map(|text| range(&text).unwrap_or_else(|| refuse("WORKYARD_SEEDS", &text)));
    chosen(replay, hunt, default_count)
}

#[track_caller]
#[expect(clippy::panic, reason = "a test that cannot know its seeds must not pass")]
fn refuse<T>(name: &str, value: &str) -> T {
    panic!("{name}={value:?} is neither a whole number nor, where there may be several, two with `..` between them")
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// So many seeds, or those from one up to another.
fn range(text: &str) -> Option<Range<u64>> {
    match text.split_once("..") {
        Some((from, to)) => Some(number(from)?..number(to)?),
        None => Some(0..number(text)?),
    }
}

/// One seed to replay beats a hunt.
fn chosen(replay: Option<u64>, hunt: Option<Range<u64>>, default_count: u64) -> impl Iterator<Item = u64> {
    let (one, many) = match replay {
        Some(seed) => (Some(seed), 0..0),
        None => (None, hunt.unwrap_or(0..default_count)),
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
    fn replay_beats_hunt_beats_default() {
        let seeds = |replay, hunt: &str| chosen(replay, range(hunt), 3).collect::<Vec<_>>();
        assert_eq!(seeds(None, ""), [0, 1, 2]);
        assert_eq!(seeds(None, "2"), [0, 1]);
        assert_eq!(seeds(None, " 7 .. 9 "), [7, 8]);
        assert_eq!(seeds(Some(u64::MAX), "2"), [u64::MAX]);
        for misspelt in ["-1", "1..", "1...3", "1..=3", "a..b"] {
            assert_eq!(range(misspelt), None, "{misspelt}");
        }
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
