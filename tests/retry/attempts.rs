//! How many attempts there are, what becomes of their errors, and what is not tried again.

use std::io;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use tokio::time::{Instant, advance, timeout};
use workyard::{BoxError, GaveUp, Lane, Outcome, Retry, Scheduler, TaskError, TaskErrorKind};
use workyard_testkit::{DropCounter, wait_for_async};

use crate::common::Does::{Fails, Hangs, Panics, Works};
use crate::common::{Does, Failed, HeldClock, SECOND, SOON, Script, counts, end, policy};

/// What a task comes to: the value, or the kind of its error, the number of attempts, and why there was no further one.
type Came = Result<u32, (TaskErrorKind, Option<u32>, Option<GaveUp>)>;

fn came(result: Result<u32, TaskError>) -> Came {
    result.map_err(|error| (error.kind(), error.attempts(), error.gave_up()))
}

/// What is tried with which policy, what comes of it, and in which seconds attempts begin.
fn table() -> Vec<(&'static [Does], Retry, Came, &'static [u64])> {
    use TaskErrorKind::{Failed, Panicked, TimedOut};
    let failed = |attempts, why| Err((Failed, Some(attempts), Some(why)));
    let panicked = |attempts, why| Err((Panicked, Some(attempts), Some(why)));
    let tries = |attempts| policy(attempts).build().unwrap();
    let panics = policy(3).retry_panics().build().unwrap();
    let timed = || policy(3).attempt_timeout(10 * SECOND);
    let first_only = policy(9).when(|error| error.downcast_ref::<crate::common::Failed>().unwrap().0 < 2);
    vec![
        (&[Works], tries(1), Ok(1), &[0]),
        (&[Works], tries(5), Ok(1), &[0]),
        (&[Fails, Works], tries(2), Ok(2), &[0, 1]),
        (&[Fails, Fails, Works], tries(u32::MAX), Ok(3), &[0, 1, 3]),
        (&[Fails], tries(1), failed(1, GaveUp::Attempts), &[0]),
        (&[Fails], tries(2), failed(2, GaveUp::Attempts), &[0, 1]),
        (&[Fails], tries(5), failed(5, GaveUp::Attempts), &[0, 1, 3, 7, 15]),
        (&[Fails], first_only.build().unwrap(), failed(2, GaveUp::NotRetryable), &[0, 1]),
        (&[Fails], policy(9).within(7 * SECOND).build().unwrap(), failed(3, GaveUp::Deadline), &[0, 1, 3]),
        (&[Panics, Works], tries(3), panicked(1, GaveUp::NotRetryable), &[0]),
        (&[Fails, Panics, Works], tries(3), panicked(2, GaveUp::NotRetryable), &[0, 1]),
        (&[Panics, Fails, Works], panics.clone(), Ok(3), &[0, 1, 3]),
        (&[Panics], panics, panicked(3, GaveUp::Attempts), &[0, 1, 3]),
        (&[Hangs], timed().build().unwrap(), Err((TimedOut, Some(1), Some(GaveUp::NotRetryable))), &[0]),
        (&[Hangs, Fails, Works], timed().retry_timeouts().build().unwrap(), Ok(3), &[0, 11, 13]),
        (
            &[Hangs],
            timed().retry_timeouts().build().unwrap(),
            Err((TimedOut, Some(3), Some(GaveUp::Attempts))),
            &[0, 11, 23],
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn futures_are_tried_as_often_as_the_policy_says() {
    for (steps, retry, expected, starts) in table() {
        let yard = Scheduler::new();
        let script = Script::new(steps);
        let task = yard.io().task("scripted").retry(retry.clone());
        let result = task.run(script.player()).await;
        assert_eq!((came(result), &*script.starts()), (expected, starts), "{steps:?}");
        let counts = counts(&yard, "io");
        assert_eq!(counts.retries, starts.len() as u64 - 1, "{steps:?}");
        assert_eq!((counts.ledger.accepted, counts.ledger.all_ended(), counts.never_started), (1, 1, 0), "{steps:?}");
        let _report = end(&yard).await;
    }
}

#[tokio::test(start_paused = true)]
async fn closures_are_tried_as_often_as_the_policy_says() {
    for (steps, retry, expected, starts) in table() {
        // A clock that is stepped while threads work may step further than the deadline.
        let is_timed = matches!(expected, Err((_, _, Some(GaveUp::Deadline))));
        if is_timed || steps.contains(&Hangs) {
            continue;
        }
        let yard = Scheduler::new();
        for lane in ["cpu", "blocking"] {
            let script = Script::new(steps);
            let plays = script.clone();
            let task = if lane == "cpu" { yard.cpu().task("scripted") } else { yard.blocking().task("scripted") };
            let clock = HeldClock::new();
            let handle = task.retry(retry.clone()).submit(move || plays.call()).await.unwrap();
            clock.until_ended(&handle).await;
            let result = handle.await;
            assert_eq!((came(result), script.starts().len()), (expected, starts.len()), "{lane} {steps:?}");
            let counts = counts(&yard, lane);
            assert_eq!((counts.retries, counts.ledger.all_ended()), (starts.len() as u64 - 1, 1), "{lane} {steps:?}");
        }
        let _report = end(&yard).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_knows_which_attempt_it_is() {
    let yard = Scheduler::new();
    let retry = policy(4).build().unwrap();
    let io = yard.io().task("io").retry(retry.clone());
    let seen = io.submit_with(async |ctx| if ctx.attempt() < 3 { Err(Failed(0)) } else { Ok(ctx.attempt()) });
    assert_eq!(seen.await.unwrap().await.unwrap(), 3);
    let cpu = yard.cpu().task("cpu").retry(retry);
    let seen = cpu.submit_with(|ctx| if ctx.attempt() < 4 { Err(Failed(0)) } else { Ok(ctx.attempt()) });
    assert_eq!(seen.await.unwrap().await.unwrap(), 4);
    assert_eq!(yard.io().submit_with(async |ctx| ctx.attempt()).await.unwrap().await.unwrap(), 1, "without a policy");
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn the_error_says_how_often_and_why_and_what_was_last() {
    let yard = Scheduler::new();
    let task = yard.io().task("fetch").retry(policy(3).build().unwrap());
    let error = task.run(Script::new(&[Fails]).player()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.ends_with(", failed after 3 attempts (no attempt is left)"), "{text}");
    assert_eq!(error.into_source().unwrap().downcast::<Failed>().unwrap().0, 3);
    let told = Arc::new(Mutex::new(None));
    let tell = Arc::clone(&told);
    let task = yard.io().task("told").on_done(move |ended| *tell.lock().unwrap() = Some(ended.clone()));
    assert_eq!(task.retry(policy(3).build().unwrap()).run(Script::new(&[Fails, Works]).player()).await.unwrap(), 2);
    let plain = yard.io().task("plain").fallible().run(async { Err::<(), _>(Failed(1)) }).await.unwrap_err();
    assert_eq!((plain.attempts(), plain.gave_up()), (None, None));
    let _report = end(&yard).await;
    let ended = told.lock().unwrap().take().unwrap();
    assert_eq!((ended.outcome(), ended.attempts()), (Outcome::Completed, Some(2)));
}

#[tokio::test(start_paused = true)]
async fn a_predicate_that_panics_fails_its_task_and_nothing_else() {
    let yard = Scheduler::new();
    let retry = policy(3).when(|_| panic!("what is an error?")).build().unwrap();
    let error = yard.io().task("asked").retry(retry.clone()).run(Script::new(&[Fails]).player()).await.unwrap_err();
    assert_eq!((error.kind(), error.panic_message()), (TaskErrorKind::Panicked, Some("what is an error?")));
    assert_eq!(error.attempts(), Some(1));
    let script = Script::new(&[Fails]);
    let error = yard.cpu().task("asked").retry(retry.clone()).run(move || script.call()).await.unwrap_err();
    assert_eq!(error.panic_message(), Some("what is an error?"));
    let works = Script::new(&[Works]);
    assert_eq!(yard.io().task("not asked").retry(retry).run(works.player()).await.unwrap(), 1);
    let report = end(&yard).await;
    assert_eq!((report.total.panicked, report.total.completed), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_may_panic_when_it_is_dropped_and_its_function_when_it_is_called() {
    struct Bomb(bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.0, "dropped");
        }
    }
    let yard = Scheduler::new();
    let retry = || policy(2).retry_panics().build().unwrap();
    let attempts = Arc::new(AtomicU32::new(0));
    let counting = Arc::clone(&attempts);
    let drops = yard.io().task("drops").retry(retry()).run(move || {
        let is_first = counting.fetch_add(1, Ordering::Relaxed) == 0;
        // What it captures is dropped with the attempt, which has given its result.
        let bomb = Bomb(is_first);
        std::future::poll_fn(move |_| {
            let _captured = &bomb;
            std::task::Poll::Ready(Ok::<_, Failed>(7))
        })
    });
    assert_eq!((drops.await.unwrap(), attempts.load(Ordering::Relaxed)), (7, 2));
    let mut calls = 0;
    let called = yard.io().task("calls").retry(retry()).run(move || {
        calls += 1;
        assert!(calls > 1, "not at once");
        std::future::ready(Ok::<_, Failed>(calls))
    });
    assert_eq!(called.await.unwrap(), 2);
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn the_policy_asks_for_errors_by_their_type() {
    let yard = Scheduler::new();
    let retry =
        policy(5).when(|error| error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::TimedOut));
    let mut kinds = [io::ErrorKind::TimedOut, io::ErrorKind::TimedOut, io::ErrorKind::NotFound].into_iter();
    let task = yard.io().task("typed").retry(retry.build().unwrap());
    let error =
        task.run(move || std::future::ready(Err::<(), io::Error>(kinds.next().unwrap().into()))).await.unwrap_err();
    assert_eq!((error.attempts(), error.gave_up()), (Some(3), Some(GaveUp::NotRetryable)));
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_an_attempt_or_its_function() {
    let values = DropCounter::new();
    let yard = Scheduler::new();
    let (held, input) = (values.clone(), values.payload());
    let task = yard.io().task("drops").retry(policy(3).build().unwrap());
    let result = task.run(move || {
        let (held, _all) = (held.payload(), &input);
        async move {
            tokio::task::yield_now().await;
            drop(held);
            Err::<(), BoxError>("no".into())
        }
    });
    assert_eq!(result.await.unwrap_err().attempts(), Some(3));
    assert_eq!((values.alive(), values.made()), (0, 4));
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn the_work_comes_back_from_a_lane_that_is_closed() {
    let yard = Scheduler::new();
    let _report = end(&yard).await;
    let task = yard.io().task("late").retry(policy(3).build().unwrap());
    let refused = task.submit(Script::new(&[Works]).player()).await.unwrap_err();
    let mut player = refused.into_inner();
    assert_eq!(player().await.unwrap(), 1, "and is as it was");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_counts_from_submission() {
    let yard = Scheduler::new();
    let began = Instant::now();
    let script = Script::new(&[Fails, Hangs]);
    let task = yard.io().task("bounded").retry(policy(9).within(5 * SECOND).build().unwrap());
    let error = task.run(script.player()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), began.elapsed().as_secs()), (TaskErrorKind::TimedOut, Some(2), 5));
    assert!(error.into_source().is_ok_and(|error| error.is::<Failed>()), "the attempt before");
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn a_closure_out_of_its_attempts_time_is_never_tried_again() {
    let yard = Scheduler::new();
    let clock = HeldClock::new();
    let (go_on, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let attempts = Arc::new(AtomicU32::new(0));
    let counting = Arc::clone(&attempts);
    let retry = policy(3).attempt_timeout(SECOND).retry_timeouts().build().unwrap();
    let handle = yard.cpu().task("hangs").retry(retry).submit(move || {
        counting.fetch_add(1, Ordering::Relaxed);
        let _gone = wait.lock().unwrap().recv();
        Err::<(), _>(Failed(1))
    });
    let handle = handle.await.unwrap();
    wait_for_async("it runs", SOON, || attempts.load(Ordering::Relaxed) == 1).await;
    advance(SECOND).await;
    let error = handle.await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (TaskErrorKind::TimedOut, Some(1)));
    assert_eq!(counts(&yard, "cpu").overrunning, 1, "it runs on");
    drop(go_on);
    let report = end(&yard).await;
    assert_eq!((attempts.load(Ordering::Relaxed), report.lane("cpu").unwrap().counts.late_results), (1, 1));
    drop(clock);
}

/// An error whose `Drop` panics.
#[derive(Debug)]
struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        resume_unwind(Box::new("on purpose"));
    }
}

impl std::fmt::Display for PanicsWhenDropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("first")
    }
}

impl std::error::Error for PanicsWhenDropped {}

#[tokio::test]
async fn an_error_that_panics_when_dropped_takes_no_worker_with_it() {
    let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).blocking(Lane::blocking().limit(1)).build().unwrap();
    let millis = Retry::exponential().attempts(2).min_delay(Duration::from_millis(1)).build().unwrap();
    let fails_once = || {
        let (go_on, wait) = mpsc::channel::<()>();
        let mut first = true;
        let work = move || {
            if std::mem::take(&mut first) {
                return Err(PanicsWhenDropped);
            }
            let _gone = wait.recv();
            Ok(())
        };
        (go_on, work)
    };
    let ((cpu_goes_on, on_cpu), (blocking_goes_on, on_blocking)) = (fails_once(), fails_once());
    drop(yard.cpu().task("fails once").retry(millis.clone()).submit(on_cpu).await.unwrap());
    drop(yard.blocking().task("fails once").retry(millis).submit(on_blocking).await.unwrap());
    wait_for_async("both are at their second attempts", SOON, || {
        let lanes = yard.snapshot().lanes;
        lanes[1..].iter().all(|lane| (lane.counts.retries, lane.counts.occupied) == (1, 1))
    })
    .await;
    let behind_on_cpu = yard.cpu().submit(|| ()).await.unwrap();
    let behind_on_blocking = yard.blocking().submit(|| ()).await.unwrap();
    drop((cpu_goes_on, blocking_goes_on));
    timeout(SOON, behind_on_cpu).await.expect("its lane goes on").unwrap();
    timeout(SOON, behind_on_blocking).await.expect("its lane goes on").unwrap();
    assert_eq!(yard.snapshot().lanes.iter().map(|lane| lane.unobserved_failures).sum::<u64>(), 2);
    let report = end(&yard).await;
    assert_eq!((report.total.completed, report.total.failed), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_without_time_takes_no_step() {
    let yard = Scheduler::new();
    let retry = policy(2).attempt_timeout(Duration::ZERO).retry_timeouts().build().unwrap();
    let on_io = yard.io().task("no time").retry(retry.clone()).run(|| async { Ok::<_, BoxError>(1) }).await;
    assert_eq!(came(on_io), Err((TaskErrorKind::TimedOut, Some(2), Some(GaveUp::Attempts))));
    end(&yard).await;
}
