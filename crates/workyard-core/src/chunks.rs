//! Owns how many items of a map a runner takes at once. Never measures: what a batch cost is an argument.
//!
//! A batch should take long enough that handing it over costs next to nothing, and no longer: [`TARGET`]. So the size
//! follows the measured cost of an item. Towards the end of the input the batches shrink (guided self-scheduling,
//! Polychronopoulos and Kuck 1987), so that the last runners end at about the same time.

use std::time::Duration;

use crate::moment::nanos;

/// What a batch should take.
const TARGET: Duration = Duration::from_micros(75);

/// For how long the inputs at hand should keep the runners busy: whoever brings more is woken when half of them are used up, and
/// may wait for a CPU that a runner computes on for as long as the system lets it.
const AHEAD: Duration = Duration::from_millis(2);

/// A batch is at most so many times larger than the one before it, since its items may be unlike the ones that were measured.
const GROWTH: u64 = 16;

/// The size of the batches of one map.
#[derive(Clone, Debug)]
pub struct ChunkSize {
    runners: u64,
    largest: u64,
    /// Set by the user; nothing is measured then.
    fixed: Option<u64>,
    /// A moving average of what an item cost, in nanoseconds; `None` before the first batch.
    item: Option<u64>,
    last: u64,
}

impl ChunkSize {
    /// For so many runners, with batches of at most `largest` items (at least 1). `fixed` overrides the measuring, not the bound.
    pub fn new(runners: usize, largest: usize, fixed: Option<usize>) -> Self {
        let [runners, largest] = [runners, largest].map(|number| number.max(1) as u64);
        Self { runners, largest, fixed: fixed.map(|size| (size as u64).clamp(1, largest)), item: None, last: 1 }
    }

    /// A batch of `items` took so long.
    pub fn measured(&mut self, items: u64, took: Duration) {
        let Some(cost) = nanos(took).checked_div(items) else { return };
        self.last = self.last.max(items);
        self.item = Some(match self.item {
            None => cost,
            // What got dearer counts at once: a batch that is too long hurts more than one that is too short.
            Some(old) if cost >= old => old.midpoint(cost),
            Some(old) => (old * 3 + cost) / 4,
        });
    }

    /// The size of the next batch, of at least 1. `remaining` is how many items there are in all, if that is known.
    pub fn next(&self, remaining: Option<u64>) -> u64 {
        if let Some(fixed) = self.fixed {
            return fixed;
        }
        let by_cost = match self.item {
            None => 1,
            Some(item) => (nanos(TARGET) / item.max(1)).min(self.last.saturating_mul(GROWTH)),
        };
        let by_tail = remaining.map_or(u64::MAX, |remaining| remaining.div_ceil(2 * self.runners));
        by_cost.min(by_tail).clamp(1, self.largest)
    }

    /// How many items should be at hand for all runners: those that take each of them 2 ms, and at least two batches.
    pub fn ahead(&self) -> u64 {
        let by_time = self.item.map_or(0, |item| nanos(AHEAD) / item.max(1));
        by_time.max(2 * self.next(None)).saturating_mul(self.runners)
    }

    /// The most items that a batch has.
    pub const fn largest(&self) -> u64 {
        self.largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: Duration = Duration::from_micros(1);

    #[test]
    fn begins_with_one_and_grows_towards_the_target() {
        let mut size = ChunkSize::new(2, 1_024, None);
        assert_eq!(size.next(None), 1);
        size.measured(1, US);
        assert_eq!(size.next(None), 16, "no more than 16 times the last");
        size.measured(16, 16 * US);
        assert_eq!(size.next(None), 75);
        size.measured(75, 75 * US);
        assert_eq!(size.next(None), 75);
    }

    #[test]
    fn dear_items_come_one_by_one() {
        let mut size = ChunkSize::new(2, 1_024, None);
        size.measured(1, 10 * US);
        assert_eq!(size.next(None), 7);
        size.measured(7, 7_000 * US);
        assert_eq!(size.next(None), 1);
    }

    #[test]
    fn what_got_dearer_counts_by_half_and_what_got_cheaper_by_a_quarter() {
        let mut size = ChunkSize::new(2, 1_000_000, None);
        for (nanos, next) in [(1_000, 75), (3_000, 37), (400, 46), (1_600, 46)] {
            size.measured(1_000, 1_000 * Duration::from_nanos(nanos));
            assert_eq!(size.next(None), next, "after items of {nanos} ns");
        }
        size.measured(0, US);
        assert_eq!(size.next(None), 46, "of no items nothing is learnt");
    }

    #[test]
    fn free_items_are_bounded() {
        let mut size = ChunkSize::new(2, 1_024, None);
        for _ in 0..9 {
            size.measured(size.next(None), Duration::ZERO);
        }
        assert_eq!(size.next(None), 1_024);
    }

    #[test]
    fn what_is_at_hand_follows_the_cost_too() {
        let mut size = ChunkSize::new(2, 1_024, None);
        assert_eq!(size.ahead(), 4, "two batches of one for each runner");
        size.measured(1, US);
        assert_eq!(size.ahead(), 2 * 2_000);
        let mut dear = ChunkSize::new(2, 1_024, None);
        dear.measured(1, 5_000 * US);
        assert_eq!(dear.ahead(), 4);
        assert_eq!(ChunkSize::new(3, 1_024, Some(7)).ahead(), 3 * 2 * 7);
    }

    #[test]
    fn shrinks_near_the_tail() {
        let mut size = ChunkSize::new(4, 1_024, None);
        size.measured(1_024, Duration::ZERO);
        let mut remaining = 1_000;
        let mut sizes = Vec::new();
        while remaining > 0 {
            let next = size.next(Some(remaining)).min(remaining);
            remaining -= next;
            sizes.push(next);
        }
        assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
        assert_eq!((sizes.first(), sizes.last()), (Some(&125), Some(&1)));
    }

    #[test]
    fn what_the_user_says_holds_within_the_bound() {
        let mut size = ChunkSize::new(2, 100, Some(7));
        size.measured(7, US);
        assert_eq!((size.next(None), size.next(Some(1))), (7, 7));
        assert_eq!(ChunkSize::new(2, 100, Some(0)).next(None), 1);
        assert_eq!(ChunkSize::new(2, 100, Some(1_000)).next(None), 100);
        assert_eq!(ChunkSize::new(0, 0, None).next(Some(0)), 1);
        assert_eq!([0, 1, 100].map(|largest| ChunkSize::new(2, largest, None).largest()), [1, 1, 100]);
    }
}
