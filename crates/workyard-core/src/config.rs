//! Owns the numbers that a lane is built with and their allowed ranges. Never asks the machine.

use std::fmt;
use std::ops::RangeInclusive;

use crate::{Ageing, Order};

/// The numbers of one lane, checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LaneConfig {
    /// How many tasks run at once.
    pub limit: usize,
    /// How many tasks wait behind those that run.
    pub queue: usize,
    /// Which of those that wait is next.
    pub order: Order,
    /// How waiting raises a priority; only [`Order::Priority`] looks at it.
    pub ageing: Ageing,
}

impl LaneConfig {
    /// What `limit` may be. The upper bound keeps the slots of a lane countable in 32 bits with room to spare.
    pub const LIMITS: RangeInclusive<usize> = 1..=1 << 24;
    /// What `queue` may be. `0` means that nobody waits: a task runs at once or is refused.
    pub const QUEUES: RangeInclusive<usize> = 0..=1 << 24;

    /// Checks the numbers.
    ///
    /// # Errors
    /// [`OutOfRange`] names the setting and what it may be.
    pub fn new(limit: usize, queue: usize, order: Order, ageing: Ageing) -> Result<Self, OutOfRange> {
        check("limit", limit, Self::LIMITS)?;
        check("queue", queue, Self::QUEUES)?;
        Ok(Self { limit, queue, order, ageing })
    }
}

/// Refuses a `value` outside `allowed`.
///
/// # Errors
/// [`OutOfRange`] names the setting and what it may be.
pub fn check(setting: &'static str, value: usize, allowed: RangeInclusive<usize>) -> Result<(), OutOfRange> {
    if allowed.contains(&value) { Ok(()) } else { Err(OutOfRange { setting, value, allowed }) }
}

/// A number outside what its setting allows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutOfRange {
    /// The setting's name, as the builder spells it.
    pub setting: &'static str,
    /// What was asked for.
    pub value: usize,
    /// What may be asked for.
    pub allowed: RangeInclusive<usize>,
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, value, allowed } = self;
        write!(f, "{setting} is {value}, allowed is {} to {}", allowed.start(), allowed.end())
    }
}

impl std::error::Error for OutOfRange {}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(limit: usize, queue: usize) -> Result<LaneConfig, OutOfRange> {
        LaneConfig::new(limit, queue, Order::Fifo, Ageing::default())
    }

    #[test]
    fn numbers_at_their_bounds_are_taken_and_those_past_them_are_named() {
        let most = 1 << 24;
        for (limit, queue) in [(1, 0), (most, most)] {
            assert_eq!(lane(limit, queue).map(|lane| (lane.limit, lane.queue)), Ok((limit, queue)));
        }
        for (limit, queue, told) in [
            (0, 0, "limit is 0, allowed is 1 to 16777216"),
            (most + 1, 0, "limit is 16777217, allowed is 1 to 16777216"),
            (1, most + 1, "queue is 16777217, allowed is 0 to 16777216"),
        ] {
            assert_eq!(lane(limit, queue).unwrap_err().to_string(), told);
        }
    }
}
