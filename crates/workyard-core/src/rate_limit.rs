//! Owns how many log records a second are let through, and the count of those that were not. Never logs.

use std::time::Duration;

use crate::Moment;

/// Lets through at most `limit` records in each second, and counts the rest.
#[derive(Debug)]
pub struct RateLimit {
    limit: u32,
    second_began: Option<Moment>,
    passed: u32,
    held_back: u64,
}

impl RateLimit {
    /// At most `limit` a second.
    pub const fn new(limit: u32) -> Self {
        Self { limit, second_began: None, passed: 0, held_back: 0 }
    }

    /// Whether a record may be written now: then with the number of those held back before it, which it should name.
    pub fn pass(&mut self, now: Moment) -> Option<u64> {
        self.begin_second(now);
        if self.passed == self.limit {
            self.held_back += 1;
            return None;
        }
        self.passed += 1;
        Some(self.take_held_back())
    }

    /// The number held back, if there is one and a record, which should name it, may be written now.
    pub fn pass_held_back(&mut self, now: Moment) -> Option<u64> {
        if self.held_back == 0 {
            return None;
        }
        self.begin_second(now);
        if self.passed == self.limit {
            return None;
        }
        self.passed += 1;
        Some(self.take_held_back())
    }

    /// How many have been held back since a record was last written.
    pub const fn held_back(&self) -> u64 {
        self.held_back
    }

    /// The number held back since a record was last written, which a last record should name.
    pub const fn take_held_back(&mut self) -> u64 {
        std::mem::replace(&mut self.held_back, 0)
    }

    fn begin_second(&mut self, now: Moment) {
        if self.second_began.is_none_or(|began| now.since(began) >= Duration::from_secs(1)) {
            self.second_began = Some(now);
            self.passed = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_second_pass_and_the_rest_is_named_later() {
        let mut limit = RateLimit::new(10);
        let at = |ms| Moment::new(Duration::from_millis(ms));
        let passed = (0..500).filter(|&ms| limit.pass(at(ms)).is_some()).count();
        assert_eq!(passed, 10);
        assert_eq!(limit.pass(at(999)), None);
        assert_eq!(limit.pass(at(1_000)), Some(491));
        assert_eq!(limit.pass(at(1_001)), Some(0));
    }

    #[test]
    fn the_rest_counts_as_a_record_and_is_told_once() {
        let mut limit = RateLimit::new(2);
        let at = |ms| Moment::new(Duration::from_millis(ms));
        assert_eq!([0, 1, 2, 3].map(|ms| limit.pass(at(ms))), [Some(0), Some(0), None, None]);
        assert_eq!((limit.pass_held_back(at(999)), limit.held_back()), (None, 2));
        assert_eq!(limit.pass_held_back(at(1_000)), Some(2));
        assert_eq!(limit.pass_held_back(at(1_000)), None);
        assert_eq!([1_001, 1_002].map(|ms| limit.pass(at(ms))), [Some(0), None]);
        assert_eq!((limit.take_held_back(), limit.take_held_back()), (1, 0));
    }
}
