//! Owns the guess whether the futures of a lane are mostly ready when they are first polled, and soon. Never polls.
//!
//! Those that are need no task of the runtime each: whoever polls them one after the other is done with each at once. The
//! others do, so that a long poll holds up nobody. The guess follows what was seen last; a single long poll ends it.

use std::time::Duration;

/// What was seen of the first polls of a lane's futures.
#[derive(Clone, Copy, Debug, Default)]
pub struct FirstPolls {
    /// Grows with those that were ready soon.
    short: u32,
}

impl FirstPolls {
    /// One of so many futures is looked at while they are not expected to be ready.
    pub const SAMPLE: u64 = 16;
    /// A poll that takes longer holds up others noticeably.
    const LONG: Duration = Duration::from_micros(100);
    /// As many have to be seen before it is believed.
    const ENOUGH: u32 = 32;
    /// What was seen longer ago does not count.
    const MOST: u32 = 64;
    /// One that is not ready costs about as much more as so many that are save.
    const PENDING: u32 = 4;

    /// A future was polled for the first time.
    pub fn saw(&mut self, is_ready: bool, took: Duration) {
        self.short = if took > Self::LONG {
            0
        } else if is_ready {
            u32::min(self.short + 1, Self::MOST)
        } else {
            self.short.saturating_sub(Self::PENDING)
        };
    }

    /// Whether the next future is expected to be ready soon.
    pub const fn are_short(self) -> bool {
        self.short >= Self::ENOUGH
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::FirstPolls;

    fn after(seen: impl IntoIterator<Item = (bool, u64)>) -> bool {
        let mut polls = FirstPolls::default();
        for (is_ready, micros) in seen {
            polls.saw(is_ready, Duration::from_micros(micros));
        }
        polls.are_short()
    }

    #[test]
    fn nothing_is_expected_before_enough_was_seen() {
        assert!(!after([]));
        assert!(!after([(true, 1); 31]));
        assert!(after([(true, 1); 32]));
    }

    #[test]
    fn a_long_poll_ends_the_guess() {
        let short = [(true, 100); 1_000];
        assert!(after(short));
        assert!(!after(short.into_iter().chain([(true, 101)])));
        assert!(!after(short.into_iter().chain([(true, 101)]).chain([(true, 1); 31])));
    }

    #[test]
    fn one_in_ten_may_wait_and_one_in_three_may_not() {
        let one_in = |n: u64| (0..1_000).map(move |index| (index % n != 0, 1));
        assert!(after(one_in(10)));
        assert!(!after(one_in(3)));
        assert!(!after([(false, 1); 1_000]));
    }
}
