//! Tests of the ways into a group, and of what does not get in.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use workyard::{Group, GroupSubmit, JoinNext, Lane, Order, Priority, Reason, Scheduler, TaskErrorKind, Until, Wait};
use workyard_testkit::DropCounter;

use crate::common::{Hand, ends_with, is_running, soon};

/// A yard whose io lane has room for one task.
fn narrow() -> Scheduler {
    Scheduler::builder().io(Lane::io().limit(1).queue(0)).build().unwrap()
}

#[tokio::test]
async fn a_submission_that_waits_for_room_is_a_member() {
    let yard = narrow();
    let group = yard.group();
    let (release, released) = oneshot::channel::<()>();
    let other = yard.io().submit(async { released.await.is_ok() }).await.unwrap();
    let hand = Hand::new();
    let mut waits = Box::pin(group.io(async { 1 }));
    assert!(group.is_empty() && group.join_next().await.is_none(), "not polled, not a member");
    assert!(hand.poll(waits.as_mut()).is_pending());
    assert_eq!(group.len(), 1);
    let collector = Hand::new();
    let mut next = Box::pin(group.join_next());
    assert!(collector.poll(next.as_mut()).is_pending(), "there is more to come");

    drop(waits);
    assert_eq!(collector.wakes(), 1, "and now there is not");
    assert!(collector.poll(next.as_mut()).is_ready());
    drop(next);
    assert!(group.is_empty());
    release.send(()).unwrap();
    assert!(soon(other).await.unwrap());
    let report = ends_with(yard, "accepted 1 = 1 completed").await;
    assert_eq!(report.lane("io").unwrap().counts.submitters, 0, "its place in line is gone");
}

#[tokio::test]
async fn a_submission_that_waited_gets_in() {
    let yard = narrow();
    let group = Arc::new(yard.group());
    group.io(async { 1 }).await.unwrap();
    // Taking the first result and waiting for room at once: neither calls the group empty too early.
    let (results, second) = soon(async { tokio::join!(group.join_all(), group.io(async { 2 })) }).await;
    assert!(second.is_ok());
    assert_eq!(results.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [1, 2]);
    ends_with(yard, "accepted 2 = 2 completed").await;
}

#[tokio::test]
async fn try_forms_give_the_work_back() {
    let yard = Scheduler::builder()
        .io(Lane::io().limit(1).queue(0))
        .cpu(Lane::cpu().threads(1).queue(0))
        .blocking(Lane::blocking().limit(1).queue(0))
        .build()
        .unwrap();
    let group = yard.group();
    let (release, released) = oneshot::channel::<()>();
    let (let_cpu, cpu_waits) = std::sync::mpsc::channel::<()>();
    let (let_blocking, blocking_waits) = std::sync::mpsc::channel::<()>();
    group.try_io(async { released.await.map_or(0, |()| 1) }).unwrap();
    group.try_cpu(move || cpu_waits.recv().map_or(0, |()| 2)).unwrap();
    group.try_blocking(move || blocking_waits.recv().map_or(0, |()| 3)).unwrap();
    let full = group.try_io_on(yard.io(), async { 4 }).unwrap_err();
    assert!(full.is_full() && !full.is_closed());
    assert_eq!(full.into_inner().await, 4);
    assert_eq!(group.try_cpu_on(yard.cpu(), || 5).unwrap_err().into_inner()(), 5);
    assert_eq!(group.try_blocking_on(yard.blocking(), || 6).unwrap_err().into_inner()(), 6);
    assert_eq!(group.task(yard.cpu().task("named")).try_submit(|| 7).unwrap_err().into_inner()(), 7);
    assert_eq!(group.len(), 3);
    release.send(()).unwrap();
    let_cpu.send(()).unwrap();
    let_blocking.send(()).unwrap();
    let mut results: Vec<_> = soon(group.join_all()).await.into_iter().map(Result::unwrap).collect();
    results.sort_unstable();
    assert_eq!(results, [1, 2, 3]);
    let report = ends_with(yard, "accepted 3 = 3 completed").await;
    assert_eq!(report.lane("cpu").unwrap().counts.refused, 2);
}

#[tokio::test]
async fn a_closed_lane_gives_the_work_back() {
    let yard = narrow();
    let group = yard.group();
    let hand = Hand::new();
    group.io(std::future::pending()).await.unwrap();
    let mut waits = pin!(group.io(async { "mine" }));
    assert!(hand.poll(waits.as_mut()).is_pending());
    let report = yard.shutdown().drain_for(Duration::ZERO).await;
    let closed = soon(waits).await.unwrap_err();
    assert_eq!((closed.is_closed(), closed.to_string().as_str()), (true, "lane io is closed"));
    assert_eq!(closed.into_inner().await, "mine");
    let error = soon(group.join_next()).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.reason()), (TaskErrorKind::Cancelled, Some(Reason::Shutdown)));
    assert!(group.is_empty());
    assert!(report.balances());
    assert_eq!(report.to_string(), "accepted 1 = 0 completed + 1 cancelled; stuck: none");
}

#[tokio::test]
async fn a_submission_dropped_while_it_waits_drops_its_work() {
    let yard = narrow();
    let group = yard.group();
    let drops = DropCounter::new();
    let (release, released) = oneshot::channel::<()>();
    group.io(async { released.await.map_or(0, |()| 1) }).await.unwrap();
    let payload = drops.payload();
    let waits = tokio::time::timeout(Duration::from_millis(1), group.io(async move { payload.into_number() }));
    assert!(waits.await.is_err());
    assert_eq!((drops.alive(), group.len()), (0, 1));
    release.send(()).unwrap();
    assert_eq!(soon(group.join_next()).await.unwrap().unwrap(), 1);
    assert!(soon(group.join_next()).await.is_none());
    ends_with(yard, "accepted 1 = 1 completed").await;
}

trait IntoNumber {
    fn into_number(self) -> u32;
}

impl IntoNumber for workyard_testkit::Payload {
    fn into_number(self) -> u32 {
        0
    }
}

#[tokio::test]
async fn options_reach_the_member() {
    let yard = Scheduler::builder().cpu(Lane::cpu().threads(1).order(Order::Priority)).build().unwrap();
    let group = yard.group();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let first = group.cpu(move || released.recv().map_or("lost", |()| "first")).await.unwrap();
    is_running(&first).await;
    group.task(yard.cpu().task("low").priority(Priority::LOW)).submit(|| "low").await.unwrap();
    group.task(yard.cpu().task("high").priority(Priority::HIGH)).submit(|| "high").await.unwrap();
    let named = yard.cpu().task("own name").priority(Priority::NORMAL);
    group
        .task(named)
        .submit_with(|context| if context.name() == Some("own name") { "named" } else { "?" })
        .await
        .unwrap();
    release.send(()).unwrap();
    let results: Vec<_> = soon(group.join_all()).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(results, ["first", "high", "named", "low"]);

    let failing = yard.io().task("parse").fallible();
    group.task(failing).submit(async { "x".parse::<u32>().map(|_| "a number") }).await.unwrap();
    let line = line!() - 1;
    let error = soon(group.join_next()).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.name()), (TaskErrorKind::Failed, Some("parse")));
    // The line that began the submission.
    assert_eq!(error.submitted_at().line(), line - 1);
    let limited = yard.io().task("limited").timeout(Duration::from_millis(1));
    group.task(limited).submit_with(|_context| std::future::pending()).await.unwrap();
    assert!(soon(group.join_next()).await.unwrap().unwrap_err().is_timeout());
    ends_with(yard, "accepted 6 = 4 completed + 1 failed + 1 timed out").await;
}

#[test]
fn what_tasks_share_crosses_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<Group<Box<dyn Fn() + Send>>>();
    crosses::<JoinNext<'_, Box<dyn Fn() + Send>>>();
    crosses::<Wait<'_, Box<dyn Fn() + Send>>>();
    crosses::<GroupSubmit<'_, Box<dyn Fn() + Send>, u32>>();
    crosses::<Until>();
}
