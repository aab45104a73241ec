//! Owns the guess whether the next body of a lane is over soon. Never runs one.
//!
//! Work on short bodies is mostly what is done around them, and can be done for several at once: futures that are ready when they
//! are polled once or twice need no task of the runtime each, and who waits for results can be woken once for some. Bodies that take
//! long would hold up others that way. So the guess follows what was seen last, and where more than a few in ten thousand take
//! long it is never made. It bears one of them, since the system may well stop a thread in the midst of a short body.

use std::time::Duration;

/// What was seen of the bodies of a lane.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShortBodies {
    /// How many were over soon, less what the others weigh.
    score: u32,
}

impl ShortBodies {
    /// Where looking is not for nothing, one of so many is looked at.
    pub const SAMPLE: u32 = 16;
    /// Where as many were over soon as count at all.
    pub const EXPECTED: Self = Self { score: Self::MOST };
    /// A body that takes longer holds up others noticeably.
    const LONG: Duration = Duration::from_micros(100);
    /// As many have to be seen before it is believed.
    const ENOUGH: u32 = 1_024;
    /// What was seen longer ago does not count.
    const MOST: u32 = 4_096;
    /// What is saved with so many that are over is lost with one that is not.
    const LOST: u32 = 4;
    /// A long one takes so many short ones to be made good.
    const COST: u32 = 2_048;

    /// A body was run, or polled once or twice, for so long; it stands for `bodies`.
    #[inline]
    pub fn saw(&mut self, is_over: bool, took: Duration, bodies: u32) {
        self.score = if took > Self::LONG {
            self.score.saturating_sub(Self::COST)
        } else if is_over {
            u32::min(self.score + bodies, Self::MOST)
        } else {
            self.score.saturating_sub(Self::LOST * bodies)
        };
    }

    /// Whether the next body is expected to be over soon.
    #[inline]
    pub const fn are_expected(self) -> bool {
        self.score >= Self::ENOUGH
    }
}

#[cfg(test)]
mod tests {
    use std::iter::repeat_n;
    use std::time::Duration;

    use super::ShortBodies;

    fn after(seen: impl IntoIterator<Item = (bool, u64)>) -> bool {
        let mut bodies = ShortBodies::default();
        for (is_over, micros) in seen {
            bodies.saw(is_over, Duration::from_micros(micros), 1);
        }
        bodies.are_expected()
    }

    const SHORT: (bool, u64) = (true, 100);
    const LONG: (bool, u64) = (true, 101);
    const NOT_OVER: (bool, u64) = (false, 1);

    /// One of this kind after so many short ones, again and again.
    fn one_in(kind: (bool, u64), all: usize) -> impl Iterator<Item = (bool, u64)> {
        repeat_n(SHORT, all - 1).chain([kind]).cycle().take(20_000)
    }

    #[test]
    fn nothing_is_expected_before_enough_was_seen() {
        assert!(!after([]));
        assert!(!after(repeat_n(SHORT, 1_023)));
        assert!(after(repeat_n(SHORT, 1_024)));
    }

    #[test]
    fn one_that_is_looked_at_stands_for_the_others() {
        let mut bodies = ShortBodies::default();
        for _ in 0..64 {
            assert!(!bodies.are_expected());
            bodies.saw(true, Duration::ZERO, ShortBodies::SAMPLE);
        }
        assert!(bodies.are_expected());
    }

    #[test]
    fn one_that_is_looked_at_and_not_over_stands_for_the_others_too() {
        let mut bodies = ShortBodies::EXPECTED;
        // Each of sixteen costs four, of 4,096 down to 1,024.
        for _ in 0..48 {
            bodies.saw(false, Duration::ZERO, ShortBodies::SAMPLE);
            assert!(bodies.are_expected());
        }
        bodies.saw(false, Duration::ZERO, 1);
        assert!(!bodies.are_expected());
    }

    #[test]
    fn one_long_body_is_borne_and_a_second_soon_after_is_not() {
        let many = || repeat_n(SHORT, 10_000);
        assert!(after(many().chain([LONG])));
        assert!(!after(many().chain([LONG, LONG])));
        assert!(!after(many().chain([LONG, LONG]).chain(repeat_n(SHORT, 1_023))));
        assert!(after(many().chain([LONG, LONG]).chain(repeat_n(SHORT, 1_024))));
    }

    #[test]
    fn a_long_one_in_a_hundred_rules_it_out() {
        for seen in 0..500 {
            assert!(!after(one_in(LONG, 100).take(seen * 7)), "after {}", seen * 7);
        }
    }

    #[test]
    fn one_in_ten_that_is_not_over_is_borne_and_one_in_three_is_not() {
        assert!(after(one_in(NOT_OVER, 10)));
        assert!(!after(one_in(NOT_OVER, 3)));
        assert!(!after(repeat_n(NOT_OVER, 10_000)));
    }
}
