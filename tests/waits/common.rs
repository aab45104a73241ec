//! Owns what these tests leave for one another: a narrow yard, a place, a flag. Never waits for a task.

use crate::run::SOON;
use crate::run::soon;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use workyard::Lane;
use workyard::Scheduler;
use workyard::TaskError;
use workyard::TaskErrorKind;
use workyard_testkit::wait_for;
use workyard_testkit::wait_for_async;

pub(crate) fn narrow(queue: usize) -> Scheduler {
    Scheduler::builder()
        .io(Lane::io().limit(1).queue(queue))
        .cpu(Lane::cpu().threads(1).queue(queue))
        .blocking(Lane::blocking().limit(1).queue(queue))
        .build()
        .unwrap()
}

/// All handles were answered; what is left must be nothing.
pub(crate) async fn balanced(yard: &Scheduler) {
    let report = soon(yard.shutdown().drain_for(SOON)).await;
    assert!(report.balances() && report.is_clean(), "{report}");
    assert!(report.lanes.iter().all(|lane| lane.counts.lending == 0 && lane.counts.promised == 0), "{report:?}");
}

/// Where something is left for a task that runs already, such as its own handle.
pub(crate) struct Place<T>(Arc<Mutex<Option<T>>>);

impl<T> Place<T> {
    pub(crate) fn new() -> (Self, Self) {
        let place = Arc::default();
        (Self(Arc::clone(&place)), Self(place))
    }

    pub(crate) fn put(&self, value: T) {
        *self.0.lock().unwrap() = Some(value);
    }

    pub(crate) fn take_now(&self) -> Option<T> {
        self.0.lock().unwrap().take()
    }

    pub(crate) async fn take(self) -> T {
        let mut taken = None;
        wait_for_async("it is put there", SOON, || {
            taken = taken.take().or_else(|| self.take_now());
            taken.is_some()
        })
        .await;
        taken.unwrap()
    }

    pub(crate) fn blocking_take(self) -> T {
        let mut taken = None;
        wait_for("it is put there", SOON, || {
            taken = taken.take().or_else(|| self.take_now());
            taken.is_some()
        });
        taken.unwrap()
    }
}

#[derive(Clone, Default)]
pub(crate) struct Flag(Arc<AtomicBool>);

impl Flag {
    pub(crate) fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Polls `future`, and raises the flag after the first poll.
    pub(crate) async fn at_first_poll<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| {
            let polled = future.as_mut().poll(cx);
            self.raise();
            polled
        })
        .await
    }

    pub(crate) async fn raised(&self) {
        wait_for_async("the flag is raised", SOON, || self.is_raised()).await;
    }
}

pub(crate) fn kind<T>(result: Result<T, TaskError>) -> Result<T, TaskErrorKind> {
    result.map_err(|error| error.kind())
}

/// Blocks a cpu thread as foreign code would that knows nothing of this library.
pub(crate) fn foreign_block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Handle::current().block_on(future)
}
