//! An hour in which nothing ran, under each rule for missed ticks.

use tokio::time::{Duration, Instant, advance};
use workyard::{Missed, Overlap, Scheduler};

use crate::common::{Log, SECOND, end, seconds, settle};

type Ticks = Vec<(u64, u64, u64, u64)>;

/// The ticks of a timer of one second, of which the first comes in time, then an hour passes at once, and then three seconds one by one.
async fn after_an_hour_asleep(missed: Missed, overlap: Overlap) -> (Ticks, Ticks) {
    let yard = Scheduler::new();
    let (began, log) = (Instant::now(), Log::new());
    let told = log.clone();
    yard.every(SECOND).missed(missed).overlap(overlap).io(move |tick| told.told(seconds(tick, began)));
    advance(SECOND).await;
    settle().await;
    assert_eq!(log.take(), [(0, 1, 0, 0)]);
    advance(Duration::from_hours(1)).await;
    for _ in 0..100 {
        settle().await;
    }
    let at_once = log.take();
    for _ in 0..3 {
        advance(SECOND).await;
        settle().await;
    }
    let report = end(&yard).await;
    assert_eq!(report.cancelled_timers, 1);
    (at_once, log.take())
}

#[tokio::test(start_paused = true)]
async fn skip_is_the_default_and_catches_up_with_one_tick() {
    assert_eq!((Missed::default(), Overlap::default()), (Missed::Skip, Overlap::Skip));
    let (at_once, then) = after_an_hour_asleep(Missed::Skip, Overlap::Skip).await;
    assert_eq!(at_once, [(1, 2, 3_599, 3_599)]);
    assert_eq!(then, [(2, 3_602, 0, 0), (3, 3_603, 0, 0), (4, 3_604, 0, 0)]);
}

#[tokio::test(start_paused = true)]
async fn burst_has_a_tick_for_each_that_was_missed() {
    for overlap in [Overlap::Queue, Overlap::Allow] {
        let (at_once, then) = after_an_hour_asleep(Missed::Burst, overlap).await;
        assert_eq!(at_once.len(), 3_600, "{overlap:?}");
        for (number, tick) in (1..).zip(at_once) {
            assert_eq!(tick, (number, number + 1, 3_600 - number, 0));
        }
        assert_eq!(then, [(3_601, 3_602, 0, 0), (3_602, 3_603, 0, 0), (3_603, 3_604, 0, 0)]);
    }
}

#[tokio::test(start_paused = true)]
async fn delay_shifts_the_ticks_that_follow() {
    let yard = Scheduler::new();
    let (began, log) = (Instant::now(), Log::new());
    let told = log.clone();
    yard.every(2 * SECOND).missed(Missed::Delay).io(move |tick| told.told(seconds(tick, began)));
    advance(5 * SECOND).await;
    settle().await;
    for _ in 0..4 {
        advance(SECOND).await;
        settle().await;
    }
    assert_eq!(log.take(), [(0, 2, 3, 0), (1, 7, 0, 0), (2, 9, 0, 0)]);
    let _report = end(&yard).await;
}
