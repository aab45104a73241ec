//! Test of what timers leave behind in memory. Alone in its program, since the allocator counts for all threads.
#![cfg(test)]

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::task::yield_now;
use tokio::time::Duration;
use workyard::{Lane, Scheduler, Timer};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TIMERS: u32 = 100_000;

/// What the yard may keep for the timers to come, and what the runtime does.
const KEPT: usize = 64 * 1_024;

fn held(region: &Region<'_, System>) -> usize {
    let change = region.change();
    change.bytes_allocated.saturating_sub(change.bytes_deallocated)
}

#[tokio::test(start_paused = true)]
async fn timers_that_are_cancelled_or_have_fired_are_gone_from_memory() {
    let yard = Scheduler::builder().io(Lane::io().limit(8).queue(8)).build().unwrap();
    let mut timers = Vec::with_capacity(TIMERS as usize);
    // The sleeper, and what the lane makes when it is first used.
    yard.after(Duration::ZERO).io(async {});
    while yard.snapshot().ledger().completed < 1 {
        yield_now().await;
    }
    let region = Region::new(ALLOCATOR);
    timers.extend((1..=TIMERS).map(|at| yard.after(Duration::from_millis(at.into())).io(async {})));
    let full = held(&region);
    assert!(full > TIMERS as usize * 64, "what timers take is counted: {full}");
    // The first, the last, and all between.
    assert!(timers.iter().step_by(2).chain(timers.iter().skip(1).step_by(2).rev()).all(Timer::cancel));
    assert!(held(&region) < KEPT, "{} of {full} are held after the timers were cancelled", held(&region));
    timers.clear();

    let one_instant = Duration::from_secs(1_000);
    timers.extend((1..=TIMERS).map(|_| yard.after(one_instant).io(async {})));
    tokio::time::advance(one_instant).await;
    while yard.snapshot().ledger().live() > 0 {
        yield_now().await;
    }
    assert!(held(&region) < KEPT, "{} are held after the timers have fired", held(&region));
    assert!(timers.iter().all(|timer| !timer.cancel()));
    assert!(yard.shutdown().await.balances());
}
