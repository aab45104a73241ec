//! Failures that nobody looked at: each is counted, each panic is logged, and none is forgotten when there are too many.

use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;
use tracing::{Level, info_span};
use workyard::{Handle, Lane, Scheduler};
use workyard_testkit::wait_for_async;

use crate::quiet::quiet;
use crate::recorder::{Recorder, SeenRecord};
use crate::run::{SOON, on_runtime, soon};

/// A yard whose lane of this name is a narrow io lane.
fn with_lane(name: &str) -> Scheduler {
    quiet();
    let builder = Scheduler::builder().cpu(Lane::cpu().threads(1)).blocking(Lane::blocking().limit(1));
    builder.lane(name, Lane::io().limit(1).queue(1_000)).build().unwrap()
}

fn unobserved(yard: &Scheduler, lane: &str) -> u64 {
    yard.snapshot().lane(lane).unwrap().unobserved_failures
}

fn errors_of(recorder: &Recorder, lane: &str) -> Vec<SeenRecord> {
    recorder.records(|record| record.level == Level::ERROR && record.is("lane", lane))
}

#[test]
fn what_was_looked_at_is_not_counted() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = with_lane("observed");
        let lane = yard.io_lane("observed").unwrap();
        assert!(lane.run::<_, ()>(async { panic!("on purpose") }).await.unwrap_err().is_panic());
        assert!(lane.task("fails").fallible().run(async { Err::<(), _>("no") }).await.is_err());
        let late = lane.task("late").timeout(Duration::ZERO).run(async {}).await;
        assert!(late.unwrap_err().is_timeout());
        // Nobody is told of a value, or of a cancellation, but that is no failure.
        drop(lane.submit(async { 1 }).await.unwrap());
        drop(lane.submit(std::future::pending::<()>()).await.unwrap().abort_on_drop());
        drop(lane.task("a Result is a value").submit(async { Err::<(), _>("no") }).await.unwrap());
        let report = yard.shutdown().await;
        assert_eq!(report.unobserved_failures(), 0, "{report:#}");
        assert_eq!(errors_of(&recorder, "observed").len(), 0);
    });
}

#[test]
fn each_failure_that_nobody_looked_at_is_counted_on_its_lane() {
    on_runtime(async {
        let yard = with_lane("unobserved");
        let lane = yard.io_lane("unobserved").unwrap();
        drop(lane.submit::<_, ()>(async { panic!("on purpose") }).await.unwrap());
        drop(lane.task("fails").fallible().submit(async { Err::<(), _>("no") }).await.unwrap());
        drop(lane.task("late").timeout(Duration::ZERO).submit(async {}).await.unwrap());
        drop(yard.cpu().submit::<_, ()>(|| panic!("on purpose")).await.unwrap());
        drop(yard.blocking().task("fails").fallible().submit(|| Err::<(), _>("no")).await.unwrap());
        // And one whose result was there before its handle was dropped.
        let handle: Handle<()> = yard.cpu().submit(|| panic!("on purpose")).await.unwrap();
        wait_for_async("it has ended", SOON, || handle.is_finished()).await;
        drop(handle);
        let report = yard.shutdown().await;
        let counted =
            ["unobserved", "cpu", "blocking", "io"].map(|name| report.lane(name).unwrap().unobserved_failures);
        assert_eq!((counted, report.unobserved_failures()), ([3, 2, 1, 0], 6), "{report:#}");
    });
}

#[test]
fn a_panic_that_nobody_looked_at_is_one_record_that_names_the_task() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = with_lane("told");
        let lane = yard.io_lane("told").unwrap();
        let (open, shut) = oneshot::channel::<()>();
        let body = async {
            let _open = shut.await;
            panic!("on purpose: told")
        };
        let handle = info_span!("request", by = "who tells").in_scope(|| lane.task("teller").try_submit::<_, ()>(body));
        let line = line!() - 1;
        drop(handle.unwrap());
        drop(open);
        wait_for_async("it is counted", SOON, || unobserved(&yard, "told") == 1).await;
        wait_for_async("it is told", SOON, || errors_of(&recorder, "told").len() == 1).await;
        let told = errors_of(&recorder, "told").remove(0);
        assert_eq!(told.message(), "a task panicked, and nobody looked at its result");
        assert!(told.is("name", "teller") && told.is("panic", "on purpose: told"), "{told:?}");
        assert!(told.fields["submitted_at"].contains(&format!("failures.rs:{line}:")), "{told:?}");
        assert_eq!(told.span, Some(recorder.at("name", "teller")), "it is part of the request that submitted it");
        wait_for_async("its span is closed", SOON, || recorder.task("teller").closed == 1).await;
    });
}

#[test]
fn a_panic_after_the_answer_is_told_as_well() {
    let recorder = Recorder::here();
    on_runtime(async {
        quiet();
        let lanes = Scheduler::builder().cpu(Lane::cpu().threads(1)).lane("late", Lane::cpu().threads(1));
        let yard = lanes.build().unwrap();
        let lane = yard.cpu_lane("late").unwrap();
        for (round, expected) in [(0, 1), (1, 1)] {
            let (go_on, wait) = mpsc::channel::<()>();
            let body = move || {
                let _over = wait.recv();
                if round == 0 { panic!("on purpose: late") } else { Err::<(), _>("told to stop") }
            };
            let limited = lane.task(format!("late {round}")).fallible().timeout(Duration::from_millis(5));
            assert!(soon(limited.run(body)).await.unwrap_err().is_timeout());
            drop(go_on);
            lane.run(|| {}).await.unwrap();
            assert_eq!((unobserved(&yard, "late"), errors_of(&recorder, "late").len()), (expected, 1));
        }
        let told = errors_of(&recorder, "late").remove(0);
        assert_eq!(told.message(), "the body of a task panicked after its handle was answered");
        assert_eq!(told.span, Some(recorder.at("name", "late 0")));
        assert_eq!(yard.snapshot().lane("late").unwrap().counts.late_results, 2);
    });
}

/// Has so many tasks panic at one moment of a clock that stands still.
async fn storm(yard: &Scheduler, lane: &str, panics: u64) {
    let before = unobserved(yard, lane);
    for _ in 0..panics {
        drop(yard.io_lane(lane).unwrap().submit::<_, ()>(async { panic!("on purpose") }).await.unwrap());
    }
    wait_for_async("all have panicked", SOON, || unobserved(yard, lane) == before + panics).await;
}

fn messages(recorder: &Recorder, lane: &str) -> Vec<String> {
    errors_of(recorder, lane).iter().map(|record| record.message().to_owned()).collect()
}

const ONE: &str = "a task panicked, and nobody looked at its result";
const REST: &str = "more panics that nobody looked at; 10 a second are logged";

#[tokio::test(start_paused = true)]
async fn of_too_many_panics_the_rest_is_told_a_second_later() {
    let recorder = Recorder::here();
    let yard = with_lane("storm");
    storm(&yard, "storm", 25).await;
    assert_eq!(messages(&recorder, "storm"), [ONE; 10]);
    tokio::time::sleep(Duration::from_millis(999)).await;
    assert_eq!(messages(&recorder, "storm").len(), 10);
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(messages(&recorder, "storm")[10..], [format!("and 15 {REST}")]);
    // Told once; and the record that told it was one of that second's ten.
    tokio::time::sleep(Duration::from_millis(10)).await;
    storm(&yard, "storm", 10).await;
    assert_eq!(messages(&recorder, "storm")[11..], [ONE; 9]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(messages(&recorder, "storm")[20..], [format!("and 1 {REST}")]);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(messages(&recorder, "storm").len(), 21);
    assert_eq!(unobserved(&yard, "storm"), 35);
}

#[tokio::test(start_paused = true)]
async fn the_next_panic_tells_the_rest_if_it_comes_first() {
    let recorder = Recorder::here();
    let yard = with_lane("next");
    storm(&yard, "next", 12).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    storm(&yard, "next", 1).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    let told = messages(&recorder, "next");
    let first = told[10] == format!("{ONE} (and 2 more)") && told.len() == 11;
    let rest_first = told[10..] == [format!("and 2 {REST}"), ONE.to_owned()];
    assert!(first || rest_first, "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_yard_tells_the_rest() {
    let recorder = Recorder::here();
    let yard = with_lane("shut down");
    storm(&yard, "shut down", 13).await;
    let report = yard.shutdown().await;
    assert_eq!(messages(&recorder, "shut down")[10..], [format!("and 3 {REST}")]);
    assert_eq!(report.unobserved_failures(), 13);
    drop(yard);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(messages(&recorder, "shut down").len(), 11);

    let yard = with_lane("dropped");
    storm(&yard, "dropped", 14).await;
    drop(yard);
    assert_eq!(messages(&recorder, "dropped")[10..], [format!("and 4 {REST}")]);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(messages(&recorder, "dropped").len(), 11);
}
