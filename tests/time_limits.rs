//! Time limits and tokens on every lane: which of them counts, when, what it does to the slot, and what is left afterwards.
#![cfg(test)]

#[path = "common/run.rs"]
mod run;

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::time::{Instant, advance};
use tokio_util::sync::CancellationToken;
use workyard::{Handle, Lane, LaneCounts, Outcome, Reason, Scheduler, TaskError, TaskErrorKind, TaskStatus};
use workyard_testkit::{DropCounter, wait_for_async};

use run::{SOON, on_runtime, soon};

const SECOND: Duration = Duration::from_secs(1);

fn narrow() -> Scheduler {
    let builder = Scheduler::builder().io(Lane::io().limit(1).queue(16)).cpu(Lane::cpu().threads(1).queue(16));
    builder.blocking(Lane::blocking().limit(1).queue(16)).build().unwrap()
}

fn counts(yard: &Scheduler, lane: &str) -> LaneCounts {
    yard.snapshot().lane(lane).unwrap().counts
}

fn stopped<T>(result: Result<T, TaskError>) -> (TaskErrorKind, Option<Reason>) {
    result.map(|_| ()).map_err(|error| (error.kind(), error.reason())).unwrap_err()
}

/// Holds a slot until the sender is dropped, whatever it is asked.
fn stubborn<T: Send + 'static>(value: T) -> (mpsc::Sender<()>, impl FnOnce() -> T + Send + 'static) {
    let (open, opened) = mpsc::channel::<()>();
    let body = move || {
        let _closed = opened.recv();
        value
    };
    (open, body)
}

async fn started<T>(handle: &Handle<T>) {
    wait_for_async("the body runs", SOON, || handle.status() == TaskStatus::Running).await;
}

#[tokio::test(start_paused = true)]
async fn of_several_limits_the_earliest_counts() {
    let yard = Scheduler::new();
    let now = Instant::now();
    for (timeout, deadline, reason) in [(2, 3, Reason::Timeout), (3, 2, Reason::Deadline)] {
        let task = yard.io().task("both").timeout(timeout * SECOND).deadline(now + deadline * SECOND);
        let handle = task.submit(pending::<()>()).await.unwrap();
        assert_eq!(stopped(handle.await), (TaskErrorKind::TimedOut, Some(reason)));
    }
    let spent = now.elapsed();
    assert!(spent >= 2 * SECOND && spent < 3 * SECOND, "both ended by the earlier limit: {spent:?}");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_counts_from_the_start_and_a_queue_timeout_ends_there() {
    let yard = narrow();
    let began = Instant::now();
    let holds = yard.io().task("holds the slot").timeout(10 * SECOND).submit(pending::<()>()).await.unwrap();
    let task = yard.io().task("waits first").timeout(5 * SECOND).queue_timeout(11 * SECOND);
    let waits_first = task.submit(pending::<()>()).await.unwrap();
    assert_eq!(stopped(holds.await).1, Some(Reason::Timeout));
    assert_eq!(stopped(waits_first.await).1, Some(Reason::Timeout));
    let spent = began.elapsed();
    assert!(spent >= 15 * SECOND && spent < 16 * SECOND, "{spent:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_is_past_when_a_task_is_queued_ends_it_there() {
    let yard = narrow();
    let holds = yard.io().submit(pending::<()>()).await.unwrap();
    let runs = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&runs);
    let past =
        yard.io().task("past").deadline(Instant::now()).submit(async move { seen.fetch_add(1, Ordering::SeqCst) });
    assert_eq!(stopped(past.await.unwrap().await), (TaskErrorKind::TimedOut, Some(Reason::Deadline)));
    let none = yard.io().task("none").queue_timeout(Duration::ZERO).submit(async {}).await.unwrap();
    assert_eq!(stopped(none.await), (TaskErrorKind::TimedOut, Some(Reason::QueueTimeout)));
    assert_eq!((runs.load(Ordering::SeqCst), counts(&yard, "io").never_started), (0, 2));
    assert!(holds.cancel());
}

#[tokio::test(start_paused = true)]
async fn no_wait_at_all_is_enough_for_who_finds_a_slot() {
    let yard = narrow();
    let task = yard.io().task("at once").queue_timeout(Duration::ZERO);
    assert_eq!(task.run(async { 1 }).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_comes_in_time_is_the_outcome_and_only_that() {
    let yard = Scheduler::new();
    let mut kinds = [0_u64; 2];
    for n in 0..1_000 {
        // Result and limit in the same tick, the limit a little earlier or later in turn.
        let limit = Duration::from_millis(10 + n % 3 - 1);
        let body = async { tokio::time::sleep(Duration::from_millis(10)).await };
        let handle = yard.io().task("races").timeout(limit).submit(body).await.unwrap();
        let reference = handle.task_ref();
        let result = handle.await;
        let status = match &result {
            Ok(()) => Outcome::Completed,
            Err(error) => {
                assert_eq!((error.kind(), error.reason()), (TaskErrorKind::TimedOut, Some(Reason::Timeout)));
                Outcome::TimedOut
            }
        };
        kinds[usize::from(result.is_err())] += 1;
        assert_eq!(reference.status(), TaskStatus::Ended(status));
    }
    let ledger = yard.snapshot().ledger();
    assert_eq!([ledger.completed, ledger.timed_out], kinds);
    assert!(ledger.balances() && kinds[0] >= 333 && kinds[1] >= 333, "{kinds:?}");
}

#[tokio::test(start_paused = true)]
async fn thousands_of_limits_at_one_instant_let_others_run() {
    let yard = Scheduler::builder().io(Lane::io().limit(1).queue(20_000)).build().unwrap();
    let holds = yard.io().submit(pending::<()>()).await.unwrap();
    let mut handles = Vec::new();
    for _ in 0..10_000 {
        handles.push(yard.io().task("late").queue_timeout(SECOND).submit(async {}).await.unwrap());
    }
    advance(2 * SECOND).await;
    let seen_from = yard.clone();
    let neighbour = tokio::spawn(async move {
        let mut before = counts(&seen_from, "io").ledger.timed_out;
        let mut most_at_once = 0;
        wait_for_async("all are out of time", SOON, || {
            let now = counts(&seen_from, "io").ledger.timed_out;
            most_at_once = most_at_once.max(now - before);
            before = now;
            now == 10_000
        })
        .await;
        most_at_once
    });
    let most_at_once = neighbour.await.unwrap();
    assert!(most_at_once <= 100, "{most_at_once} were stopped while nobody else ran");
    for handle in handles {
        assert_eq!(stopped(handle.await).1, Some(Reason::QueueTimeout));
    }
    assert!(holds.cancel());
}

#[tokio::test(start_paused = true)]
async fn a_limit_reaches_a_future_that_lent_its_slot() {
    let yard = narrow();
    let inner = yard.clone();
    let lends = yard.io().task("lends").timeout(SECOND).submit(async move {
        let child = inner.io().submit(pending::<()>()).await.unwrap().abort_on_drop();
        child.await.unwrap();
    });
    let lends = lends.await.unwrap();
    wait_for_async("the slot is lent", SOON, || counts(&yard, "io").lending == 1).await;
    assert_eq!(stopped(lends.await), (TaskErrorKind::TimedOut, Some(Reason::Timeout)));
    wait_for_async("the child is stopped with it", SOON, || counts(&yard, "io").occupied == 0).await;
    let left = counts(&yard, "io");
    assert_eq!((left.lending, left.ledger.timed_out, left.ledger.cancelled), (0, 1, 1));
}

#[test]
fn a_closure_out_of_time_keeps_its_slot_and_its_late_result_is_dropped() {
    on_runtime(async {
        let yard = narrow();
        for lane in ["cpu", "blocking"] {
            let results = DropCounter::new();
            let (open, body) = stubborn(results.payload());
            let limit = Duration::from_millis(20);
            let (slow, next) = if lane == "cpu" {
                let slow = yard.cpu().task("slow").timeout(limit).submit(body).await.unwrap();
                (slow, yard.cpu().submit(|| ()).await.unwrap())
            } else {
                let slow = yard.blocking().task("slow").timeout(limit).submit(body).await.unwrap();
                (slow, yard.blocking().submit(|| ()).await.unwrap())
            };
            assert_eq!(stopped(soon(slow).await), (TaskErrorKind::TimedOut, Some(Reason::Timeout)));
            let held = counts(&yard, lane);
            assert_eq!((held.occupied, held.overrunning, held.ledger.running, held.ledger.queued), (1, 1, 0, 1));
            assert_eq!(next.status(), TaskStatus::Queued, "the slot is not free");
            let tasks = yard.tasks();
            assert!(tasks.iter().any(|task| task.name.as_deref() == Some("slow") && task.status.is_ended()));
            drop(open);
            soon(next).await.unwrap();
            let after = counts(&yard, lane);
            assert_eq!((after.overrunning, after.late_results, after.ledger.timed_out), (0, 1, 1));
            assert_eq!(results.alive(), 0, "nobody gets the late result");
        }
        let report = soon(yard.shutdown()).await;
        assert!(report.balances() && report.is_clean(), "{report}");
    });
}

#[test]
fn a_closure_out_of_time_sees_it() {
    on_runtime(async {
        let yard = narrow();
        let (told, tell) = mpsc::channel();
        let task = yard.cpu().task("heeds").timeout(Duration::from_millis(20));
        let handle = task.submit_with(move |ctx| {
            while !ctx.is_cancelled() {
                std::thread::yield_now();
            }
            told.send(ctx.reason()).unwrap();
        });
        assert_eq!(stopped(soon(handle.await.unwrap()).await).1, Some(Reason::Timeout));
        let seen = tokio::task::spawn_blocking(move || tell.recv_timeout(SOON).unwrap());
        assert_eq!(soon(seen).await.unwrap(), Some(Reason::Timeout));
        wait_for_async("its slot is free", SOON, || counts(&yard, "cpu").occupied == 0).await;
    });
}

#[test]
fn a_limit_outlives_the_yard() {
    on_runtime(async {
        let yard = narrow();
        let (open, body) = stubborn(());
        let handle = yard.cpu().task("outlives").timeout(Duration::from_millis(200)).submit(body).await.unwrap();
        started(&handle).await;
        drop(yard);
        assert_eq!(stopped(soon(handle).await), (TaskErrorKind::TimedOut, Some(Reason::Timeout)));
        drop(open);
    });
}

#[test]
fn a_token_stops_what_runs_and_what_waits_on_every_lane() {
    on_runtime(async {
        let yard = narrow();
        let token = CancellationToken::new();
        let runs_io = yard.io().task("runs").token(token.clone()).submit(pending::<u8>()).await.unwrap();
        let waits_io = yard.io().task("waits").token(token.clone()).submit(async { 0_u8 }).await.unwrap();
        // A body whose token is cancelled just before its first step takes none, so status alone does not tell.
        let in_body = Arc::new(AtomicUsize::new(0));
        let began = Arc::clone(&in_body);
        let until_told = move |ctx: workyard::TaskContext| {
            began.fetch_add(1, Ordering::SeqCst);
            while !ctx.is_cancelled() {
                std::thread::yield_now();
            }
            7_u8
        };
        let runs_cpu = yard.cpu().task("runs").token(token.clone()).submit_with(until_told.clone()).await.unwrap();
        let waits_cpu = yard.cpu().task("waits").token(token.clone()).submit(|| 0_u8).await.unwrap();
        let runs_blocking = yard.blocking().task("runs").token(token.clone()).submit_with(until_told).await.unwrap();
        let waits_blocking = yard.blocking().task("waits").token(token.clone()).submit(|| 0_u8).await.unwrap();
        started(&runs_io).await;
        wait_for_async("both closures run", SOON, || in_body.load(Ordering::SeqCst) == 2).await;
        token.cancel();
        for handle in [runs_io, waits_io, waits_cpu, waits_blocking] {
            assert_eq!(stopped(soon(handle).await), (TaskErrorKind::Cancelled, Some(Reason::User)));
        }
        for handle in [runs_cpu, runs_blocking] {
            assert_eq!(soon(handle).await.unwrap(), 7, "what a closure returns is its outcome");
        }
        let report = soon(yard.shutdown()).await;
        assert!(report.balances() && report.is_clean(), "{report}");
        assert_eq!((report.total.cancelled, report.total.completed), (4, 2));
    });
}

#[test]
fn for_ever_is_a_limit_of_every_wait() {
    on_runtime(async {
        let (yard, max) = (narrow(), Duration::MAX);
        let task = yard.io().task("for ever").timeout(max).queue_timeout(max);
        let mut handle = task.submit_timeout(max, async { 1 }).await.unwrap();
        assert_eq!(soon(handle.join_timeout(max)).await.unwrap().unwrap(), 1);
        let cpu = yard.cpu().clone();
        let on_a_thread = tokio::task::spawn_blocking(move || {
            cpu.blocking_submit(|| 2).unwrap().blocking_join_timeout(max).unwrap().unwrap()
        });
        assert_eq!(soon(on_a_thread).await.unwrap(), 2);
        let each = yard.cpu().map(0..3, |x| x).timeout(max);
        assert_eq!(soon(each).await.unwrap(), [0, 1, 2]);
        let report = soon(yard.shutdown().drain_for(max).grace(max)).await;
        assert!(report.balances() && report.is_clean() && report.total.completed == 5, "{report}");
    });
}
