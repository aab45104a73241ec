//! Rows about timers.

use std::time::Duration;

use crate::common::run;

#[test]
fn s16_a_timer_runs_once_or_never_and_its_failure_is_told() {
    let ran = run("s16", &["--unit-ms=50"]);
    assert_eq!(ran.lines, ["cancelled in time: true", "I just got called!", "cancelled in time: false"]);
    assert!(ran.finished.elapsed >= Duration::from_millis(150), "too early: {}", ran.finished);
    let [completed, failed, cancelled] = ["completed", "failed", "cancelled"].map(|word| ran.account.count(word));
    assert_eq!((completed, failed, cancelled), (1, 1, 1), "{}", ran.finished);
    assert!(ran.finished.stderr.contains("failures that nobody looked at: 1 (io 1)"), "{}", ran.finished);
}
