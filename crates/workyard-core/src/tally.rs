//! Owns the count of how the items of a runner ended, between two visits to the lane. Never holds a result.

use crate::Outcome;

/// How many items ended in which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    ended: [u64; Outcome::ALL.len()],
    never_started: u64,
}

impl Tally {
    /// Nothing has ended.
    pub const NONE: Self = Self { ended: [0; Outcome::ALL.len()], never_started: 0 };

    /// One item ended in this way.
    pub fn count(&mut self, outcome: Outcome) {
        if let Some(count) = self.ended.get_mut(outcome as usize) {
            *count += 1;
        }
    }

    /// One item ended in this way before its first step.
    pub fn count_never_started(&mut self, outcome: Outcome) {
        self.count(outcome);
        self.never_started += 1;
    }

    /// How many items ended.
    pub fn total(&self) -> u64 {
        self.ended.iter().sum()
    }

    /// How many items ended well.
    pub fn completed(&self) -> u64 {
        self.ends().find(|&(outcome, _)| outcome == Outcome::Completed).map_or(0, |(_, count)| count)
    }

    /// How many of the items never took a step.
    pub const fn never_started(&self) -> u64 {
        self.never_started
    }

    pub(crate) fn ends(&self) -> impl Iterator<Item = (Outcome, u64)> + '_ {
        Outcome::ALL.into_iter().zip(self.ended.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_is_counted_apart() {
        let mut tally = Tally::NONE;
        for outcome in Outcome::ALL {
            tally.count(outcome);
        }
        tally.count(Outcome::Completed);
        tally.count_never_started(Outcome::Cancelled);
        assert_eq!((tally.total(), tally.completed(), tally.never_started()), (8, 2, 1));
        let cancelled = tally.ends().find(|&(outcome, _)| outcome == Outcome::Cancelled);
        assert_eq!(cancelled, Some((Outcome::Cancelled, 2)));
    }
}
