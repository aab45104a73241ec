//! Owns what the tests of maps share: the end of a yard, with its account.

use workyard::{Report, Scheduler};

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
