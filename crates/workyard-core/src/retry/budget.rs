//! Owns how many retries all who share a budget may make. Never counts attempts of a single task.
//!
//! A limit on the attempts of each task does not help a dependency that is down: with five attempts, all of its callers together send it
//! five times their load, just then. A budget bounds what they send together. Each first try adds `ratio` to it, each retry takes one,
//! and it never holds more than `reserve`, with which it begins. So of any n first tries in a row
//!
//! `retries ≤ reserve + ratio × n`, and `attempts ≤ (1 + ratio) × n + reserve`:
//!
//! the load is amplified by `1 + ratio`, and a reserve that does not grow with it. (Since the store is bounded, a quiet year does not save
//! up for a storm; so there is no need for a clock.)

use super::invalid::{InvalidRetry, check_count, check_number};
use crate::mutant;

/// How many retries may be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetryBudget {
    /// Thousandths of a retry: what each first try adds, what is there, and the most that may be there.
    ratio: u64,
    left: u64,
    most: u64,
}

impl RetryBudget {
    /// The least that the ratio may be.
    pub const LEAST_RATIO: f64 = 0.001;
    /// The most that the ratio may be.
    pub const MOST_RATIO: f64 = 100.0;
    /// The most that the reserve may be; the least is 1, since a whole retry has to fit.
    pub const MOST_RESERVE: u32 = 1_000_000;

    /// `ratio` retries for each first try, counted in thousandths, and at most `reserve` at once, which are there from the start.
    ///
    /// # Errors
    /// [`InvalidRetry`] names the setting and what it may be.
    pub fn new(ratio: f64, reserve: u32) -> Result<Self, InvalidRetry> {
        check_number("ratio", ratio, Self::LEAST_RATIO, Self::MOST_RATIO)?;
        check_count("reserve", reserve, 1, Self::MOST_RESERVE)?;
        let most = u64::from(reserve) * RETRY;
        // Down, so that the promised factor holds; the sum forgives the error of the representation.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 100,000")]
        let ratio = (ratio * 1_000.0 + 1e-6).floor() as u64;
        Ok(Self { ratio, left: most, most })
    }

    /// A task makes its first attempt.
    pub const fn first_try(&mut self) {
        let sum = self.left + self.ratio;
        self.left = if sum < self.most { sum } else { self.most };
    }

    /// Takes one retry, if there is one.
    pub fn take(&mut self) -> bool {
        match self.left.checked_sub(RETRY) {
            Some(left) => {
                self.left = left;
                true
            }
            None => mutant!("retry-budget-without-end"),
        }
    }

    /// How many retries there are.
    pub const fn left(&self) -> u64 {
        self.left / RETRY
    }
}

/// One retry, in thousandths.
const RETRY: u64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retry::Chance;

    #[test]
    fn it_begins_with_the_reserve_and_goes_on_by_the_ratio() {
        let mut budget = RetryBudget::new(0.25, 2).unwrap();
        assert_eq!([budget.take(), budget.take(), budget.take()], [true, true, false]);
        (0..3).for_each(|_| budget.first_try());
        assert!(!budget.take(), "three quarters are not one");
        budget.first_try();
        assert_eq!([budget.take(), budget.take()], [true, false]);
    }

    #[test]
    fn it_never_saves_up_more_than_the_reserve() {
        let mut budget = RetryBudget::new(1.0, 3).unwrap();
        (0..1_000_000).for_each(|_| budget.first_try());
        assert_eq!((0..100).filter(|_| budget.take()).count(), 3);
    }

    #[test]
    fn of_any_first_tries_in_a_row_no_more_are_retried_than_is_documented() {
        for (ratio, reserve) in [(0.001, 1), (0.1, 1), (0.1, 10), (0.2, 100), (0.333, 7), (1.0, 1), (2.5, 40)] {
            for seed in 0..20 {
                let mut chance = Chance::new(seed);
                let mut budget = RetryBudget::new(ratio, reserve).unwrap();
                // Bursts of either kind; after each step, first tries and retries so far.
                let mut steps = vec![(0_u32, 0_u32)];
                while steps.len() < 400 {
                    let tries_first = chance.draw().is_multiple_of(2);
                    for _ in 0..chance.draw() % 30 {
                        let &(tries, retries) = steps.last().unwrap();
                        if tries_first {
                            budget.first_try();
                            steps.push((tries + 1, retries));
                        } else {
                            let retried = u32::from(budget.take());
                            steps.push((tries, retries + retried));
                        }
                    }
                }
                for (at, from) in steps.iter().enumerate() {
                    for to in steps.iter().skip(at) {
                        let (tries, retries) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
                        let bound = f64::from(reserve) + ratio * tries;
                        assert!(retries <= bound + 1e-9, "{ratio} {reserve} seed {seed}: {retries} of {tries}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_bound_is_reached() {
        let mut budget = RetryBudget::new(0.1, 10).unwrap();
        let mut retries = 0;
        for _ in 0..1_000 {
            retries += (0..3).filter(|_| budget.take()).count();
            budget.first_try();
        }
        retries += (0..3).filter(|_| budget.take()).count();
        assert_eq!(retries, 10 + 100, "the reserve, and a tenth of the first tries");
    }

    #[test]
    fn numbers_out_of_range_are_refused_by_name() {
        for ratio in [0.0, -0.1, 0.000_9, 100.1, f64::INFINITY, f64::NAN] {
            let error = RetryBudget::new(ratio, 10).unwrap_err();
            assert_eq!(error.to_string(), format!("ratio is {ratio}, allowed is 0.001 to 100"));
        }
        for reserve in [0, 1_000_001, u32::MAX] {
            let error = RetryBudget::new(0.1, reserve).unwrap_err();
            assert_eq!(error.to_string(), format!("reserve is {reserve}, allowed is 1 to 1000000"));
        }
        assert!(RetryBudget::new(0.001, 1).is_ok() && RetryBudget::new(100.0, 1_000_000).is_ok());
    }
}
