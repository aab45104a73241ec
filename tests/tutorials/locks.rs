//! Rows about locks, and about counters that several change.

use std::time::Duration;

use crate::common::{run, run_whole};

/// The task that fails in the block has completed, as it gives its `Result` as a value.
#[test]
fn s11_a_lock_is_free_after_an_error_in_the_block() {
    let lines = run_whole("s11", &[]);
    assert_eq!(lines, ["an error in the block: invalid digit found in string", "the lock is free, x is 1"]);
}

#[test]
fn s12_never_two_inside_and_as_long_as_the_three_together() {
    let ran = run("s12", &["--unit-ms=100"]);
    let mut inside = Vec::new();
    for pair in ran.lines.chunks(2) {
        let task = pair[0].strip_suffix(" got lock").unwrap_or_else(|| panic!("two inside: {:?}", ran.lines));
        assert_eq!(pair[1], format!("{task} gives it back"));
        inside.push(task.to_owned());
    }
    inside.sort();
    assert_eq!(inside, ["task 1", "task 2", "task 3"]);
    assert!(ran.finished.elapsed >= Duration::from_millis(300), "{}", ran.finished);
}

#[test]
fn s13_refused_at_once_and_then_granted() {
    assert_eq!(run_whole("s13", &[]), ["couldn't get lock", "got lock"]);
}

/// That the form without a guard does not compile is shown by `compile_fail.rs`.
#[test]
fn s28_a_hundred_tasks_lose_no_update() {
    let lines = run_whole("s28", &["--window=500", "--repeat=100"]);
    assert_eq!(lines, vec!["100 under a lock, 100 in one step"; 100]);
}

/// That the form without a guard does not compile is shown by `compile_fail.rs`.
#[test]
fn s61_added_and_subtracted_in_one_step_each_it_is_200() {
    assert_eq!(run_whole("s61", &["--repeat=100"]), vec!["200"; 100]);
}

#[test]
fn s62_added_and_subtracted_under_a_lock_it_is_200() {
    assert_eq!(run_whole("s62", &["--repeat=100"]), vec!["200"; 100]);
}
