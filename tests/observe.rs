//! What can be seen of a yard from outside: spans, failures that nobody looked at, snapshots, lists of tasks, reports.
#![cfg(test)]

#[path = "common/run.rs"]
mod run;

#[path = "observe/attempts.rs"]
mod attempts;
#[path = "observe/cut.rs"]
mod cut;
#[path = "observe/failures.rs"]
mod failures;
#[path = "observe/quiet.rs"]
mod quiet;
#[path = "observe/recorder.rs"]
mod recorder;
#[path = "observe/report.rs"]
mod report;
#[path = "observe/snapshot.rs"]
mod snapshot;
#[path = "observe/span_ends.rs"]
mod span_ends;
#[path = "observe/span_parents.rs"]
mod span_parents;
#[path = "observe/watchdog.rs"]
mod watchdog;
