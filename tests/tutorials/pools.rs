//! Rows of the family of `Pool`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::common::{Ran, once_in_five, run, run_whole};

/// The lines `idx -> step` of each item are those of steps 0 to 2 in order, and no more than `workers` items are under way.
/// Gives the items.
fn check_steps(lines: &[String], workers: usize) -> BTreeSet<u32> {
    let mut steps = BTreeMap::<u32, u32>::new();
    for line in lines {
        let (idx, step) = line.split_once(" -> ").unwrap_or_else(|| panic!("torn: {line:?}"));
        let next = steps.entry(idx.parse().unwrap()).or_default();
        assert_eq!(step.parse(), Ok(*next), "{lines:#?}");
        *next += 1;
        let under_way = steps.values().filter(|steps| **steps < 3).count();
        assert!(under_way <= workers, "{under_way} at once: {lines:#?}");
    }
    assert!(steps.values().all(|steps| *steps == 3), "{lines:#?}");
    steps.into_keys().collect()
}

#[test]
fn s04_nine_items_in_order_and_three_at_once() {
    let lines = run_whole("s04", &["--unit-ms=10"]);
    assert_eq!(lines.last().unwrap(), "[0, 1, 2, 3, 4, 5, 6, 7, 8]");
    assert!(check_steps(&lines[..lines.len() - 1], 3).into_iter().eq(0..9));
}

#[test]
fn s05_eight_values_and_the_error_of_item_4() {
    let Ran { lines, account, finished } = run("s05", &["--unit-ms=10"]);
    assert!(check_steps(&lines[..24], 3).into_iter().eq((0..9).filter(|idx| *idx != 4)));
    assert_eq!(lines.len(), 33);
    for (idx, line) in lines[24..].iter().enumerate() {
        if idx == 4 {
            assert!(line.starts_with("error: item 4 of the map on lane cpu, called at "), "{line}");
            assert!(line.ends_with(", failed: this is not caught"), "{line}");
        } else {
            assert_eq!(*line, format!("result: {idx}"));
        }
    }
    assert_eq!((account.count("completed"), account.count("failed")), (8, 1), "{finished}");
}

#[test]
fn s06_progress_is_exact_for_any_number_of_items() {
    for items in ["0", "1", "255", "256", "300", "100000"] {
        let Ran { lines, account, finished } = run("s06", &["--items", items]);
        assert_eq!(lines, [format!("{items} items")]);
        assert_eq!(account.accepted.to_string(), items, "{finished}");
        let last = finished.stderr.lines().rfind(|line| line.contains("Completed Ops"));
        let shown = grouped(items);
        assert!(last.is_some_and(|line| line.contains(&shown)), "{finished}");
    }
}

/// As progress shows it, up to a million.
fn grouped(digits: &str) -> String {
    match digits.len() {
        0..=3 => digits.to_owned(),
        many => format!("{}_{}", &digits[..many - 3], &digits[many - 3..]),
    }
}

#[test]
fn s07_the_error_has_name_input_and_cause_and_the_pool_serves_again() {
    let Ran { lines, account, finished } = run("s07", &["--unit-ms=5"]);
    assert_eq!(lines.len(), 2 * 28);
    for once in lines.chunks(28) {
        assert!(check_steps(&once[..27], 4).into_iter().eq((0..10).filter(|idx| *idx != 4)));
        let error = "my_func(Some((4, \"lock\"))): this was caught";
        assert_eq!(once[27], format!("[0, 1, 2, 3, {error}, 5, 6, 7, 8, 9]"));
    }
    assert_eq!((account.count("completed"), account.count("failed")), (18, 2), "{finished}");
    assert_eq!(finished.stderr.lines().count(), 1, "{finished}");
}

/// A job of ten seconds does not delay the end.
#[test]
fn s23_the_verbs_of_the_pool_and_a_timeout_that_is_typed() {
    let Ran { lines, account, finished } = run("s23", &["--unit-ms=2000"]);
    // Three of the last map are wanted. What is left of it may have been taken up, and not be begun, when it is dropped.
    let left = account.count("cancelled");
    assert!(left <= 7 && account.count("completed") + left == account.accepted, "{finished}");
    let squares = "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]";
    assert_eq!(lines, ["100", squares, "0", "1", "4", "not there in time, and still running"]);
}

#[test]
fn s23_what_takes_ten_seconds_does_not_delay_the_end() {
    // Two seconds until the wait is given up; the job would take twenty.
    let ran = run("s23", &["--unit-ms=2000"]);
    assert!(ran.finished.elapsed >= Duration::from_secs(2), "{}", ran.finished);
    assert!(ran.finished.elapsed < Duration::from_secs(15), "{}", ran.finished);
}

#[test]
fn s46_eight_squares_in_order() {
    assert_eq!(run_whole("s46", &["--repeat=100"]), vec!["[1, 4, 9, 16, 25, 36, 49, 64]"; 100]);
}

/// Six units in all, where handing out beforehand takes eight or eleven.
#[test]
fn s47_who_is_free_takes_the_next() {
    once_in_five(|| {
        let Ran { lines, finished, .. } = run("s47", &["--unit-ms=100"]);
        let at =
            |line: &str| lines.iter().position(|told| told == line).unwrap_or_else(|| panic!("{line}: {finished}"));
        let starts = [("A", 5), ("B", 2), ("C", 1), ("D", 3)]
            .map(|(name, s)| at(&format!(" Process {name} waiting {s} seconds")));
        let ends = ["A", "B", "C", "D"].map(|name| at(&format!(" Process {name} Finished.")));
        assert_eq!(lines.last().unwrap(), "[(), (), (), ()]");
        assert!(finished.elapsed >= Duration::from_millis(600), "{finished}");
        let in_order = starts[2] > ends[1] && starts[3] > ends[2] && ends[0] > starts[3];
        if in_order && finished.elapsed < Duration::from_millis(790) { Ok(()) } else { Err(finished.to_string()) }
    });
}

#[test]
fn s48_eight_are_started_and_all_have_printed_when_the_shutdown_ends() {
    let mut lines = run_whole("s48", &["--unit-ms=30"]);
    lines.sort();
    assert_eq!(lines, ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

#[test]
fn s49_one_by_one_and_in_order() {
    assert_eq!(run_whole("s49", &["--unit-ms=10"]), ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

#[test]
fn s50_the_same_value_and_the_same_error_both_ways() {
    let Ran { lines, account, finished } = run("s50", &[]);
    let expected = ["apply_async and get: 42", "apply: 42"].map(str::to_owned);
    assert_eq!(lines[..2], expected);
    let error = "invalid digit found in string";
    assert_eq!(lines[2..], [format!("apply_async and get: {error}"), format!("apply: {error}")]);
    assert_eq!((account.count("completed"), account.count("failed")), (2, 2), "{finished}");
}
