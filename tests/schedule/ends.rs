//! The end of the yard at each moment of a timer's life: nothing fires afterwards, all of it is counted, and nothing is left.

use std::future::{Ready, pending, ready};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::time::{advance, sleep};
use workyard::Scheduler;
use workyard_testkit::{DropCounter, wait_for};

use crate::common::{Log, SECOND, SOON, end, narrow, settle};

/// What a function gives that has this.
fn holds<T>(_value: &T) -> Ready<()> {
    ready(())
}

#[tokio::test(start_paused = true)]
async fn shutdown_cancels_what_is_not_due_and_counts_it() {
    let yard = Scheduler::new();
    let values = DropCounter::new();
    for _ in 0..3 {
        let value = values.payload();
        yard.after(SECOND).io(async move { drop(value) });
    }
    let (once, again) = (values.payload(), values.payload());
    yard.after(SECOND).cpu(move || drop(once));
    let timer = yard.every(SECOND).io(move |_| holds(&again));
    let report = end(&yard).await;
    assert_eq!(
        report.to_string(),
        "accepted 4 = 0 completed + 4 cancelled; stuck: none\n  never started: 4 (io 3, cpu 1)\n  timers cancelled: 5"
    );
    assert_eq!((values.alive(), timer.cancel(), timer.is_scheduled()), (0, false, false));
    sleep(10 * SECOND).await;
    assert_eq!(yard.snapshot().ledger().to_string(), "accepted 4 = 0 completed + 4 cancelled");
}

#[tokio::test(start_paused = true)]
async fn what_is_set_after_the_end_is_dropped_and_refused() {
    let yard = Scheduler::new();
    let _report = end(&yard).await;
    let values = DropCounter::new();
    let (once, again) = (values.payload(), values.payload());
    let timers = [
        yard.after(Duration::ZERO).io(async move { drop(once) }),
        yard.every(SECOND).cpu(move |_| drop(holds(&again))),
    ];
    assert_eq!(values.alive(), 0);
    assert!(timers.iter().all(|timer| !timer.is_scheduled() && !timer.cancel()));
    sleep(2 * SECOND).await;
    assert!(yard.scheduled().is_empty());
    let snapshot = yard.snapshot();
    assert_eq!(snapshot.ledger().accepted, 0);
    let refused = |lane| snapshot.lane(lane).unwrap().counts.refused;
    assert_eq!((refused("io"), refused("cpu")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn shutdown_cancels_what_waits_for_room() {
    let yard = narrow();
    let _held = [yard.io().submit(sleep(5 * SECOND)).await.unwrap(), yard.io().submit(sleep(SECOND)).await.unwrap()];
    let values = DropCounter::new();
    for _ in 0..3 {
        let value = values.payload();
        yard.after(SECOND).io(async move { drop(value) });
    }
    yard.every(SECOND).io(async |_| unreachable!("there was no room"));
    sleep(3 * SECOND).await;
    let report = end(&yard).await;
    assert_eq!(
        report.to_string(),
        "accepted 5 = 2 completed + 3 cancelled; stuck: none\n  never started: 3 (io 3)\n  timers cancelled: 4"
    );
    assert_eq!(values.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn shutdown_drains_what_the_lane_has_and_nothing_fires_meanwhile() {
    let yard = narrow();
    let log = Log::new();
    let told = log.clone();
    yard.every(SECOND).overlap(workyard::Overlap::Allow).io(move |tick| {
        told.add(tick.number());
        sleep(10 * SECOND)
    });
    sleep(2 * SECOND).await;
    settle().await;
    let ledger = yard.snapshot().ledger();
    assert_eq!((ledger.running, ledger.queued), (1, 1));
    let report = end(&yard).await;
    assert_eq!((log.take(), report.total.completed), (vec![0, 1], 2));
    assert_eq!(report.cancelled_timers, 1);
}

#[tokio::test(start_paused = true)]
async fn shutdown_at_the_instant_at_which_timers_are_due() {
    let yard = Scheduler::new();
    let log = Log::new();
    for number in 0..1_000 {
        let log = log.clone();
        yard.after(SECOND).io(async move { log.add(number) });
    }
    yard.every(SECOND).io(async |_| {});
    // The sleeper is awake now, but has not had its turn.
    let shutdown = tokio::spawn(yard.shutdown().into_future());
    advance(SECOND).await;
    let report = shutdown.await.unwrap();
    assert!(report.balances(), "{report}");
    assert_eq!(report.total.completed + report.total.cancelled, report.total.accepted);
    assert_eq!(u64::try_from(log.len()).unwrap(), report.total.completed.min(1_000));
    assert!(report.total.accepted >= 1_000);
}

#[tokio::test(start_paused = true)]
async fn shutdown_from_within_a_tick_ends() {
    let yard = Scheduler::new();
    let (weak, log) = (yard.downgrade(), Log::new());
    let told = log.clone();
    yard.every(SECOND).io(move |_| {
        let (yard, log) = (weak.upgrade().unwrap(), told.clone());
        async move { log.add(yard.shutdown().drain_for(Duration::ZERO).await) }
    });
    sleep(5 * SECOND).await;
    let report = end(&yard).await;
    assert_eq!((report.total.accepted, report.cancelled_timers), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_yard_drops_what_its_timers_hold() {
    let before = Handle::current().metrics().num_alive_tasks();
    let values = DropCounter::new();
    let yard = narrow();
    let weak = yard.downgrade();
    let _held = [yard.io().submit(pending::<()>()).await.unwrap(), yard.io().submit(pending::<()>()).await.unwrap()];
    let (due, once, again) = (values.payload(), values.payload(), values.payload());
    let timers = [
        yard.after(SECOND).io(async move { drop(due) }),
        yard.after(9 * SECOND).io(async move { drop(once) }),
        yard.every(9 * SECOND).cpu(move |_| drop(holds(&again))),
    ];
    sleep(2 * SECOND).await;
    drop(yard);
    assert!(weak.upgrade().is_none(), "timers and their handles do not keep it");
    assert_eq!(values.alive(), 0);
    assert!(timers.iter().all(|timer| !timer.cancel()));
    settle().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), before, "nobody sleeps any more");
}

#[test]
fn a_runtime_that_ends_first_ends_all_timers() {
    let values = DropCounter::new();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (yard, timer) = runtime.block_on(async {
        let yard = Scheduler::new();
        let (once, again) = (values.payload(), values.payload());
        yard.after(SECOND).io(async move { drop(once) });
        let timer = yard.every(SECOND).io(move |_| holds(&again));
        settle().await;
        (yard, timer)
    });
    drop(runtime);
    assert_eq!((values.alive(), timer.cancel(), yard.scheduled().len()), (0, false, 0));
    let late = values.payload();
    yard.after(SECOND).io(async move { drop(late) });
    assert_eq!(values.alive(), 0, "there is no time any more");
    assert_eq!(yard.snapshot().ledger().to_string(), "accepted 1 = 0 completed + 1 cancelled");
    assert!(yard.shutdown().blocking_join().balances());
}

#[test]
fn a_standalone_yard_has_timers_too() {
    let yard = Scheduler::standalone().unwrap();
    let log = Log::new();
    let (once, again) = (log.clone(), log.clone());
    yard.after(Duration::from_millis(1)).cpu(move || once.add(()));
    yard.every(Duration::from_millis(1)).io(move |_| again.told(()));
    wait_for("timers fire", SOON, || log.len() > 5);
    let report = yard.shutdown().blocking_join();
    assert!(report.balances(), "{report}");
    assert_eq!(report.cancelled_timers, 1);
}

/// On several threads, so that shutdown, cancelling and firing do meet.
#[test]
fn shutdown_cancel_and_fire_race_and_each_timer_has_one_end() {
    let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    for round in 0..200 {
        let (yard, values) = (runtime.block_on(async { narrow() }), DropCounter::new());
        let timers: Vec<_> = (0..50)
            .map(|number| {
                let value = values.payload();
                yard.after(Duration::from_micros(number * 20)).io(async move { drop(value) })
            })
            .collect();
        yard.every(Duration::from_millis(1)).first_after(Duration::ZERO).cpu(|_| {});
        let cancelling = std::thread::spawn(move || timers.iter().rev().filter(|timer| timer.cancel()).count() as u64);
        // Each of the 50 is dropped in the end, by whoever comes first; shutdown comes at another point of that in each round.
        wait_for("some fired or were cancelled", SOON, || values.alive() <= 50 - round / 4);
        let report = yard.shutdown().blocking_join();
        let cancelled = cancelling.join().unwrap();
        assert!(report.balances(), "{report}");
        let io = report.lane("io").unwrap().counts.ledger;
        assert_eq!(io.accepted, 50, "{report}");
        assert!(io.cancelled >= cancelled, "{cancelled} were told so: {report}");
        assert_eq!(values.alive(), 0, "{report}");
    }
}
