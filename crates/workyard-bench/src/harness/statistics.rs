//! Owns medians, quantiles and intervals. They come from the order of the values alone, so that nothing is assumed of how
//! these are distributed. Never rounds and never prints units.

use std::fmt;

/// What a row of measurements comes to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// Where the true median is with at least 95 % confidence; `None` with fewer than 6 values.
    pub(crate) interval: Option<(f64, f64)>,
}

impl Summary {
    /// # Panics
    /// When there are no values, or one is not a number.
    #[track_caller]
    pub(crate) fn of(values: &[f64]) -> Self {
        let sorted = sorted(values);
        let count = sorted.len();
        assert!(count > 0, "there is nothing to sum up");
        let interval = outside(count).map(|outside| (sorted[outside], sorted[count - 1 - outside]));
        let median = f64::midpoint(sorted[(count - 1) / 2], sorted[count / 2]);
        Self { median, min: sorted[0], max: sorted[count - 1], interval }
    }
}

impl Summary {
    /// Whether the true median is at most this: `None` where the interval has values on both sides, or there is none.
    pub(crate) fn is_at_most(&self, limit: f64) -> Option<bool> {
        match self.interval? {
            (_, high) if high <= limit => Some(true),
            (low, _) if low > limit => Some(false),
            _ => None,
        }
    }
}

/// As a ratio: the median, `[interval]` and `(min to max)`, with two digits after the point if nothing else is said.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, min, max, interval } = self;
        let digits = f.precision().unwrap_or(2);
        write!(f, "{median:.digits$} ")?;
        if let Some((low, high)) = interval {
            write!(f, "[{low:.digits$}, {high:.digits$}] ")?;
        }
        write!(f, "({min:.digits$} to {max:.digits$})")
    }
}

/// How many of `count` values may be left out on either side so that the median is between the others with at least 95 %
/// confidence: each value is below the true median with probability 1/2, so the number of those is binomial.
fn outside(count: usize) -> Option<usize> {
    let draws = i32::try_from(count).ok()?;
    // The probability that at most `left` values are below the median, which must be 2.5 % at most.
    let (mut term, mut tail, mut left) = (0.5_f64.powi(draws), 0.0, 0_i32);
    loop {
        tail += term;
        if tail > 0.025 {
            return usize::try_from(left - 1).ok();
        }
        term *= f64::from(draws - left) / f64::from(left + 1);
        left += 1;
    }
}

/// The smallest value that at least this share of the values does not exceed.
///
/// # Panics
/// When there are no values, or one is not a number.
#[track_caller]
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of measurements are far below 2^53"
    )]
    let rank = (values.len() as f64 * share).ceil() as usize;
    sorted(values)[rank.clamp(1, values.len()) - 1]
}

#[track_caller]
fn sorted(values: &[f64]) -> Vec<f64> {
    assert!(values.iter().all(|value| !value.is_nan()), "a measurement is not a number");
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::{Summary, outside, quantile};

    #[test]
    fn medians_of_odd_and_even_counts() {
        assert_eq!(Summary::of(&[3.0, 1.0, 2.0]).median.to_bits(), 2.0_f64.to_bits());
        assert_eq!(Summary::of(&[4.0, 1.0, 2.0, 3.0]).median.to_bits(), 2.5_f64.to_bits());
        let one = Summary { median: 7.0, min: 7.0, max: 7.0, interval: None };
        assert_eq!(Summary::of(&[7.0]), one);
    }

    #[test]
    fn intervals_are_those_of_the_tables_of_the_sign_test() {
        // (values, the rank of the lower end, counted from 1)
        for (count, rank) in [(6, 1), (8, 1), (9, 2), (11, 2), (12, 3), (15, 4), (20, 6), (25, 8), (30, 10), (50, 18)] {
            assert_eq!(outside(count), Some(rank - 1), "{count}");
        }
        assert_eq!(outside(5), None);
        assert_eq!(outside(0), None);
    }

    #[test]
    fn an_interval_leaves_out_as_many_on_either_side() {
        let values: Vec<f64> = (1..=11).map(f64::from).collect();
        let summary = Summary::of(&values);
        assert_eq!(summary.interval, Some((2.0, 10.0)));
        assert_eq!(summary.to_string(), "6.00 [2.00, 10.00] (1.00 to 11.00)");
        assert_eq!(Summary::of(&values[..3]).to_string(), "2.00 (1.00 to 3.00)");
        assert_eq!(format!("{:.3}", Summary::of(&values[..3])), "2.000 (1.000 to 3.000)");
    }

    #[test]
    fn a_limit_inside_of_the_interval_decides_nothing() {
        let with = |interval| Summary { median: 2.0, min: 0.5, max: 4.0, interval };
        let summary = with(Some((1.0, 3.0)));
        assert_eq!([3.0, 2.9, 1.0, 0.9].map(|limit| summary.is_at_most(limit)), [Some(true), None, None, Some(false)]);
        assert_eq!(with(None).is_at_most(9.0), None);
    }

    #[test]
    fn quantiles_are_values_that_were_seen() {
        let values: Vec<f64> = (1..=1_000).rev().map(f64::from).collect();
        let at = |share| quantile(&values, share).to_bits();
        assert_eq!(at(0.5), 500.0_f64.to_bits());
        assert_eq!(at(0.99), 990.0_f64.to_bits());
        assert_eq!(at(0.999), 999.0_f64.to_bits());
        assert_eq!(at(1.0), 1_000.0_f64.to_bits());
        assert_eq!(at(0.0), 1.0_f64.to_bits());
        // At least half of three values are two of them.
        assert_eq!(quantile(&[1.0, 2.0, 3.0], 0.5).to_bits(), 2.0_f64.to_bits());
    }

    #[test]
    #[should_panic(expected = "not a number")]
    fn what_is_not_a_number_has_no_place() {
        Summary::of(&[1.0, f64::NAN]);
    }
}
