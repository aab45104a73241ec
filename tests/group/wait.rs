//! Tests of waiting for the first, the first failure, or all, with and without a limit.

use std::io;
use std::thread;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use workyard::{Group, Scheduler, TaskError, Until};
use workyard_testkit::wait_for_async;

use crate::common::{LONG, ends_with};

/// A member that ends after so many seconds; negative: with an error.
async fn add(yard: &Scheduler, group: &Group<i32>, seconds: i32) {
    let work = async move {
        sleep(Duration::from_secs(u64::from(seconds.unsigned_abs()))).await;
        if seconds < 0 { Err(io::Error::other("on purpose")) } else { Ok(seconds) }
    };
    group.task(yard.io().task("sleeper").fallible()).submit(work).await.unwrap();
}

async fn group_of(yard: &Scheduler, seconds: &[i32]) -> Group<i32> {
    let group = yard.group();
    for &seconds in seconds {
        add(yard, &group, seconds).await;
    }
    group
}

/// The values, and -1 for each failure.
fn values(results: Vec<Result<i32, TaskError>>) -> Vec<i32> {
    results.into_iter().map(|result| result.unwrap_or(-1)).collect()
}

#[tokio::test(start_paused = true)]
async fn the_first_the_first_failure_and_all() {
    let yard = Scheduler::new();
    let group = group_of(&yard, &[4, -3, 2, 1]).await;
    let began = Instant::now();
    assert_eq!(values(group.wait(Until::First).await), [1]);
    assert_eq!((began.elapsed().as_secs(), group.len()), (1, 3));
    assert_eq!(values(group.wait(Until::FirstFailure).await), [2, -1]);
    assert_eq!((began.elapsed().as_secs(), group.len()), (3, 1));
    assert_eq!(values(group.wait(Until::All).await), [4]);
    assert_eq!((began.elapsed().as_secs(), group.len()), (4, 0));
    ends_with(yard, "accepted 4 = 3 completed + 1 failed").await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_leaves_the_rest_running() {
    let yard = Scheduler::new();
    let group = group_of(&yard, &[1, 3, 5]).await;
    let began = Instant::now();
    let within = |until, seconds| group.wait(until).timeout(Duration::from_secs(seconds));
    assert_eq!(values(within(Until::All, 2).await), [1]);
    assert_eq!((began.elapsed().as_secs(), group.len()), (2, 2));
    assert_eq!(values(within(Until::First, 10).await), [3], "met before the limit");
    assert_eq!(began.elapsed().as_secs(), 3);
    assert_eq!(values(within(Until::First, 1).await), [0; 0], "nothing by then");
    assert_eq!((began.elapsed().as_secs(), group.len()), (4, 1));
    assert_eq!(values(within(Until::FirstFailure, 0).await), [0; 0], "does not wait at all");
    assert_eq!(began.elapsed().as_secs(), 4);
    assert_eq!(values(within(Until::FirstFailure, 10).await), [5], "over when all have ended");
    assert_eq!((began.elapsed().as_secs(), group.len()), (5, 0));
    ends_with(yard, "accepted 3 = 3 completed").await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_member_is_no_failure_and_a_timed_out_one_is() {
    let yard = Scheduler::new();
    let group = yard.group();
    let began = Instant::now();
    let cancelled = group.io(std::future::pending()).await.unwrap();
    let limit = Duration::from_secs(2);
    group.task(yard.io().task("too slow").timeout(limit)).submit(std::future::pending()).await.unwrap();
    add(&yard, &group, 3).await;
    cancelled.cancel();
    let done = group.wait(Until::FirstFailure).await;
    assert_eq!(began.elapsed().as_secs(), 2);
    let kinds: Vec<_> = done.iter().map(|result| result.as_ref().unwrap_err().is_timeout()).collect();
    assert_eq!((kinds, group.len()), (vec![false, true], 1));
    assert_eq!(values(group.join_all().await), [3]);
    ends_with(yard, "accepted 3 = 1 completed + 1 cancelled + 1 timed out").await;
}

#[tokio::test(start_paused = true)]
async fn of_an_empty_group_nothing_is_waited_for() {
    let yard = Scheduler::new();
    let group = yard.group::<i32>();
    for until in [Until::First, Until::FirstFailure, Until::All] {
        assert!(group.wait(until).await.is_empty());
        assert!(group.wait(until).timeout(Duration::from_secs(9)).await.is_empty());
    }
    assert!(group.join_next().await.is_none());
    ends_with(yard, "accepted 0 = 0 completed").await;
}

/// One waits for all and one takes what comes: each result goes to one of them.
#[tokio::test(start_paused = true)]
async fn waiting_for_all_shares_with_join_next() {
    let yard = Scheduler::new();
    let group = group_of(&yard, &[1, 2, 3]).await;
    let began = Instant::now();
    let (rest, first) = tokio::join!(group.join_all(), group.join_next());
    assert_eq!((values(rest), first.unwrap().unwrap()), (vec![2, 3], 1));
    assert_eq!(began.elapsed().as_secs(), 3);
    ends_with(yard, "accepted 3 = 3 completed").await;
}

#[tokio::test]
async fn plain_threads_wait_too() {
    let yard = Scheduler::new();
    let group = yard.group();
    let (release, released) = tokio::sync::oneshot::channel::<()>();
    group.io(async { released.await.map_or(0, |()| 2) }).await.unwrap();
    group.cpu(|| 1).await.unwrap();
    thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let first = values(group.wait(Until::First).blocking_join());
            let nothing = values(group.wait(Until::All).timeout(Duration::from_millis(1)).blocking_join());
            (first, nothing)
        });
        assert_eq!(waits.join().unwrap(), (vec![1], vec![]));
    });
    release.send(()).unwrap();
    wait_for_async("the other has ended", LONG, || yard.snapshot().ledger().completed == 2).await;
    let waits = group.wait(Until::All).timeout(Duration::from_hours(1));
    assert_eq!(values(thread::scope(|scope| scope.spawn(|| waits.blocking_join()).join().unwrap())), [2]);
    ends_with(yard, "accepted 2 = 2 completed").await;
}
