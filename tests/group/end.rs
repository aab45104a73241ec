//! Tests of how a group ends its members: by drop, cancel and abort.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use workyard::{Group, Lane, Reason, Scheduler, SubmitError, TaskContext, TaskError, TaskErrorKind, TaskStatus};
use workyard_testkit::{DropCounter, Payload, Rng, SeedOnPanic, seeds, wait_for_async};

use crate::common::{Hand, LONG, ends_with, has_ended, is_running, soon};

/// A yard whose lanes run one task each.
fn single() -> Scheduler {
    Scheduler::builder()
        .io(Lane::io().limit(1))
        .cpu(Lane::cpu().threads(1))
        .blocking(Lane::blocking().limit(1))
        .build()
        .unwrap()
}

/// Runs until it is asked to stop, and says why it was.
fn until_asked(context: &TaskContext) -> Option<Reason> {
    while !context.is_cancelled() {
        thread::yield_now();
    }
    context.reason()
}

/// Keeps the payload for ever.
async fn hold(payload: Payload) -> Option<Reason> {
    pending::<()>().await;
    drop(payload);
    None
}

#[tokio::test]
async fn dropping_a_group_stops_its_members() {
    let yard = single();
    let group = yard.group();
    let (drops, started) = (DropCounter::new(), Arc::new(AtomicUsize::new(0)));
    let (tell, told) = mpsc::channel();
    let payload = drops.payload();
    let future = group.io(hold(payload)).await.unwrap();
    let body = yard.cpu().task("asked");
    let closure = group.task(body).submit_with(move |context| {
        let reason = until_asked(&context);
        tell.send(reason).unwrap();
        reason
    });
    let closure = closure.await.unwrap();
    for running in [&future, &closure] {
        is_running(running).await;
    }
    for _ in 0..3 {
        let (payload, started) = (drops.payload(), Arc::clone(&started));
        let never = move || {
            started.fetch_add(1, Ordering::SeqCst);
            drop(payload);
            None
        };
        group.cpu(never).await.unwrap();
        let payload = drops.payload();
        group.io(hold(payload)).await.unwrap();
    }
    drop(group);
    has_ended(&future).await;
    has_ended(&closure).await;
    assert_eq!(told.recv().unwrap(), Some(Reason::Group));
    assert_eq!((drops.made(), drops.alive(), started.load(Ordering::SeqCst)), (7, 0, 0));
    let report = ends_with(yard, "accepted 8 = 1 completed + 7 cancelled").await;
    assert_eq!(report.never_started, 6);
    assert!(report.lanes.iter().all(|lane| lane.unobserved_failures == 0));
}

#[tokio::test]
async fn a_cancelled_group_gives_its_results_and_takes_no_more() {
    let full = Lane::io().limit(1).queue(0);
    let yard = Scheduler::builder().io(Lane::io().limit(1).queue(1)).lane("full", full).build().unwrap();
    let full = yard.io_lane("full").unwrap();
    let stranger = full.submit(pending::<()>()).await.unwrap();
    let group = yard.group();
    group.io(pending()).await.unwrap();
    group.io(pending()).await.unwrap();
    group.cpu(|| 1).await.unwrap();
    wait_for_async("the closure has ended", LONG, || yard.snapshot().ledger().completed == 1).await;
    let hand = Hand::new();
    let mut waits = Box::pin(group.io_on(full, async { 2 }));
    assert!(hand.poll(waits.as_mut()).is_pending());

    group.cancel();
    assert_eq!(hand.wakes(), 1, "there is nothing to wait for any more");
    let refused = soon(waits).await.unwrap_err();
    assert_eq!((refused.is_closed(), refused.is_full()), (true, false));
    assert_eq!(refused.to_string(), "the group of this task for lane full was cancelled");
    assert_eq!(refused.into_inner().await, 2);
    assert_eq!(group.cpu(|| 3).await.unwrap_err().into_inner()(), 3);
    assert_eq!(group.try_cpu(|| 4).unwrap_err().into_inner()(), 4);
    assert_eq!(stranger.status(), TaskStatus::Running);
    stranger.cancel();

    let results = soon(group.join_all()).await;
    assert_eq!(results.iter().flatten().sum::<u32>(), 1);
    let reasons: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()?.reason()).collect();
    assert_eq!(reasons, [Reason::Group, Reason::Group]);
    group.cancel();
    let report = ends_with(yard, "accepted 4 = 1 completed + 3 cancelled").await;
    assert_eq!((report.never_started, report.lane("full").unwrap().counts.submitters), (1, 0));
}

#[tokio::test]
async fn the_room_that_a_cancelled_group_leaves_is_not_for_its_own() {
    let yard = Scheduler::builder().io(Lane::io().limit(1).queue(0)).build().unwrap();
    let group = yard.group();
    let member = group.io(pending()).await.unwrap();
    let hand = Hand::new();
    let mut waits = Box::pin(group.io(async { 1 }));
    assert!(hand.poll(waits.as_mut()).is_pending());
    group.cancel();
    has_ended(&member).await;
    assert_eq!(yard.snapshot().lane("io").unwrap().counts.promised, 1, "there is room");
    assert!(soon(waits).await.unwrap_err().is_closed());
    assert_eq!(yard.snapshot().lane("io").unwrap().counts.promised, 0, "for others");
    assert_eq!(soon(group.join_all()).await.len(), 1);
    ends_with(yard, "accepted 1 = 0 completed + 1 cancelled").await;
}

#[tokio::test]
async fn an_aborted_group_is_answered_at_once() {
    let yard = single();
    let group = yard.group::<u32>();
    let (release, released) = mpsc::channel::<()>();
    let closure = group.blocking(move || released.recv().map_or(0, |()| 1)).await.unwrap();
    is_running(&closure).await;
    let listens = yard.io().task("has a context");
    group.task(listens).submit_with(|_context| pending()).await.unwrap();
    group.abort_all();
    let mut errors: Vec<_> = soon(group.join_all()).await.into_iter().map(Result::unwrap_err).collect();
    errors.sort_unstable_by_key(TaskError::id);
    let ends: Vec<_> = errors.iter().map(|error| (error.kind(), error.reason())).collect();
    let by_group = Some(Reason::Group);
    assert_eq!(ends, [(TaskErrorKind::Abandoned, by_group), (TaskErrorKind::Cancelled, by_group)]);
    assert!(group.try_io(async { 2 }).unwrap_err().is_closed());
    release.send(()).unwrap();
    ends_with(yard, "accepted 2 = 0 completed + 1 cancelled + 1 abandoned").await;
}

/// What the members of a group leave behind must not be what lets their successors start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_queued_never_starts_once_the_group_is_cancelled() {
    let yard = single();
    let started = Arc::new(AtomicBool::new(false));
    for _seed in seeds(200) {
        let group = yard.group();
        let io = group.io(pending()).await.unwrap();
        let cpu = group.task(yard.cpu().task("asked")).submit_with(|context| assert!(until_asked(&context).is_some()));
        let cpu = cpu.await.unwrap();
        for running in [&io, &cpu] {
            is_running(running).await;
        }
        for _ in 0..20 {
            let (by_io, by_cpu) = (Arc::clone(&started), Arc::clone(&started));
            group.io(async move { by_io.store(true, Ordering::SeqCst) }).await.unwrap();
            group.cpu(move || by_cpu.store(true, Ordering::SeqCst)).await.unwrap();
        }
        group.cancel();
        assert_eq!(soon(group.join_all()).await.len(), 42);
    }
    assert!(!started.load(Ordering::SeqCst));
    let report = yard.shutdown().await;
    assert!(report.balances() && report.is_clean(), "{report}");
    assert_eq!(report.total.cancelled, report.never_started + report.lane("io").unwrap().counts.ledger.accepted / 21);
}

/// Members end only if they are stopped: one that slips past the cancel would hang its group for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_while_others_submit() {
    let yard =
        Scheduler::builder().io(Lane::io().limit(2).queue(2)).cpu(Lane::cpu().threads(1).queue(2)).build().unwrap();
    let mut accepted = 0;
    for seed in seeds(1_000) {
        let _told = SeedOnPanic::new(seed);
        let mut rng = Rng::new(seed);
        let group = Arc::new(yard.group::<Option<Reason>>());
        let (spins, aborts) = (rng.below(2_000), rng.chance(0.2));
        let submitter = tokio::spawn(submit_until_closed(Arc::clone(&group), yard.clone(), rng));
        let canceller = tokio::spawn({
            let group = Arc::clone(&group);
            async move {
                for _ in 0..spins {
                    std::hint::spin_loop();
                }
                if aborts { group.abort_all() } else { group.cancel() }
            }
        });
        let in_group = soon(submitter).await.unwrap();
        soon(canceller).await.unwrap();
        let results = soon(group.join_all()).await;
        assert_eq!(results.len(), in_group, "one result for each that was accepted");
        for result in results {
            let reason = result.unwrap_or_else(|error| error.reason());
            assert_eq!(reason, Some(Reason::Group));
        }
        accepted += in_group as u64;
    }
    let report = yard.shutdown().await;
    assert!(report.balances() && report.is_clean(), "{report}");
    assert_eq!(report.total.accepted, accepted);
}

/// A submission between its two locks: in the group, and not yet in the lane. Somebody who holds the lane's lock most of the
/// time makes that moment long.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn cancelling_what_is_on_its_way() {
    let yard = single();
    for _ in 0..2_000 {
        drop(yard.io().submit(pending::<()>()).await.unwrap());
    }
    let (done, mut accepted) = (AtomicBool::new(false), 2_000);
    let mut groups = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                assert!(!yard.tasks().is_empty());
            }
        });
        for _seed in seeds(1_000) {
            let (group, start) = (yard.group::<()>(), Barrier::new(2));
            let is_in = thread::scope(|scope| {
                let submitter = scope.spawn(|| {
                    start.wait();
                    group.try_io(pending()).is_ok()
                });
                start.wait();
                group.cancel();
                submitter.join().unwrap()
            });
            accepted += u64::from(is_in);
            groups.push((group, is_in));
        }
        done.store(true, Ordering::SeqCst);
    });
    for (group, is_in) in groups {
        assert_eq!(soon(group.join_all()).await.len(), usize::from(is_in));
    }
    let report = yard.shutdown().drain_for(Duration::ZERO).await;
    assert!(report.balances() && report.is_clean(), "{report}");
    assert_eq!(report.total.accepted, accepted);
}

/// How many were accepted.
async fn submit_until_closed(group: Arc<Group<Option<Reason>>>, yard: Scheduler, mut rng: Rng) -> usize {
    fn is_in<F>(submitted: &Result<workyard::TaskRef, SubmitError<F>>) -> bool {
        submitted.as_ref().map_or_else(|refused| assert!(refused.is_closed()), drop);
        submitted.is_ok()
    }

    let mut accepted = 0;
    loop {
        let is_in = match rng.below(3) {
            0 => is_in(&group.io(pending()).await),
            1 => is_in(&group.task(yard.cpu().task("asked")).submit_with(|context| until_asked(&context)).await),
            _ => is_in(&group.task(yard.io().task("asked")).submit_with(wait_until_asked).await),
        };
        if !is_in {
            return accepted;
        }
        accepted += 1;
    }
}

async fn wait_until_asked(context: TaskContext) -> Option<Reason> {
    context.cancelled().await;
    context.reason()
}
