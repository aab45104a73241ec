//! Owns what has been counted and the arithmetic on it. Never knows when.

/// How far a piece of work has come, in items.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Items that ended well.
    pub done: u64,
    /// Items that ended, and not well.
    pub failed: u64,
    /// How many there will be; `None` while nobody knows.
    pub total: Option<u64>,
}

impl Tally {
    /// The items that have ended, well or not.
    pub const fn ended(&self) -> u64 {
        self.done.saturating_add(self.failed)
    }

    /// How many of a hundred have ended, rounded down, so that 100 means all. More than 100 if the total was too low;
    /// `None` if it is unknown or zero.
    pub fn percent(&self) -> Option<u64> {
        self.parts(100)
    }

    /// How many of ten have ended, rounded down.
    pub(super) fn tenths(&self) -> Option<u64> {
        self.parts(10)
    }

    /// The items that have not ended; `None` if the total is unknown.
    pub fn remaining(&self) -> Option<u64> {
        Some(self.total?.saturating_sub(self.ended()))
    }

    /// Whether all have ended. What has no known total never is complete.
    pub fn is_complete(&self) -> bool {
        self.remaining() == Some(0)
    }

    fn parts(&self, of: u128) -> Option<u64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some(u64::try_from(u128::from(self.ended()) * of / u128::from(total)).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ended: u64, total: u64) -> Tally {
        Tally { done: ended, failed: 0, total: Some(total) }
    }

    #[test]
    fn a_hundred_per_cent_are_all_and_no_fewer() {
        for total in [1, 3, 255, 256, 300, 100_000, u64::MAX] {
            assert_eq!(of(0, total).percent(), Some(0));
            assert_eq!(of(total, total).percent(), Some(100));
            assert!(of(total - 1, total).percent() < Some(100), "{total}");
        }
        assert_eq!(of(999, 1_000).percent(), Some(99));
        assert_eq!((of(3, 2).percent(), of(3, 2).remaining()), (Some(150), Some(0)));
    }

    #[test]
    fn what_is_unknown_has_no_share() {
        let unknown = Tally { done: 7, failed: 1, total: None };
        assert_eq!((unknown.ended(), unknown.percent(), unknown.remaining()), (8, None, None));
        assert!(!unknown.is_complete());
        assert_eq!((of(0, 0).percent(), of(0, 0).is_complete()), (None, true));
    }

    #[test]
    fn failed_items_have_ended() {
        let tally = Tally { done: 1, failed: 2, total: Some(4) };
        assert_eq!((tally.ended(), tally.percent(), tally.remaining()), (3, Some(75), Some(1)));
        assert_eq!(Tally { done: u64::MAX, failed: 1, total: None }.ended(), u64::MAX);
    }
}
