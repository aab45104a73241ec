//! Owns which tutorials there are, in the order of their rows. Never knows what they do.

use crate::tutorial::Tutorial;
use crate::{locks, machine, numbers, pools, queues, threads, timers};

const ALL: &[Tutorial] = &[
    pools::S04,
    pools::S05,
    pools::S06,
    pools::S07,
    numbers::S08,
    threads::S09,
    threads::S10,
    locks::S11,
    locks::S12,
    locks::S13,
    queues::S14,
    queues::S15,
    timers::S16,
    numbers::S17,
    threads::S22,
    pools::S23,
    threads::S24,
    numbers::S25,
    numbers::S26,
    threads::S27,
    locks::S28,
    queues::S29,
    threads::S30,
    queues::S32,
    threads::S33,
    numbers::S35,
    numbers::S36,
    numbers::S37,
    numbers::S38,
    machine::S42,
    pools::S46,
    pools::S47,
    pools::S48,
    pools::S49,
    pools::S50,
    queues::S52,
    queues::S53,
    queues::S54,
    queues::S56,
    locks::S61,
    locks::S62,
    queues::S63,
];

/// The one that stands for this row.
pub(crate) fn find(row: &str) -> Option<&'static Tutorial> {
    ALL.iter().find(|tutorial| tutorial.rows.contains(&row.to_lowercase().as_str()))
}

/// Rows that no program stands for, and why.
pub(crate) fn without(row: &str) -> Option<&'static str> {
    let row = row.to_lowercase();
    let is_in = |rows: &[&str]| rows.contains(&row.as_str());
    if is_in(&["s20"]) {
        return Some("is an import and no program");
    }
    is_in(&OPEN).then_some("is about worker processes, which are not built yet")
}

const OPEN: [&str; 13] = ["s01", "s02", "s03", "s19", "s21", "s31", "s34", "s39", "s40", "s51", "s58", "s59", "s60"];

/// A line for each.
pub(crate) fn list() -> String {
    let line = |tutorial: &Tutorial| {
        let mark = if tutorial.in_threads { " *" } else { "" };
        format!("{:<21}{}{mark}\n", tutorial.rows.join(" "), tutorial.line)
    };
    let lines: String = ALL.iter().map(line).collect();
    format!("{lines}\n* {IN_THREADS}\n")
}

/// What is said of such a program.
pub(crate) const IN_THREADS: &str = "in threads, where Python has worker processes; those are not built yet";
