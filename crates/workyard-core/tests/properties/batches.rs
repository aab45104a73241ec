//! Whatever is measured, batches stay within their bounds, cover every item once, and are fair at the end.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use workyard_core::ChunkSize;

/// What a batch should take, as the page of the batches says.
const TARGET: u64 = 75_000;

proptest! {
    #[test]
    fn a_batch_is_at_least_one_and_at_most_what_is_allowed(
        runners in 0..70_usize,
        largest in 0..5_000_usize,
        fixed in proptest::option::of(0..6_000_usize),
        measured in vec((0..10_000_u64, 0..10_000_000_000_u64), 0..20),
        remaining in proptest::option::of(0..1_000_000_u64),
    ) {
        let mut size = ChunkSize::new(runners, largest, fixed);
        let bound = largest.max(1) as u64;
        for (items, nanos) in measured {
            size.measured(items, Duration::from_nanos(nanos));
            let next = size.next(remaining);
            prop_assert!((1..=bound).contains(&next), "{next} of {bound}");
            prop_assert!(size.ahead() >= 2 * size.next(None), "no less at hand than two batches");
            if let Some(fixed) = fixed {
                prop_assert_eq!(next, (fixed as u64).clamp(1, bound));
            }
        }
    }

    #[test]
    fn of_the_rest_no_runner_takes_more_than_half_its_share(
        runners in 1..70_usize,
        cost in 0..1_000_u64,
        remaining in 1..1_000_000_u64,
    ) {
        let mut size = ChunkSize::new(runners, usize::MAX >> 1, None);
        // A very large batch was measured, so that the growth from batch to batch bounds nothing.
        size.measured(1 << 30, Duration::from_nanos(cost << 30));
        let next = size.next(Some(remaining));
        prop_assert!(next <= remaining.div_ceil(2 * runners as u64));
        prop_assert!(next * cost.max(1) <= TARGET.max(cost), "{next} items of {cost} ns");
    }

    #[test]
    fn batches_cover_the_input_and_end_with_small_ones(runners in 1..9_usize, items in 1..20_000_u64, cost in 0..200_000_u64) {
        let mut size = ChunkSize::new(runners, 1_024, None);
        let (mut left, mut batches) = (items, 0);
        while left > 0 {
            let next = size.next(Some(left)).min(left);
            size.measured(next, Duration::from_nanos(cost * next));
            left -= next;
            batches += 1;
            prop_assert!(batches <= items, "no batch is empty");
            prop_assert!(left > 0 || next <= items.div_ceil(2 * runners as u64), "the last of {items} has {next}");
        }
    }
}
