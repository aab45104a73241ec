//! Waiting for signals that do not come, in this very process: the end is then begun by code, or not at all.

use std::future::{Future, pending};
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::sync::oneshot;
use workyard::{Lane, OnSignal, Scheduler};
use workyard_testkit::wait_for;

use crate::run::{SOON, on_runtime, soon};

fn small() -> Scheduler {
    Scheduler::builder().cpu(Lane::cpu().threads(1)).build().unwrap()
}

fn is_pending(end: &mut OnSignal) -> bool {
    Pin::new(end).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

#[test]
fn a_shutdown_begun_by_code_gives_the_same_report_and_keeps_its_own_time() {
    on_runtime(async {
        let yard = small();
        // Would cut at once, had it a say.
        let mut end = yard.shutdown().drain_for(Duration::ZERO).on_signal();
        assert!(is_pending(&mut end));
        let (finish, finished) = oneshot::channel::<()>();
        let handle = yard.io().submit(async { finished.await.is_ok() }).await.unwrap();
        let end = tokio::spawn(end);
        let by_code = tokio::spawn(yard.shutdown().into_future());
        yard.closing().cancelled().await;
        // Time enough for the one that waits for signals to have been told.
        tokio::time::sleep(Duration::from_millis(50)).await;
        finish.send(()).unwrap();
        assert!(soon(handle).await.unwrap());
        let (end, by_code) = (soon(end).await.unwrap().unwrap(), soon(by_code).await.unwrap());
        assert_eq!(end.to_string(), "accepted 1 = 1 completed; stuck: none");
        assert_eq!(format!("{end:#?}"), format!("{by_code:#?}"));
    });
}

#[test]
fn a_task_of_the_yard_may_wait_for_its_end() {
    on_runtime(async {
        let yard = small();
        let (listening, listens) = oneshot::channel::<()>();
        let mut end = yard.shutdown().on_signal();
        let waits = yard.io().submit(async move {
            assert!(is_pending(&mut end));
            listening.send(()).unwrap();
            end.await.map(|report| report.to_string())
        });
        let waits = waits.await.unwrap();
        soon(listens).await.unwrap();
        let report = soon(yard.shutdown().drain_for(SOON * 2).into_future()).await;
        assert_eq!(report.to_string(), "accepted 1 = 0 completed + 1 cancelled; stuck: none");
        assert!(waits.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn who_stops_waiting_leaves_the_yard_open() {
    on_runtime(async {
        let yard = small();
        let mut end = yard.shutdown().on_signal();
        assert!(is_pending(&mut end));
        drop(end);
        assert_eq!(yard.io().run(async { 1 }).await.unwrap(), 1);
        let report = yard.shutdown().await;
        assert_eq!(report.to_string(), "accepted 1 = 1 completed; stuck: none");
    });
}

#[test]
fn a_plain_thread_may_wait_for_the_end_of_a_standalone_yard() {
    let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).build_standalone().unwrap();
    let end = yard.shutdown().on_signal();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| end.blocking_join().unwrap());
        let running = yard.io().blocking_submit(pending::<()>()).unwrap();
        assert!(!waits.is_finished());
        let report = yard.shutdown().drain_for(Duration::ZERO).blocking_join();
        assert_eq!(report.to_string(), "accepted 1 = 0 completed + 1 cancelled; stuck: none");
        wait_for("it has its report", SOON, || waits.is_finished());
        assert_eq!(waits.join().unwrap().to_string(), report.to_string());
        assert!(running.blocking_join().unwrap_err().is_cancelled());
    });
}

#[cfg(unix)]
#[test]
fn a_runtime_without_an_io_driver_is_an_error() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let yard = small();
        let error = yard.shutdown().on_signal().await.unwrap_err();
        assert!(error.to_string().contains("enable_io()"), "{error}");
        assert_eq!(yard.io().run(async { 1 }).await.unwrap(), 1, "the yard is open");
    });
}
