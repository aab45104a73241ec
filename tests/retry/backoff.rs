//! What the time between two attempts costs: no slot, no thread, no poll, one place; and how it is spread.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use workyard::{Lane, Retry, Scheduler, TaskStatus};
use workyard_testkit::{Gauge, wait_for_async};

use crate::common::Does::{Fails, Works};
use crate::common::{Failed, HeldClock, SECOND, SOON, Script, counts, end, policy, settle};

const MS: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn between_attempts_others_run_on_the_slot() {
    let builder = Scheduler::builder().io(Lane::io().limit(1).queue(1)).cpu(Lane::cpu().threads(1).queue(1));
    let yard = builder.blocking(Lane::blocking().limit(1).queue(1)).build().unwrap();
    let clock = HeldClock::new();
    let retry = policy(2).min_delay(10 * SECOND).build().unwrap();
    let script = [(); 3].map(|()| Script::new(&[Fails, Works]));
    let [io, cpu, blocking] = script.clone();
    let io = yard.io().task("io").retry(retry.clone()).submit(io.player()).await.unwrap();
    let cpu = yard.cpu().task("cpu").retry(retry.clone()).submit(move || cpu.call()).await.unwrap();
    let blocking = yard.blocking().task("blocking").retry(retry).submit(move || blocking.call()).await.unwrap();
    let waits = || [&io, &cpu, &blocking].iter().all(|handle| handle.status() == TaskStatus::RetryWaiting);
    wait_for_async("all wait", SOON, waits).await;
    let began = Instant::now();
    for lane in ["io", "cpu", "blocking"] {
        assert_eq!(counts(&yard, lane).occupied, 0, "{lane}");
    }
    assert_eq!(yard.io().run(async { 1 }).await.unwrap(), 1);
    assert_eq!(yard.cpu().run(|| 2).await.unwrap(), 2);
    assert_eq!(yard.blocking().run(|| 3).await.unwrap(), 3);
    assert!(waits() && began.elapsed() < 10 * SECOND);
    for handle in [io, cpu, blocking] {
        clock.until_ended(&handle).await;
        assert_eq!(handle.await.unwrap(), 2);
    }
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn those_between_attempts_keep_their_places_so_a_lane_is_bounded_whatever_fails() {
    let yard = Scheduler::builder().io(Lane::io().limit(2).queue(6)).build().unwrap();
    let retry = policy(2).min_delay(100 * SECOND).build().unwrap();
    let fails = Script::new(&[Fails]);
    let mut accepted = Vec::new();
    for _ in 0..8 {
        accepted.push(yard.io().task("fails").retry(retry.clone()).try_submit(fails.player()).unwrap());
        settle().await;
    }
    let full = counts(&yard, "io");
    assert_eq!((full.ledger.retry_waiting, full.occupied), (8, 0));
    assert!(yard.io().try_submit(async {}).unwrap_err().is_full(), "two slots are free, and no place");
    let began = Instant::now();
    let waits = yard.io().submit(async {}).await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 100, "until the first of them has ended");
    waits.await.unwrap();
    for handle in accepted {
        assert_eq!(handle.await.unwrap_err().attempts(), Some(2));
    }
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_tasks_that_always_fail_take_no_more_than_the_lane_has() {
    const TASKS: u64 = 100_000;
    let yard = Scheduler::builder().io(Lane::io().limit(64).queue(960)).build().unwrap();
    let retry = policy(2).min_delay(SECOND).build().unwrap();
    let (alive, most) = (Gauge::new(), Arc::new(AtomicU32::new(0)));
    for task in 0..TASKS {
        let inside = alive.enter();
        let work = move || {
            let _inside = &inside;
            std::future::ready(Err::<(), _>(Failed(1)))
        };
        drop(yard.io().task("fails").retry(retry.clone()).submit(work).await.unwrap());
        if task % 1_000 == 999 {
            settle().await;
            let counts = counts(&yard, "io");
            let held = counts.ledger.live();
            assert!(held <= 1_024, "{counts:?}");
            most.fetch_max(u32::try_from(counts.ledger.retry_waiting).unwrap(), Ordering::Relaxed);
        }
    }
    assert!(alive.max() <= 1_025, "what tasks hold is bounded, too, with that of the submitter: {}", alive.max());
    assert!(most.load(Ordering::Relaxed) > 500, "many waited");
    let report = yard.shutdown().await;
    assert!(report.balances());
    assert_eq!((report.total.failed, report.lane("io").unwrap().counts.retries), (TASKS, TASKS));
}

/// Full jitter draws each delay from the whole window of 1,000 ms, in which ten thousand are 100 to a bucket of 10 ms in the mean.
#[tokio::test(start_paused = true)]
async fn ten_thousand_that_failed_at_one_instant_come_back_spread_over_the_window() {
    const TASKS: usize = 10_000;
    const WINDOW: Duration = SECOND;
    const BUCKETS: usize = 100;
    for seed in [None, Some(1), Some(2)] {
        let yard = Scheduler::builder().io(Lane::io().limit(TASKS).queue(0)).build().unwrap();
        let retry = Retry::exponential().attempts(2).min_delay(WINDOW).max_delay(WINDOW).without_budget();
        let retry = match seed {
            Some(seed) => retry.seed(seed),
            None => retry,
        };
        let retry = retry.build().unwrap();
        let (began, spread) = (Instant::now(), Arc::new(Mutex::new(vec![0_usize; BUCKETS + 1])));
        let mut handles = Vec::new();
        for _ in 0..TASKS {
            let spread = Arc::clone(&spread);
            let task = yard.io().task("storm").retry(retry.clone()).submit_with(move |ctx| {
                let spread = Arc::clone(&spread);
                async move {
                    if ctx.attempt() == 1 {
                        return Err(Failed(1));
                    }
                    let bucket = began.elapsed().as_millis() / 10;
                    spread.lock().unwrap()[usize::try_from(bucket).unwrap()] += 1;
                    Ok(())
                }
            });
            handles.push(task.await.unwrap());
        }
        assert_eq!(began.elapsed(), Duration::ZERO, "all of them came at one instant");
        for handle in handles {
            handle.await.unwrap();
        }
        let spread = spread.lock().unwrap().clone();
        let mean = TASKS / BUCKETS;
        assert_eq!(spread.iter().sum::<usize>(), TASKS);
        assert!(spread.iter().all(|&bucket| bucket <= 2 * mean), "{seed:?} {spread:?}");
        assert!(
            spread[..BUCKETS].iter().all(|&bucket| bucket >= mean / 3),
            "over the whole window: {seed:?} {spread:?}"
        );
        let _report = end(&yard).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_seed_gives_the_same_delays() {
    let starts = async |seed| {
        let yard = Scheduler::new();
        let script = Script::new(&[Fails]);
        let retry = Retry::exponential().attempts(8).min_delay(100 * SECOND).max_delay(1_000 * SECOND).seed(seed);
        let task = yard.io().task("seeded").retry(retry.build().unwrap());
        assert_eq!(task.run(script.player()).await.unwrap_err().attempts(), Some(8));
        let _report = end(&yard).await;
        script.starts()
    };
    assert_eq!(starts(3).await, starts(3).await);
    assert_ne!(starts(3).await, starts(4).await);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_tried_again_stands_behind_those_who_wait() {
    let yard = Scheduler::builder().io(Lane::io().limit(1).queue(8)).build().unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&order);
    let task = yard.io().task("again").retry(policy(2).build().unwrap()).submit_with(move |ctx| {
        let told = Arc::clone(&told);
        async move {
            told.lock().unwrap().push(format!("attempt {}", ctx.attempt()));
            if ctx.attempt() == 1 { Err(Failed(1)) } else { Ok(()) }
        }
    });
    let task = task.await.unwrap();
    settle().await;
    for name in ["first", "second"] {
        let told = Arc::clone(&order);
        let other = yard.io().submit(async move {
            told.lock().unwrap().push(name.to_owned());
            sleep(2 * SECOND).await;
        });
        drop(other.await.unwrap());
    }
    task.await.unwrap();
    assert_eq!(*order.lock().unwrap(), ["attempt 1", "first", "second", "attempt 2"]);
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn a_task_may_await_one_of_its_lane_that_is_tried_again() {
    for limit in [1, 2] {
        let yard = Scheduler::builder().io(Lane::io().limit(limit).queue(8)).cpu(Lane::cpu().threads(limit).queue(8));
        let yard = yard.build().unwrap();
        let script = Script::new(&[Fails, Fails, Works]);
        let inner = yard.io().task("inner").retry(policy(3).build().unwrap()).submit(script.player()).await.unwrap();
        let mut waiters = Vec::new();
        let outer = yard.io().submit(inner).await.unwrap();
        for _ in 1..limit {
            // Takes the other slot, and waits in turn.
            waiters.push(yard.io().submit(sleep(100 * MS)).await.unwrap());
        }
        assert_eq!(outer.await.unwrap().unwrap(), 3);
        for waiter in waiters {
            waiter.await.unwrap();
        }
        let script = Script::new(&[Fails, Fails, Works]);
        let inner = yard.cpu().task("inner").retry(policy(3).build().unwrap());
        let inner = inner.submit(move || script.call()).await.unwrap();
        let outer = yard.cpu().submit(move || inner.blocking_join()).await.unwrap();
        assert_eq!(outer.await.unwrap().unwrap(), 3);
        let _report = end(&yard).await;
    }
}

#[tokio::test(start_paused = true)]
async fn all_slots_held_by_those_who_wait_for_one_that_is_tried_again() {
    let yard = Scheduler::builder().io(Lane::io().limit(2).queue(8)).build().unwrap();
    let script = Script::new(&[Fails, Works]);
    let retry = policy(2).build().unwrap();
    let inner = yard.io().task("inner").retry(retry).submit(script.player()).await.unwrap();
    let lane = yard.io().clone();
    // The first awaits it while it runs or waits, the second awaits the first: both slots are theirs when the time has come.
    let first = yard.io().submit(inner).await.unwrap();
    let second = lane.submit(first).await.unwrap();
    assert_eq!(second.await.unwrap().unwrap().unwrap(), 2);
    let _report = end(&yard).await;
}
