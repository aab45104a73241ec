//! Owns what the tests of groups share: deadlines, hand-held polls, and the end of every test. Never makes a group.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use workyard::{Report, Scheduler, TaskRef, TaskStatus};
use workyard_testkit::wait_for_async;

/// How long anything may take before it counts as hung.
pub(crate) const LONG: Duration = Duration::from_mins(1);

/// Awaits `future`, which must not hang. In real time, also under a paused clock.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(LONG, future).await.expect("hung")
}

/// Shuts the yard down and checks the whole account: its line, that it balances, and that nothing is stuck.
pub(crate) async fn ends_with(yard: Scheduler, account: &str) -> Report {
    let report = yard.shutdown().await;
    assert!(report.balances(), "{report}");
    let told = report.to_string();
    assert_eq!(told.lines().next(), Some(&*format!("{account}; stuck: none")), "{told}");
    report
}

/// Waits until a task has ended.
pub(crate) async fn has_ended(task: &TaskRef) {
    wait_for_async("the task has ended", LONG, || task.status().is_ended()).await;
}

/// Waits until the body of a task runs.
pub(crate) async fn is_running(task: &TaskRef) {
    wait_for_async("the task runs", LONG, || task.status() == TaskStatus::Running).await;
}

/// Somebody who polls by hand, and counts the wakes.
#[derive(Default)]
pub(crate) struct Hand {
    wakes: AtomicUsize,
}

impl Hand {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn poll<F: Future>(self: &Arc<Self>, future: Pin<&mut F>) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(self));
        future.poll(&mut Context::from_waker(&waker))
    }

    pub(crate) fn wakes(&self) -> usize {
        self.wakes.load(Ordering::SeqCst)
    }
}

impl Wake for Hand {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
    }
}
