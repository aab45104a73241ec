//! Owns the allocator that counts, and the maps during which it does.

use std::alloc::System;
use std::future::ready;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::task::yield_now;
use workyard::{BoxError, Scheduler};

use super::group::no_row;
use super::runtime::{Awaited, run};
use crate::harness::Sample;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How often all threads allocate, for each of so many items in the midst of a map.
pub(super) fn sample(row: &str, items: u64, number: &'static str) -> Result<Sample, BoxError> {
    let (first, last) = (WARM_UP, WARM_UP + items);
    let inputs = 0..last + BEHIND;
    let counted = move |before: usize, after: usize| {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let per_item = (after - before) as f64 / items as f64;
        Sample::default().with(number, per_item)
    };
    macro_rules! count {
        ($yard:ident => $map:expr) => {
            run(Awaited::InTask, async move {
                let $yard = Scheduler::new();
                let (mut before, mut after, mut seen) = (0, 0, 0);
                let look = |_| {
                    seen += 1;
                    if seen == first {
                        before = allocations();
                    } else if seen == last {
                        after = allocations();
                    }
                };
                $map.for_each(look).await?;
                Ok(counted(before, after))
            })
        };
    }
    match row {
        "yields" => count!(yard => yard.io().map(inputs, async |_| yield_now().await)),
        "ready" => count!(yard => yard.io().map(inputs, |_| ready(()))),
        "closures" => count!(yard => yard.cpu().map(inputs, |_| ())),
        other => no_row(other),
    }
}

/// So far, by all threads; a block that grows counts as well.
fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

/// Until places and buffers are there.
const WARM_UP: u64 = 1_000;

/// Items after those that count, so that the end of the map does not.
const BEHIND: u64 = 10_000;
