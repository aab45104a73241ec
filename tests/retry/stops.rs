//! What stops a task that is tried again, wherever that finds it: in the queue, at an attempt, between two.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use workyard::{Handle, Lane, Outcome, Reason, Scheduler, TaskErrorKind, TaskRef, TaskStatus};
use workyard_testkit::{DropCounter, wait_for};

use crate::common::Does::{Fails, Hangs, Works};
use crate::common::{Does, Failed, HeldClock, SECOND, SOON, Script, counts, end, policy, settle};

/// Where a task is when it is stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Where {
    InTheQueue,
    AtTheFirstAttempt,
    Between,
    InTheQueueAgain,
    AtTheSecondAttempt,
}

/// What stops it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum By {
    Cancel,
    Abort,
    Token,
    Deadline,
    Shutdown,
    DroppedYard,
}

const WHERE: [Where; 5] =
    [Where::InTheQueue, Where::AtTheFirstAttempt, Where::Between, Where::InTheQueueAgain, Where::AtTheSecondAttempt];

const BY: [By; 6] = [By::Cancel, By::Abort, By::Token, By::Deadline, By::Shutdown, By::DroppedYard];

fn narrow() -> Scheduler {
    Scheduler::builder().io(Lane::io().limit(1).queue(4)).cpu(Lane::cpu().threads(1).queue(4)).build().unwrap()
}

/// Takes up the one slot until it is told to go on.
async fn blocker(yard: &Scheduler) -> oneshot::Sender<()> {
    let (go_on, waits) = oneshot::channel::<()>();
    let blocks = yard.io().submit(async move { drop(waits.await) }).await.unwrap();
    drop(blocks);
    settle().await;
    go_on
}

/// How many attempts were begun there, and the task's status.
fn expected(at: Where) -> (u32, TaskStatus) {
    match at {
        Where::InTheQueue => (0, TaskStatus::Queued),
        Where::AtTheFirstAttempt => (1, TaskStatus::Running),
        Where::Between => (1, TaskStatus::RetryWaiting),
        Where::InTheQueueAgain => (1, TaskStatus::Queued),
        Where::AtTheSecondAttempt => (2, TaskStatus::Running),
    }
}

#[tokio::test(start_paused = true)]
async fn wherever_a_task_is_stopped_it_ends_at_once_with_the_right_outcome_and_count() {
    for at in WHERE {
        for by in BY {
            // A task does not wait for an attempt that would come after its deadline.
            if (at, by) != (Where::Between, By::Deadline) {
                stop(at, by).await;
            }
        }
    }
}

async fn stop(at: Where, by: By) {
    let what = format!("{at:?} by {by:?}");
    let yard = narrow();
    let mut blocks = if at == Where::InTheQueue { Some(blocker(&yard).await) } else { None };
    let steps: &[Does] = if at == Where::AtTheFirstAttempt { &[Hangs] } else { &[Fails, Hangs] };
    let (script, values, token) = (Script::new(steps), DropCounter::new(), CancellationToken::new());
    let (mut player, captured) = (script.player(), values.payload());
    let task = yard.io().task("stopped").token(token.clone()).deadline(Instant::now() + 100 * SECOND);
    let work = move || {
        let _captured = &captured;
        player()
    };
    let handle: Handle<u32> = task.retry(policy(5).min_delay(10 * SECOND).build().unwrap()).submit(work).await.unwrap();
    settle().await;
    if at == Where::InTheQueueAgain {
        blocks = Some(blocker(&yard).await);
    }
    if matches!(at, Where::InTheQueueAgain | Where::AtTheSecondAttempt) {
        sleep(11 * SECOND).await;
    }
    let (attempts, status) = expected(at);
    assert_eq!((script.attempts(), handle.status()), (attempts, status), "{what}");
    let retry_waiting = u64::from(at == Where::Between);
    assert_eq!(counts(&yard, "io").ledger.retry_waiting, retry_waiting, "{what}");
    let before = Instant::now();
    let mut report = None;
    let mut yard = Some(yard);
    match by {
        By::Cancel => assert!(handle.cancel() && (status == TaskStatus::Running || !handle.cancel()), "{what}"),
        By::Abort => assert!(handle.abort(), "{what}"),
        By::Token => token.cancel(),
        By::Deadline => sleep(100 * SECOND).await,
        By::Shutdown => report = yard.as_ref().map(|yard| yard.shutdown().drain_for(Duration::ZERO)),
        By::DroppedYard => drop(yard.take()),
    }
    let report = match report {
        Some(shutdown) => Some(shutdown.await),
        None => None,
    };
    let error = timeout(SOON, handle).await.unwrap_or_else(|_| panic!("{what}: it hangs")).unwrap_err();
    let (kind, reason) = match by {
        By::Cancel | By::Abort | By::Token => (TaskErrorKind::Cancelled, Reason::User),
        By::Deadline => (TaskErrorKind::TimedOut, Reason::Deadline),
        By::Shutdown => (TaskErrorKind::Cancelled, Reason::Shutdown),
        By::DroppedYard => (TaskErrorKind::Cancelled, Reason::Dropped),
    };
    assert_eq!((error.kind(), error.reason(), error.attempts()), (kind, Some(reason), Some(attempts)), "{what}");
    assert_eq!(error.gave_up(), None, "{what}");
    let failed_before = !matches!(at, Where::InTheQueue | Where::AtTheFirstAttempt);
    let source = error.into_source().ok().map(|error| error.downcast::<Failed>().unwrap().0);
    assert_eq!(source, failed_before.then_some(1), "{what}: the attempt before");
    assert_eq!(values.alive(), 0, "{what}");
    if by != By::Deadline && by != By::Shutdown {
        assert_eq!(before.elapsed(), Duration::ZERO, "{what}: at once");
    }
    drop(blocks);
    let report = match (yard, report) {
        (Some(yard), None) => Some(end(&yard).await),
        (_, report) => report,
    };
    let Some(report) = report else { return };
    assert!(report.balances(), "{what}: {report:#}");
    let outcome = if kind == TaskErrorKind::TimedOut { Outcome::TimedOut } else { Outcome::Cancelled };
    let counts = report.lane("io").unwrap().counts;
    assert!(counts.ledger.ended(outcome) >= 1, "{what}: {report:#}");
    let never_started = u64::from(at == Where::InTheQueue);
    let between = u64::from(matches!(at, Where::Between | Where::InTheQueueAgain));
    assert_eq!((counts.never_started, counts.ended_between_attempts), (never_started, between), "{what}: {report:#}");
    assert_eq!(script.attempts(), attempts, "{what}: it is over");
}

#[tokio::test(start_paused = true)]
async fn shutdown_lists_what_it_ended_between_attempts() {
    let yard = Scheduler::new();
    let script = Script::new(&[Fails]);
    let retry = policy(2).min_delay(600 * SECOND).build().unwrap();
    let handle = yard.io().task("waits").retry(retry).submit(script.player()).await.unwrap();
    settle().await;
    let snapshot = yard.snapshot();
    assert_eq!(snapshot.ledger().to_string(), "accepted 1 = 0 completed + 1 retry-waiting");
    let listed = yard.tasks();
    assert_eq!((listed.len(), listed[0].status), (1, TaskStatus::RetryWaiting));
    sleep(5 * SECOND).await;
    let text = yard.tasks()[0].to_string();
    assert!(text.contains("\"waits\" on io, retry-waiting for 5.0s"), "{text}");
    let report = yard.shutdown().drain_for(SECOND).await;
    let expected = "accepted 1 = 0 completed + 1 cancelled; stuck: none\n  ended between two attempts: 1 (io 1)";
    assert_eq!(report.to_string(), expected);
    assert_eq!(handle.await.unwrap_err().attempts(), Some(1));
}

#[tokio::test(start_paused = true)]
async fn draining_goes_on_with_what_is_tried_again() {
    let yard = narrow();
    let script = Script::new(&[Fails, Fails, Works]);
    let handle = yard.io().task("drained").retry(policy(3).build().unwrap()).submit(script.player()).await.unwrap();
    settle().await;
    let began = Instant::now();
    let report = yard.shutdown().drain_for(30 * SECOND).await;
    assert_eq!(report.to_string(), "accepted 1 = 1 completed; stuck: none");
    assert_eq!((handle.await.unwrap(), began.elapsed().as_secs()), (3, 3), "the lane is closed, and the task was in");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_asked_to_stop_is_not_tried_again() {
    let yard = narrow();
    let (go_on, waits) = oneshot::channel::<()>();
    let mut waits = Some(waits);
    let task = yard.io().task("asked").retry(policy(5).build().unwrap());
    let handle = task.submit_with(move |ctx| {
        let waits = waits.take();
        async move {
            if let Some(waits) = waits {
                let _told = waits.await;
            }
            assert!(ctx.is_cancelled());
            Err::<(), _>(Failed(ctx.attempt()))
        }
    });
    let handle = handle.await.unwrap();
    settle().await;
    assert!(handle.cancel());
    go_on.send(()).unwrap();
    let error = handle.await.unwrap_err();
    let why = Some(workyard::GaveUp::Stopping);
    assert_eq!((error.kind(), error.attempts(), error.gave_up()), (TaskErrorKind::Failed, Some(1), why));
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn a_predicate_that_stops_its_own_task_ends_it() {
    // After the policy has looked whether the task is to stop, and before it waits.
    for lane in ["io", "cpu"] {
        for aborts in [false, true] {
            let yard = narrow();
            let itself: Arc<Mutex<Option<TaskRef>>> = Arc::default();
            let stopped = Arc::clone(&itself);
            let retry = policy(5).when(move |_| {
                let task = stopped.lock().unwrap().clone().unwrap();
                assert!(if aborts { task.abort() } else { task.cancel() });
                true
            });
            let retry = retry.min_delay(100 * SECOND).build().unwrap();
            let (go_on, waits) = mpsc::channel::<()>();
            let handle = if lane == "io" {
                let task = yard.io().task("stopped").retry(retry);
                task.submit_with(|_| async { Err::<(), _>(Failed(1)) }).await.unwrap()
            } else {
                let waits = Mutex::new(waits);
                let task = yard.cpu().task("stopped").retry(retry);
                let work = move || {
                    let _told = waits.lock().unwrap().recv();
                    Err::<(), _>(Failed(1))
                };
                task.submit(work).await.unwrap()
            };
            *itself.lock().unwrap() = Some(handle.task_ref());
            let clock = HeldClock::new();
            drop(go_on);
            let error = timeout(SOON, handle).await.expect("it ends at once").unwrap_err();
            // The task has its policy, whose predicate has the task.
            *itself.lock().unwrap() = None;
            // A closure that was aborted was answered there and then, while its thread may still be about to return.
            let abandoned = lane == "cpu" && aborts;
            wait_for("the body is over", SOON, || {
                yard.snapshot().lanes.iter().all(|lane| lane.counts.overrunning == 0)
            });
            let kind = if abandoned { TaskErrorKind::Abandoned } else { TaskErrorKind::Cancelled };
            assert_eq!((error.kind(), error.reason(), error.attempts()), (kind, Some(Reason::User), Some(1)), "{lane}");
            drop(clock);
            let report = end(&yard).await;
            let counts = report.lane(lane).unwrap().counts;
            assert_eq!((counts.ended_between_attempts, counts.retries), (u64::from(!abandoned), 0), "{lane} {aborts}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_the_task_is_for_each_attempt_and_its_end() {
    let yard = narrow();
    let script = Script::new(&[Fails, Hangs]);
    let task = yard.io().task("timed").timeout(5 * SECOND).retry(policy(9).min_delay(20 * SECOND).build().unwrap());
    let began = Instant::now();
    let error = task.run(script.player()).await.unwrap_err();
    assert_eq!((error.kind(), error.reason()), (TaskErrorKind::TimedOut, Some(Reason::Timeout)));
    assert_eq!((error.attempts(), began.elapsed().as_secs()), (Some(2), 25), "the wait between does not count");
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn a_queue_timeout_begins_anew_before_each_attempt() {
    let yard = narrow();
    let script = Script::new(&[Fails]);
    let task =
        yard.io().task("queued").queue_timeout(5 * SECOND).retry(policy(9).min_delay(20 * SECOND).build().unwrap());
    let handle = task.submit(script.player()).await.unwrap();
    settle().await;
    let blocks = blocker(&yard).await;
    let began = Instant::now();
    let error = handle.await.unwrap_err();
    assert_eq!((error.reason(), error.attempts()), (Some(Reason::QueueTimeout), Some(1)));
    assert_eq!(began.elapsed().as_secs(), 25);
    drop(blocks);
    let _report = end(&yard).await;
}

/// A runtime on which time is real.
fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn a_runtime_that_goes_answers_those_between_two_attempts() {
    let runtime = runtime();
    let values = DropCounter::new();
    let (yard, handles) = runtime.block_on(async {
        let yard = Scheduler::new();
        let retry = policy(3).min_delay(600 * SECOND).build().unwrap();
        let mut handles = Vec::new();
        for _ in 0..50 {
            let held = values.payload();
            let task = yard.io().task("left").retry(retry.clone());
            let work = move || {
                let _held = &held;
                std::future::ready(Err::<(), _>(Failed(1)))
            };
            handles.push(task.submit(work).await.unwrap());
            let held = values.payload();
            let task = yard.cpu().task("left").retry(retry.clone());
            let work = move || {
                let _held = &held;
                Err::<(), _>(Failed(1))
            };
            handles.push(task.submit(work).await.unwrap());
        }
        (yard, handles)
    });
    wait_for("all wait", SOON, || yard.snapshot().ledger().retry_waiting == 100);
    drop(runtime);
    for handle in handles {
        let error = handle.blocking_join().unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (TaskErrorKind::Cancelled, Some(1)));
    }
    let ledger = yard.snapshot().ledger();
    assert!(ledger.balances() && ledger.cancelled == 100 && values.alive() == 0, "{ledger}");
    // Who fails only now has nobody to wake it, either.
    let task = yard.cpu().task("late").retry(policy(3).build().unwrap());
    if let Ok(handle) = task.try_submit(|| Err::<(), _>(Failed(1))) {
        assert_eq!(handle.blocking_join().unwrap_err().kind(), TaskErrorKind::Cancelled);
    }
}

#[test]
fn cancel_races_the_end_of_an_attempt_and_the_beginning_of_the_next() {
    let runtime = runtime();
    runtime.block_on(async {
        let yard = Scheduler::new();
        let retry = policy(1_000_000).min_delay(Duration::from_millis(1)).max_delay(Duration::from_millis(1));
        let retry = retry.build().unwrap();
        let mut seen = [0_u32; 3];
        for round in 0..400_u64 {
            let io =
                yard.io().task("raced").retry(retry.clone()).submit(|| std::future::ready(Err::<(), _>(Failed(1))));
            let cpu = yard.cpu().task("raced").retry(retry.clone()).submit(|| Err::<(), _>(Failed(1)));
            let handles = [io.await.unwrap(), cpu.await.unwrap()];
            sleep(Duration::from_micros(round * 37 % 3_000)).await;
            for handle in handles {
                let status = handle.status();
                assert!(if round % 2 == 0 { handle.cancel() } else { handle.abort() });
                let error = timeout(SOON, handle).await.expect("it ends").unwrap_err();
                // A closure that was at an attempt may have failed with it.
                let kinds = [TaskErrorKind::Cancelled, TaskErrorKind::Failed, TaskErrorKind::Abandoned];
                assert!(kinds.contains(&error.kind()), "{error}");
                match status {
                    TaskStatus::Queued => seen[0] += 1,
                    TaskStatus::Running => seen[1] += 1,
                    _ => seen[2] += 1,
                }
            }
        }
        assert!(seen[2] >= 100, "between attempts was seen often: {seen:?}");
        let ledger = yard.snapshot().ledger();
        assert!(ledger.balances() && ledger.live() == 0, "{ledger}");
        let report = yard.shutdown().await;
        assert!(report.balances() && report.is_clean(), "{report:#}");
    });
}
