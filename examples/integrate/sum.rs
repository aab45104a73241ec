//! Owns a sum that is made in parts: its value, its rounding error, and how many numbers went into it. Never evaluates a
//! function.

/// A sum of many numbers, which remembers what rounding took away (after Neumaier, in Knuth's form without a branch).
///
/// Parts may be merged in any grouping; the values differ by less than the rounding of a few additions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    total: f64,
    lost: f64,
    steps: u64,
}

impl Sum {
    /// Adds a number that stands for so many steps.
    pub(crate) fn add(&mut self, value: f64, steps: u64) {
        let total = self.total + value;
        let of_value = total - self.total;
        self.lost += (self.total - (total - of_value)) + (value - of_value);
        self.total = total;
        self.steps += steps;
    }

    /// Adds another sum.
    pub(crate) fn merge(&mut self, other: Self) {
        self.add(other.total, other.steps);
        self.lost += other.lost;
    }

    /// The sum, rounded once.
    pub(crate) fn value(&self) -> f64 {
        // What a sum that has left the finite numbers "lost" is not a number.
        if self.total.is_finite() { self.total + self.lost } else { self.total }
    }

    /// How many steps are in it.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }
}
