//! Test of what an item of a map costs the allocator. Alone in its program, since the allocator counts for all threads.
#![cfg(test)]

use std::alloc::System;
use std::future::ready;
use std::hint::black_box;
use std::time::Duration;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::runtime::Builder;
use tokio::task::yield_now;
use tokio::time::timeout;
use workyard::{Lane, Map, Scheduler};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many futures are in flight at most.
const LIMIT: usize = 256;

/// Until places and buffers are there.
const WARM_UP: usize = 1_000;

/// During these it is counted.
const ITEMS: usize = 10_000;

/// Items after those, so that the end of the map is not counted.
const BEHIND: usize = 10_000;

/// Six for a hundred items.
const AT_MOST: usize = ITEMS * 6 / 100;

/// Far more than it takes; a test that reaches it hangs.
const SOON: Duration = Duration::from_secs(60);

/// One test, since others would allocate meanwhile. On one thread the consumer and the runner of futures take turns that are always
/// the same.
#[test]
fn an_item_of_a_map_that_goes_on_allocates_next_to_nothing() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { timeout(SOON, measure()).await.expect("the test ends") });
}

async fn measure() {
    let yard = Scheduler::builder().io(Lane::io().limit(LIMIT)).cpu(Lane::cpu().threads(1)).build().unwrap();
    let inputs = || 0..WARM_UP + ITEMS + BEHIND;
    let boxes = allocations_of(yard.io().map(inputs(), async |index| Box::new(index))).await;
    assert!(boxes >= ITEMS, "what items allocate is counted: {boxes}");
    let counts = [
        ("futures that yield", allocations_of(yard.io().map(inputs(), async |_| yield_now().await)).await),
        ("futures that are ready", allocations_of(yard.io().map(inputs(), |_| ready(()))).await),
        ("closures", allocations_of(yard.cpu().map(inputs(), compute)).await),
    ];
    for (what, count) in counts {
        assert!(count <= AT_MOST, "{what}: {count} allocations for {ITEMS} items; all: {counts:?}");
    }
}

/// A few microseconds: a thread that is faster than its consumer runs out of inputs, leaves and is sent again, which allocates.
fn compute(index: usize) -> usize {
    (0..2_000).fold(index, |state, step| black_box(state.wrapping_mul(31).wrapping_add(step)))
}

/// How often all threads allocate, for [`ITEMS`] of the map in its midst; a block that grows counts as well.
async fn allocations_of<It, T, L>(map: Map<It, T, L>) -> usize
where
    It: Iterator<Item: Send + 'static>,
    T: Send + 'static,
{
    let (mut before, mut after, mut seen) = (0, 0, 0);
    let all = || {
        let stats = ALLOCATOR.stats();
        stats.allocations + stats.reallocations
    };
    let look = |_| {
        seen += 1;
        if seen == WARM_UP {
            before = all();
        } else if seen == WARM_UP + ITEMS {
            after = all();
        }
    };
    map.for_each(look).await.expect("nothing fails");
    after - before
}
