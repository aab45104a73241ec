//! The spans of attempts: one each, below that of their task, closed when the attempt has ended and before its task's.

use std::time::Duration;

use tracing::info;
use workyard::{Retry, Scheduler};

use crate::quiet::quiet;
use crate::recorder::Recorder;
use crate::run::{SOON, on_runtime, soon};

fn retry() -> Retry {
    let delays = Retry::exponential().min_delay(Duration::from_millis(1)).max_delay(Duration::from_millis(1));
    delays.attempts(3).retry_panics().build().unwrap()
}

#[test]
fn each_attempt_has_a_span_of_its_own_and_all_are_closed() {
    let recorder = Recorder::here();
    on_runtime(async {
        quiet();
        let yard = Scheduler::new();
        let io = yard.io().task("attempts io").retry(retry()).submit_with(async |ctx| {
            info!("attempt {} of attempts io", ctx.attempt());
            tokio::task::yield_now().await;
            if ctx.attempt() < 3 { Err("no") } else { Ok(()) }
        });
        soon(soon(io).await.unwrap()).await.unwrap();
        let cpu = yard.cpu().task("attempts cpu").retry(retry()).submit_with(|ctx| {
            info!("attempt {} of attempts cpu", ctx.attempt());
            assert!(ctx.attempt() != 2, "the second one panics");
            Err::<(), _>("no")
        });
        assert_eq!(soon(soon(cpu).await.unwrap()).await.unwrap_err().attempts(), Some(3));
        let cut = Retry::exponential().min_delay(SOON).max_delay(SOON).build().unwrap();
        let cut = yard.io().task("attempts cut").retry(cut).submit_with(async |ctx| {
            info!("attempt {} of attempts cut", ctx.attempt());
            Err::<(), _>("no")
        });
        let cut = soon(cut).await.unwrap();
        let waits = || cut.status() == workyard::TaskStatus::RetryWaiting;
        workyard_testkit::wait_for_async("it waits", SOON, waits).await;
        attempt(&recorder, "attempts cut", 1, "failed");
        assert_eq!(recorder.task("attempts cut").closed, 0, "the task has not ended");
        assert!(cut.cancel());
        assert!(soon(cut).await.unwrap_err().is_cancelled());
    });
    for (name, outcomes, end) in [
        ("attempts io", &["failed", "failed", "completed"][..], "completed"),
        ("attempts cpu", &["failed", "panicked", "failed"][..], "failed"),
        ("attempts cut", &["failed"][..], "cancelled"),
    ] {
        for (number, outcome) in (1..).zip(outcomes) {
            attempt(&recorder, name, number, outcome);
        }
        let task = recorder.task(name);
        assert_eq!((task.closed, &*task.fields["outcome"]), (1, end), "{name}");
        assert_eq!(recorder.children(recorder.at("name", name)), outcomes.len(), "{name}: no other spans");
    }
}

/// The span in which this attempt wrote its record.
#[track_caller]
fn attempt(recorder: &Recorder, name: &str, number: u32, outcome: &str) {
    let record = recorder.record(&format!("attempt {number} of {name}"));
    let span = recorder.nth(record.span.unwrap());
    assert_eq!((span.meta.name(), span.closed), ("attempt", 1), "{name} {number}");
    assert_eq!((&*span.fields["number"], &*span.fields["outcome"]), (&*number.to_string(), outcome), "{name} {number}");
    assert_eq!(span.parent, Some(recorder.at("name", name)), "{name} {number}");
}
