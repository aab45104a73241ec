//! Owns where a timer stands among all others. Never knows what a timer does.

use crate::{Moment, Priority};

/// Where a timer stands: by its due time, then by priority, then by its number, which counts in order of insertion.
///
/// One number, so that two are compared by one comparison and told apart by their bits: 64 of the due time, 8 of the priority, the most
/// urgent one the least, and 56 of the number, which a timer a nanosecond does not use up in two years.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DueKey(u128);

const URGENCY_AT: u32 = 56;
const DUE_AT: u32 = 64;
const NUMBERS: u64 = (1 << URGENCY_AT) - 1;

impl DueKey {
    /// How many bits it has.
    pub(super) const BITS: u32 = u128::BITS;

    /// The place of a timer. Of the number, 56 bits count.
    pub const fn new(due: Moment, priority: Priority, number: u64) -> Self {
        let urgency = (Priority::LEVELS - 1 - priority.level()) as u64;
        let within = (urgency << URGENCY_AT) | (number & NUMBERS);
        Self(((due.nanos() as u128) << DUE_AT) | within as u128)
    }

    /// When the timer is due.
    pub const fn due(&self) -> Moment {
        Moment::from_nanos((self.0 >> DUE_AT) as u64)
    }

    /// How urgent it is.
    pub fn priority(&self) -> Priority {
        let urgency = (self.within() >> URGENCY_AT) as usize;
        Priority::ALL.into_iter().rev().nth(urgency).unwrap_or_default()
    }

    /// The timer's number.
    pub const fn number(&self) -> u64 {
        self.within() & NUMBERS
    }

    /// Its place among those that are due at the same time.
    #[expect(clippy::cast_possible_truncation, reason = "these are the bits that are wanted")]
    const fn within(&self) -> u64 {
        self.0 as u64
    }

    /// The same timer, at another time.
    #[must_use]
    pub fn at(self, due: Moment) -> Self {
        Self::new(due, self.priority(), self.number())
    }

    /// The bits from this one on, and none above all.
    pub(super) fn bits_from(self, bit: u32) -> u128 {
        self.0.checked_shr(bit).unwrap_or(0)
    }

    /// In which bits two keys differ.
    pub(super) const fn differs_in(self, other: Self) -> u128 {
        self.0 ^ other.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn gives_back_what_it_is_made_of_and_stands_by_that() {
        let mut keys = Vec::new();
        for due in [0, 1, 1_000, u64::MAX - 1, u64::MAX] {
            for priority in Priority::ALL.into_iter().rev() {
                for number in [0, 1, NUMBERS] {
                    let due = Moment::new(Duration::from_nanos(due));
                    let key = DueKey::new(due, priority, number);
                    assert_eq!((key.due(), key.priority(), key.number()), (due, priority, number));
                    assert_eq!(DueKey::new(Moment::default(), priority, number).at(due), key);
                    keys.push(key);
                }
            }
        }
        assert!(keys.is_sorted_by(|a, b| a < b), "by time, then the most urgent, then by number");
    }
}
