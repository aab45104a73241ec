//! Tests that each result of a group comes out, once, to whoever collects.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;

use tokio::sync::oneshot;
use workyard::{Lane, LaneSnapshot, Scheduler, TaskErrorKind};
use workyard_testkit::{wait_for, wait_for_async};

use crate::common::{LONG, ends_with, has_ended, is_running, soon};

#[tokio::test]
async fn results_of_all_lanes_come_together() {
    let yard = Scheduler::builder()
        .lane("db", Lane::io().limit(1))
        .lane("hash", Lane::cpu().threads(1))
        .lane("disk", Lane::blocking().limit(1))
        .build()
        .unwrap();
    let group = yard.group();
    group.io(async { 1 }).await.unwrap();
    group.cpu(|| 2).await.unwrap();
    group.blocking(|| 3).await.unwrap();
    group.io_on(yard.io_lane("db").unwrap(), async { 4 }).await.unwrap();
    group.cpu_on(yard.cpu_lane("hash").unwrap(), || 5).await.unwrap();
    group.blocking_on(yard.blocking_lane("disk").unwrap(), || 6).await.unwrap();
    assert_eq!(group.len(), 6);
    let mut results = Vec::new();
    while let Some(result) = soon(group.join_next()).await {
        results.push(result.unwrap());
    }
    results.sort_unstable();
    assert_eq!(results, [1, 2, 3, 4, 5, 6]);
    assert!(group.is_empty() && group.try_join_next().is_none());
    let report = ends_with(yard, "accepted 6 = 6 completed").await;
    assert!(report.lanes.iter().all(|lane| lane.counts.ledger.completed == 1), "{:?}", report.lanes);
}

#[tokio::test]
async fn results_come_in_the_order_of_the_ends() {
    let yard = Scheduler::new();
    let group = yard.group();
    let mut members = Vec::new();
    for number in 0..4 {
        let (release, released) = oneshot::channel::<()>();
        let task = group.io(async move { released.await.map(|()| number) }).await.unwrap();
        members.push((release, task));
    }
    let order = [2, 0, 3, 1];
    let mut releases: Vec<_> = members.into_iter().map(Some).collect();
    for number in order {
        let (release, task) = releases[number].take().unwrap();
        release.send(()).unwrap();
        has_ended(&task).await;
    }
    let results: Vec<_> = soon(group.join_all()).await.into_iter().map(|result| result.unwrap().unwrap()).collect();
    assert_eq!(results, order);
    ends_with(yard, "accepted 4 = 4 completed").await;
}

/// The first member keeps the group from being empty until all others were submitted.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_collectors_share_a_thousand_members() {
    let yard =
        Scheduler::builder().io(Lane::io().limit(8).queue(8)).cpu(Lane::cpu().threads(2).queue(8)).build().unwrap();
    let group = Arc::new(yard.group::<u32>());
    let (all_are_in, wait_for_all) = oneshot::channel::<()>();
    group.io(async move { wait_for_all.await.map_or(u32::MAX, |()| 0) }).await.unwrap();
    let collectors: Vec<_> = (0..4)
        .map(|_| {
            let group = Arc::clone(&group);
            tokio::spawn(async move {
                let mut mine = Vec::new();
                while let Some(result) = group.join_next().await {
                    mine.push(result.unwrap());
                }
                mine
            })
        })
        .collect();
    for number in 1..1_000 {
        if number % 2 == 0 {
            soon(group.io(async move { number })).await.unwrap();
        } else {
            soon(group.cpu(move || number)).await.unwrap();
        }
    }
    all_are_in.send(()).unwrap();
    let mut all = Vec::new();
    for collector in collectors {
        all.extend(soon(collector).await.unwrap());
    }
    assert_eq!(all.len(), 1_000);
    assert_eq!(all.into_iter().collect::<HashSet<_>>(), (0..1_000).collect());
    ends_with(yard, "accepted 1_000 = 1_000 completed").await;
}

#[tokio::test]
async fn a_member_that_panics_is_one_result_among_others() {
    let yard = Scheduler::new();
    let group = yard.group::<u32>();
    group.cpu(|| 1).await.unwrap();
    group.cpu(|| panic!("one bad apple")).await.unwrap();
    let line = line!() - 1;
    group.io(async { 2 }).await.unwrap();
    let (good, bad): (Vec<_>, Vec<_>) = soon(group.join_all()).await.into_iter().partition(Result::is_ok);
    assert_eq!(good.into_iter().map(Result::unwrap).sum::<u32>(), 3);
    let [Err(error)] = bad.as_slice() else { panic!("{bad:?}") };
    assert_eq!((error.kind(), error.panic_message()), (TaskErrorKind::Panicked, Some("one bad apple")));
    assert_eq!((error.submitted_at().file(), error.submitted_at().line()), (file!(), line));
    let report = ends_with(yard, "accepted 3 = 2 completed + 1 panicked").await;
    assert_eq!(report.lane("cpu").unwrap().unobserved_failures, 0, "it was taken");
}

#[tokio::test]
async fn failures_that_nobody_took_are_counted() {
    let yard = Scheduler::new();
    let group = yard.group::<u32>();
    let ended = group.cpu(|| panic!("ended before the drop")).await.unwrap();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let ends_later =
        group.blocking(move || released.recv().map_or(0, |()| panic!("ended after the drop"))).await.unwrap();
    has_ended(&ended).await;
    is_running(&ends_later).await;
    drop(group);
    release.send(()).unwrap();
    // A task has ended a moment before its result is given away.
    let unobserved = |lane: &LaneSnapshot| lane.unobserved_failures;
    let all_counted = || yard.snapshot().lanes.iter().map(unobserved).sum::<u64>() == 2;
    wait_for_async("both are counted", LONG, all_counted).await;
    let report = ends_with(yard, "accepted 2 = 0 completed + 2 panicked").await;
    assert_eq!((unobserved(report.lane("cpu").unwrap()), unobserved(report.lane("blocking").unwrap())), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_threads_submit_and_collect() {
    let yard = Scheduler::new();
    let group = Arc::new(yard.group());
    let theirs = Arc::clone(&group);
    let lane = yard.cpu().clone();
    let thread = thread::spawn(move || {
        for number in 0..10 {
            theirs.task(lane.task("from a thread")).blocking_submit(move || number).unwrap();
        }
        let mut sum = 0;
        while let Some(result) = theirs.blocking_join_next() {
            sum += result.unwrap();
        }
        sum
    });
    wait_for("the thread is done", LONG, || thread.is_finished());
    assert_eq!(thread.join().unwrap(), 45);
    assert!(group.is_empty());
    ends_with(yard, "accepted 10 = 10 completed").await;
}

/// A member that makes a group of its own in the lane that it runs on.
#[tokio::test]
async fn a_group_within_a_member() {
    let yard = Scheduler::builder().io(Lane::io().limit(2)).build().unwrap();
    let outer = yard.group();
    let inside = yard.downgrade();
    outer
        .io(async move {
            let inner = inside.upgrade().unwrap().group();
            for number in 0..10 {
                inner.io(async move { number }).await.unwrap();
            }
            inner.join_all().await.into_iter().map(Result::unwrap).sum::<u32>()
        })
        .await
        .unwrap();
    assert_eq!(soon(outer.join_next()).await.unwrap().unwrap(), 45);
    ends_with(yard, "accepted 11 = 11 completed").await;
}
