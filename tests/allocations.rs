//! Test of what a task, a timer and an item of a map cost the allocator. Alone in its program, since the allocator counts for all threads.
#![cfg(test)]

use std::alloc::System;
use std::collections::VecDeque;
use std::future::ready;
use std::hint::black_box;
use std::time::Duration;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::runtime::Builder;
use tokio::task::yield_now;
use tokio::time::timeout;
use workyard::{Handle, Lane, Map, Scheduler};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many futures are in flight at most.
const LIMIT: usize = 256;

/// Until places and buffers are there.
const WARM_UP: usize = 1_000;

/// During these it is counted.
const ITEMS: usize = 10_000;

/// Until a lane knows of what kind its futures are.
const TASKS_BEFORE: usize = 20_000;

/// How often it is tried.
const TRIES: usize = 20;

/// How many tasks are in flight.
const AT_ONCE: usize = 64;

/// Items after those, so that the end of the map is not counted.
const BEHIND: usize = 10_000;

/// Six for a hundred items.
const AT_MOST: usize = ITEMS * 6 / 100;

/// Far more than it takes; a test that reaches it hangs.
const SOON: Duration = Duration::from_secs(60);

/// How often all threads allocate for [`ITEMS`] tasks, of which [`AT_ONCE`] are in flight.
macro_rules! ring {
    ($submit:expr) => {{
        let (mut before, mut ring) = (0, VecDeque::with_capacity(AT_ONCE));
        for index in 0..TASKS_BEFORE + ITEMS {
            if index == TASKS_BEFORE {
                before = all();
            }
            if ring.len() == AT_ONCE {
                let oldest: Handle<_> = ring.pop_front().unwrap();
                let _given = oldest.await.unwrap();
            }
            ring.push_back($submit.await.unwrap());
        }
        let count = all() - before;
        for handle in ring {
            let _given = handle.await.unwrap();
        }
        count
    }};
}

/// Asserts that tasks allocate so often each, at least once in some tries: other programs may stop a thread in the midst of a
/// body, which the lane then takes for a long one, or have a worker find nothing to do.
macro_rules! least {
    ($what:literal, $of_a_task:literal, $count:expr) => {
        let mut counts = Vec::new();
        while counts.len() < TRIES && counts.last().is_none_or(|&count| count > ITEMS * $of_a_task + AT_MOST) {
            counts.push($count);
        }
        let &count = counts.last().unwrap();
        assert!(count <= ITEMS * $of_a_task + AT_MOST, "{}: allocations for {ITEMS} tasks: {counts:?}", $what);
        assert!(count >= ITEMS, "what tasks allocate is counted: {counts:?}");
    };
}

/// One test, since others would allocate meanwhile. On one thread the consumer and the runner of futures take turns that are always
/// the same.
#[test]
fn a_task_allocates_once_and_a_timer_and_an_item_of_a_map_next_to_nothing() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let measure = async {
        maps().await;
        wide_lane().await;
        tasks().await;
    };
    runtime.block_on(async { timeout(SOON, measure).await.expect("the test ends") });
    // All of them due at one instant, whatever the machine does meanwhile.
    let stopped = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    stopped.block_on(async { timers() });
}

/// Tasks that are collected in order, some at once. One that waits has a task of the runtime, too.
async fn tasks() {
    let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).build().unwrap();
    let named = || yard.cpu().task("named");
    least!("futures that are ready", 1, ring!(yard.io().submit(ready(()))));
    least!("futures that yield", 2, ring!(yard.io().submit(yield_now())));
    least!("closures", 1, ring!(yard.cpu().submit(|| compute(1))));
    least!("closures with a name", 2, ring!(named().submit(|| compute(1))));
}

/// Timers that are set, until the first of them is due.
fn timers() {
    let yard = Scheduler::new();
    let set = |work: fn(&Scheduler, u64)| {
        let before = all();
        (0..ITEMS as u64).for_each(|index| work(&yard, index));
        all() - before
    };
    let three_words = set(|yard, index| {
        yard.after(Duration::from_hours(1)).io(ready([index; 2]));
    });
    let four_words = set(|yard, index| {
        yard.after(Duration::from_hours(1)).io(ready([index; 3]));
    });
    // Where they stand in order grows.
    assert!(three_words <= ITEMS / 10, "{three_words} allocations for {ITEMS} timers with small work");
    assert!(four_words >= ITEMS, "what larger work allocates is counted: {four_words}");
}

async fn maps() {
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

/// However many items a lane would run at once, room is made for as many as there are.
async fn wide_lane() {
    let yard = Scheduler::builder().io(Lane::io().limit(1 << 24)).build().unwrap();
    let before = ALLOCATOR.stats().bytes_allocated;
    yard.io().map(0..10, async |_| yield_now().await).await.expect("nothing fails");
    let bytes = ALLOCATOR.stats().bytes_allocated - before;
    assert!(bytes <= 1 << 20, "{bytes} bytes for ten items");
}

/// A few microseconds: a thread that is faster than who feeds it runs out of work, leaves and is sent again, which allocates.
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

/// So far.
fn all() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}
