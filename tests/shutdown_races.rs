//! Shutdown, begun and given up again, from where it is awkward.
#![cfg(test)]

#[path = "common/run.rs"]
mod run;

use std::time::Duration;

use tokio::sync::oneshot;
use workyard::Scheduler;

use run::{SOON, on_runtime, soon};

#[test]
fn a_task_that_no_longer_waits_for_the_end_of_its_yard_is_drained_like_others() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (gave_up, has_given_up) = oneshot::channel::<()>();
        let (go, goes) = oneshot::channel::<()>();
        let inner = yard.clone();
        let handle = yard.io().submit(async move {
            let wait = inner.shutdown().drain_for(SOON).into_future();
            assert!(tokio::time::timeout(Duration::from_millis(1), wait).await.is_err(), "it is not over yet");
            gave_up.send(()).unwrap();
            goes.await.unwrap();
            7
        });
        // Keeps the yard from being empty while the first one waits.
        let (end, ends) = oneshot::channel::<()>();
        let (other, handle) = (yard.io().submit(ends).await.unwrap(), handle.await.unwrap());
        soon(has_given_up).await.unwrap();
        end.send(()).unwrap();
        soon(other).await.unwrap().unwrap();
        let report = tokio::spawn(yard.shutdown().into_future());
        go.send(()).unwrap();
        assert_eq!(soon(handle).await.unwrap(), 7);
        let report = soon(report).await.unwrap();
        assert!(report.balances() && report.total.completed == 2, "{report}");
    });
}
