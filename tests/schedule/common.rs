//! Owns what the tests of timers share: a yard, a log, and an end at which the books balance. Never asserts what a test is about.

use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::Instant;
use workyard::{Lane, Report, Scheduler, Tick};

use crate::ended::ended;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// How long anything may take before it counts as hung.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// One slot and few places on each lane.
pub(crate) fn narrow() -> Scheduler {
    let builder = Scheduler::builder().io(Lane::io().limit(1).queue(1)).cpu(Lane::cpu().threads(1).queue(1));
    builder.blocking(Lane::blocking().limit(1).queue(1)).build().unwrap()
}

/// What happened, in order.
pub(crate) struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Log<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Vec::new())))
    }

    pub(crate) fn add(&self, what: T) {
        self.0.lock().unwrap().push(what);
    }

    /// As `add`, for functions that give a future.
    pub(crate) fn told(&self, what: T) -> Ready<()> {
        self.add(what);
        ready(())
    }

    pub(crate) fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// A tick, in whole seconds: number, when it was due since `began`, how late it was, how many were missed.
pub(crate) fn seconds(tick: Tick, began: Instant) -> (u64, u64, u64, u64) {
    let [due, late] = [tick.due() - began, tick.late()];
    assert_eq!((due.subsec_nanos(), late.subsec_nanos()), (0, 0), "to the second: {tick:?}");
    (tick.number(), due.as_secs(), late.as_secs(), tick.missed())
}

/// Lets all that is ready run, while time stands still.
pub(crate) async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

/// Shuts down; the books balance, and nothing is left.
pub(crate) async fn end(yard: &Scheduler) -> Report {
    let ledger = yard.snapshot().ledger();
    assert!(ledger.balances(), "{ledger}");
    let report = ended(yard).await;
    assert!(report.balances(), "{report}");
    assert!(yard.scheduled().is_empty());
    assert_eq!(report.lanes.iter().map(|lane| lane.counts.ledger.accepted).sum::<u64>(), report.total.accepted);
    report
}
