//! Ticks that take longer than their period, under each rule for overlap.

use std::sync::mpsc;
use std::time::Duration;

use tokio::time::{Instant, advance, sleep};
use workyard::{Missed, Overlap, Scheduler};
use workyard_testkit::{Gauge, wait_for_async};

use crate::common::{Log, SECOND, SOON, end, seconds, settle};

/// The ticks of a timer of one second whose ticks take two and a half, in ten seconds; and how many ran at once.
async fn slow(missed: Missed, overlap: Overlap) -> (Vec<(u64, u64, u64)>, usize) {
    let yard = Scheduler::new();
    let (began, log, gauge) = (Instant::now(), Log::new(), Gauge::new());
    let (told, inside) = (log.clone(), gauge.clone());
    yard.every(SECOND).missed(missed).overlap(overlap).io(move |tick| {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap();
        told.add((millis(tick.due() - began), millis(tick.late()), tick.missed()));
        let inside = inside.enter();
        async move {
            sleep(Duration::from_millis(2_500)).await;
            drop(inside);
        }
    });
    sleep(10 * SECOND).await;
    settle().await;
    let report = end(&yard).await;
    assert_eq!(report.total.completed, report.total.accepted);
    (log.take(), gauge.max())
}

#[tokio::test(start_paused = true)]
async fn skip_is_the_default_and_leaves_out_what_would_overlap() {
    let (ticks, at_once) = slow(Missed::Skip, Overlap::Skip).await;
    assert_eq!(ticks, [(1_000, 0, 0), (4_000, 0, 2), (7_000, 0, 2), (10_000, 0, 2)]);
    assert_eq!(at_once, 1);
}

#[tokio::test(start_paused = true)]
async fn queue_waits_for_the_end_and_is_late() {
    let (ticks, at_once) = slow(Missed::Skip, Overlap::Queue).await;
    assert_eq!(ticks, [(1_000, 0, 0), (2_000, 1_500, 1), (4_000, 2_000, 2), (7_000, 1_500, 1)]);
    assert_eq!(at_once, 1);
    let (ticks, at_once) = slow(Missed::Burst, Overlap::Queue).await;
    assert_eq!(ticks, [(1_000, 0, 0), (2_000, 1_500, 0), (3_000, 3_000, 0), (4_000, 4_500, 0)]);
    assert_eq!(at_once, 1);
    let (ticks, at_once) = slow(Missed::Delay, Overlap::Queue).await;
    assert_eq!(ticks, [(1_000, 0, 0), (2_000, 1_500, 0), (4_500, 1_500, 0), (7_000, 1_500, 0)]);
    assert_eq!(at_once, 1);
}

#[tokio::test(start_paused = true)]
async fn allow_runs_beside_what_goes_on() {
    let (ticks, at_once) = slow(Missed::Skip, Overlap::Allow).await;
    assert_eq!(ticks, (1..=10).map(|second| (second * 1_000, 0, 0)).collect::<Vec<_>>());
    assert_eq!(at_once, 3);
}

#[tokio::test(start_paused = true)]
async fn a_closure_past_its_timeout_still_overlaps() {
    let yard = Scheduler::new();
    let (open, opened) = mpsc::channel::<()>();
    let (began, log) = (Instant::now(), Log::new());
    let (told, opened) = (log.clone(), std::sync::Mutex::new(opened));
    yard.every(10 * SECOND).timeout(SECOND).cpu(move |tick| {
        told.add(seconds(tick, began));
        let _closed = opened.lock().unwrap().recv();
    });
    advance(10 * SECOND).await;
    wait_for_async("the first tick runs", SOON, || log.len() == 1).await;
    advance(SECOND).await;
    let ledger = || yard.snapshot().ledger();
    wait_for_async("it is answered", SOON, || ledger().timed_out == 1).await;
    advance(9 * SECOND).await;
    settle().await;
    assert_eq!(ledger().accepted, 1, "its body is still there");
    drop(open);
    wait_for_async("it has ended", SOON, || yard.snapshot().lane("cpu").unwrap().counts.overrunning == 0).await;
    advance(10 * SECOND).await;
    wait_for_async("the next tick runs", SOON, || log.len() == 2).await;
    assert_eq!(log.take(), [(0, 10, 0, 0), (1, 30, 0, 1)]);
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_is_cancelled_in_the_queue_lets_the_next_one_come() {
    let yard = crate::common::narrow();
    let holds = yard.io().submit(std::future::pending::<()>()).await.unwrap();
    let (began, log) = (Instant::now(), Log::new());
    let told = log.clone();
    yard.every(SECOND).overlap(Overlap::Queue).io(move |tick| told.told(seconds(tick, began)));
    sleep(4 * SECOND).await;
    assert_eq!((log.len(), yard.snapshot().ledger().queued), (0, 1));
    holds.abort();
    settle().await;
    assert_eq!(log.take(), [(0, 1, 3, 0), (1, 2, 2, 2)]);
    let _report = end(&yard).await;
}
