//! Ticks of timers that are tried again.

use std::sync::{Arc, Mutex};

use tokio::time::{Instant, sleep};
use workyard::{Overlap, Scheduler};

use crate::common::{Failed, HeldClock, SECOND, counts, end, policy, settle};

#[tokio::test(start_paused = true)]
async fn a_tick_is_tried_again_and_the_next_one_waits_for_its_end() {
    for (overlap, expected) in [
        // The tick of 20 s is left out: that of 10 s is tried at 10, 11, 13 and 17 s, and once more at 25 s.
        (Overlap::Skip, vec![(0, 10), (0, 11), (0, 13), (0, 17), (0, 25), (1, 30)]),
        (
            Overlap::Allow,
            vec![(0, 10), (0, 11), (0, 13), (0, 17), (1, 20), (1, 21), (1, 23), (0, 25), (1, 27), (2, 30)],
        ),
    ] {
        let yard = Scheduler::new();
        let (began, log) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
        let told = Arc::clone(&log);
        let timer = yard.every(10 * SECOND).overlap(overlap).retry(policy(5).build().unwrap()).io(move |tick| {
            told.lock().unwrap().push((tick.number(), began.elapsed().as_secs()));
            assert_eq!(tick.late().as_secs(), 0, "late is what the first attempt was");
            std::future::ready(Err::<(), _>(Failed(1)))
        });
        sleep(30 * SECOND).await;
        settle().await;
        assert!(timer.cancel());
        assert_eq!(*log.lock().unwrap(), expected, "{overlap:?}");
        let _report = end(&yard).await;
    }
}

#[tokio::test(start_paused = true)]
async fn ticks_of_closures_too_and_each_has_attempts_of_its_own() {
    let yard = Scheduler::new();
    let clock = HeldClock::new();
    let (log, attempts) = (Arc::new(Mutex::new(Vec::new())), policy(2).build().unwrap());
    let told = Arc::clone(&log);
    let timer = yard.every(10 * SECOND).name("sync").retry(attempts).cpu(move |tick| {
        let mut log = told.lock().unwrap();
        log.push(tick.number());
        if log.len() % 2 == 1 { Err(Failed(1)) } else { Ok(()) }
    });
    let began = Instant::now();
    while log.lock().unwrap().len() < 6 {
        assert!(began.elapsed() < 100 * SECOND, "it hangs");
        tokio::time::advance(SECOND).await;
        settle().await;
        let rests = || counts(&yard, "cpu").ledger.queued + counts(&yard, "cpu").ledger.running == 0;
        workyard_testkit::wait_for_async("the closure returns", crate::common::SOON, rests).await;
    }
    assert!(timer.cancel());
    drop(clock);
    assert_eq!(*log.lock().unwrap(), [0, 0, 1, 1, 2, 2]);
    let report = end(&yard).await;
    assert_eq!((report.total.completed, report.lane("cpu").unwrap().counts.retries), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_yard_ends_a_tick_between_two_attempts() {
    let yard = Scheduler::new();
    let retry = policy(9).min_delay(100 * SECOND).build().unwrap();
    let timer = yard.every(10 * SECOND).retry(retry).io(async |_| Err::<(), _>(Failed(1)));
    sleep(15 * SECOND).await;
    assert_eq!(counts(&yard, "io").ledger.retry_waiting, 1);
    let report = yard.shutdown().drain_for(SECOND).await;
    let expected = "accepted 1 = 0 completed + 1 cancelled; stuck: none\n  ended between two attempts: 1 (io 1)";
    assert!(report.to_string().starts_with(expected), "{report}");
    assert!(!timer.cancel() && report.balances());
}
