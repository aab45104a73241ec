//! Timers that fire again and again, as long as nothing is in their way.

use std::future::ready;
use std::sync::Arc;

use tokio::time::{Duration, Instant, advance, sleep};
use workyard::{Priority, Scheduler, Timer};
use workyard_testkit::{DropCounter, wait_for_async};

use crate::common::{Log, SECOND, SOON, end, seconds, settle};

#[tokio::test(start_paused = true)]
async fn an_hour_of_seconds_has_3_600_ticks_and_none_is_late() {
    let yard = Scheduler::new();
    let (began, log) = (Instant::now(), Log::new());
    let told = log.clone();
    let timer = yard.every(SECOND).io(move |tick| {
        told.add(seconds(tick, began));
        async {}
    });
    sleep(Duration::from_hours(1)).await;
    settle().await;
    assert!(timer.cancel());
    sleep(10 * SECOND).await;
    let ticks = log.take();
    assert_eq!(ticks.len(), 3_600);
    for (number, tick) in (0..).zip(ticks) {
        assert_eq!(tick, (number, number + 1, 0, 0));
    }
    assert_eq!(end(&yard).await.to_string(), "accepted 3_600 = 3_600 completed; stuck: none");
}

#[tokio::test(start_paused = true)]
async fn a_timer_of_a_shorter_period_that_is_added_later_wakes_the_sleeper() {
    let yard = Scheduler::new();
    let (began, log) = (Instant::now(), Log::new());
    for period in [10, 3, 7] {
        let told = log.clone();
        yard.every(period * SECOND).io(move |_| told.told((period, began.elapsed().as_secs())));
        settle().await;
    }
    for _ in 0..10 {
        advance(SECOND).await;
        settle().await;
    }
    assert_eq!(log.take(), [(3, 3), (3, 6), (7, 7), (3, 9), (10, 10)]);
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn ticks_do_not_drift_though_each_of_them_takes_time() {
    let yard = Scheduler::new();
    let (began, log) = (Instant::now(), Log::new());
    let told = log.clone();
    yard.every(10 * SECOND).io(move |tick| {
        told.add(seconds(tick, began));
        sleep(9 * SECOND)
    });
    sleep(101 * SECOND).await;
    assert_eq!(log.take(), (0..10).map(|number| (number, 10 * (number + 1), 0, 0)).collect::<Vec<_>>());
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn the_first_tick_may_be_due_at_once_or_later() {
    let yard = Scheduler::new();
    let (began, log) = (Instant::now(), Log::new());
    for (what, first) in [("at once", Duration::ZERO), ("in five", 5 * SECOND)] {
        let log = log.clone();
        yard.every(4 * SECOND).first_after(first).io(move |_| log.told((what, began.elapsed().as_secs())));
    }
    sleep(10 * SECOND).await;
    settle().await;
    assert_eq!(log.take(), [("at once", 0), ("at once", 4), ("in five", 5), ("at once", 8), ("in five", 9)]);
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn ticks_of_several_timers_at_one_time_keep_the_order_of_their_timers() {
    let yard = Scheduler::builder().io(workyard::Lane::io().limit(1)).build().unwrap();
    let log = Log::new();
    let add = |what: &'static str| {
        let log = log.clone();
        move |_| log.told(what)
    };
    yard.every(SECOND).io(add("first"));
    yard.every(2 * SECOND).priority(Priority::HIGH).io(add("urgent"));
    yard.every(SECOND).io(add("second"));
    let told = log.clone();
    yard.after(2 * SECOND).io(async move { told.add("once") });
    for expected in [vec!["first", "second"], vec!["urgent", "first", "second", "once"], vec!["first", "second"]] {
        advance(SECOND).await;
        settle().await;
        assert_eq!(log.take(), expected);
    }
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn closures_tick_on_their_lanes() {
    let yard = Scheduler::new();
    let log = Log::new();
    let (cpu, blocking) = (log.clone(), log.clone());
    yard.every(SECOND).cpu(move |tick| cpu.add(("cpu", tick.number())));
    yard.every(SECOND).blocking(move |tick| blocking.add(("blocking", tick.number())));
    for number in 0..3 {
        advance(SECOND).await;
        wait_for_async("both have run", SOON, || log.len() == 2).await;
        let mut ticks = log.take();
        ticks.sort_unstable();
        assert_eq!(ticks, [("blocking", number), ("cpu", number)]);
        // The bodies have told, and are about to end: the next tick must not find them.
        wait_for_async("both have ended", SOON, || yard.snapshot().ledger().live() == 0).await;
    }
    assert_eq!(end(&yard).await.total.completed, 6);
}

#[tokio::test(start_paused = true)]
async fn a_period_of_nothing_is_a_millisecond() {
    let yard = Scheduler::new();
    let log = Log::new();
    let told = log.clone();
    yard.every(Duration::ZERO).io(move |_| told.told(()));
    sleep(SECOND).await;
    settle().await;
    assert_eq!(log.len(), 1_000);
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn a_tick_may_cancel_its_own_timer() {
    let yard = Scheduler::new();
    let values = DropCounter::new();
    let (own, value) = (Arc::new(std::sync::OnceLock::<Timer>::new()), values.payload());
    let timer = Arc::downgrade(&own);
    let set = yard.every(SECOND).io(move |tick| {
        let _held = &value;
        if tick.number() == 2 {
            let timer = timer.upgrade().unwrap();
            assert!(timer.get().unwrap().cancel());
            assert!(!timer.get().unwrap().cancel());
        }
        ready(())
    });
    own.set(set).unwrap();
    sleep(100 * SECOND).await;
    assert_eq!(values.dropped(), 1, "the function is gone with its last tick");
    assert_eq!(end(&yard).await.to_string(), "accepted 3 = 3 completed; stuck: none");
}
