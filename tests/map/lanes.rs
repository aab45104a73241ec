//! Owns what the tests of maps share: the end of a yard, with its account, and gates to hold items up.

use std::sync::{Arc, Condvar, Mutex};

use workyard::{Lane, Ledger, Report, Scheduler};
use workyard_testkit::wait_for_async;

use crate::run::SOON;

/// Shuts down; the account must balance and nothing may be stuck.
pub(crate) async fn balanced(yard: &Scheduler) -> Report {
    let report = yard.shutdown().await;
    assert!(report.balances() && report.is_clean(), "{report:#}");
    // The report may be of an earlier shutdown; this is of now.
    for lane in yard.snapshot().lanes {
        let counts = lane.counts;
        assert!(counts.ledger.balances() && counts.ledger.live() == 0, "{lane}");
        assert_eq!((counts.occupied, counts.lending, counts.submitters, counts.overrunning), (0, 0, 0, 0), "{lane}");
    }
    report
}

/// As [`balanced`]; everything that was accepted has completed. Says how much that was.
pub(crate) async fn completed(yard: &Scheduler) -> u64 {
    let report = balanced(yard).await;
    assert_eq!(report.total.accepted, report.total.completed, "{report:#}");
    report.total.completed
}

/// A gate that closures wait at until it is opened, for as long as a test may take.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Blocks this thread until the gate is open.
    pub(crate) fn pass(&self) {
        let Self(gate) = self;
        let (_open, timed_out) = gate.1.wait_timeout_while(gate.0.lock().unwrap(), SOON, |open| !*open).unwrap();
        assert!(!timed_out.timed_out(), "the gate is opened soon");
    }

    /// Lets all through, now and later.
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

/// Waits until the yard's ledger is so.
pub(crate) async fn until(yard: &Scheduler, what: &str, holds: impl Fn(Ledger) -> bool + Unpin) {
    wait_for_async(what, SOON, || {
        let ledger = yard.snapshot().ledger();
        assert!(ledger.balances(), "{ledger:?}");
        holds(ledger)
    })
    .await;
}

/// Three small lanes.
pub(crate) fn lanes() -> Scheduler {
    Scheduler::builder()
        .cpu(Lane::cpu().threads(2).queue(0))
        .blocking(Lane::blocking().limit(3).queue(1))
        .lane("db", Lane::io().limit(7).queue(0))
        .build()
        .unwrap()
}
