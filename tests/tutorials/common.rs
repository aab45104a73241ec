//! What these tests share: a program of a row, run to its end, with its lines and the account of its yard. Never decides what is
//! right, but that an account balances.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use workyard_testkit::{Finished, Program};

/// Longer than anything here takes on a machine however busy.
pub(crate) const SOON: Duration = Duration::from_mins(1);

/// The program of a row, with what else it is told.
pub(crate) fn tutorial(row: &str, options: &[&str]) -> Program {
    options.iter().fold(Program::example("tutorials").arg(row), Program::arg)
}

/// A program that has come to its end.
pub(crate) struct Ran {
    pub(crate) lines: Vec<String>,
    pub(crate) account: Account,
    pub(crate) finished: Finished,
}

/// Runs it; it has to end well, and its account has to balance.
#[track_caller]
pub(crate) fn run(row: &str, options: &[&str]) -> Ran {
    let finished = tutorial(row, options).run_within(SOON);
    assert_eq!(finished.code, Some(0), "{row} {options:?}: {finished}");
    let account = Account::of(&finished);
    assert_eq!(account.stuck, "none", "{row} {options:?}: {finished}");
    assert!(finished.stdout.is_empty() || finished.stdout.ends_with('\n'), "{row}: the last line is torn: {finished}");
    let lines = finished.stdout.lines().map(str::to_owned).collect();
    Ran { lines, account, finished }
}

/// As [`run`], where all tasks complete, and nothing else is on stderr.
#[track_caller]
pub(crate) fn run_whole(row: &str, options: &[&str]) -> Vec<String> {
    let Ran { lines, account, finished } = run(row, options);
    assert_eq!(account.count("completed"), account.accepted, "{row} {options:?}: {finished}");
    assert_eq!(finished.stderr.lines().count(), 1, "{row} {options:?}: {finished}");
    lines
}

/// The line of the report that says what became of all tasks.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) accepted: u64,
    pub(crate) ended: BTreeMap<String, u64>,
    pub(crate) stuck: String,
}

impl Account {
    /// Reads it from stderr, and checks the sum.
    #[track_caller]
    pub(crate) fn of(finished: &Finished) -> Self {
        let line = finished.stderr.lines().find_map(|line| line.strip_prefix("report: accepted "));
        let line = line.unwrap_or_else(|| panic!("there is no report: {finished}"));
        let (account, stuck) = line.split_once("; stuck: ").unwrap();
        let (accepted, terms) = account.split_once(" = ").unwrap();
        let number = |text: &str| text.replace('_', "").parse::<u64>().unwrap();
        let term = |text: &str| text.split_once(' ').map(|(count, word)| (word.to_owned(), number(count))).unwrap();
        let ended: BTreeMap<_, _> = terms.split(" + ").map(term).collect();
        let this = Self { accepted: number(accepted), ended, stuck: stuck.to_owned() };
        assert_eq!(this.ended.values().sum::<u64>(), this.accepted, "it does not balance: {finished}");
        this
    }

    pub(crate) fn count(&self, word: &str) -> u64 {
        self.ended.get(word).copied().unwrap_or(0)
    }
}

/// Four at a time: most of what these programs do is to wait.
pub(crate) fn side_by_side<C: Sync>(cases: &[C], check: impl Fn(&C) + Sync) {
    for four in cases.chunks(4) {
        thread::scope(|scope| {
            for case in four {
                scope.spawn(|| check(case));
            }
        });
    }
}

/// For what is true unless the machine is too busy: it has to be once in five times. What is wrong is so each time.
#[track_caller]
pub(crate) fn once_in_five(check: impl Fn() -> Result<(), String>) {
    let mut told = Vec::new();
    for _ in 0..5 {
        match check() {
            Ok(()) => return,
            Err(what) => told.push(what),
        }
    }
    panic!("five times in a row: {told:#?}");
}

/// A number that stands in a line between two texts.
#[track_caller]
pub(crate) fn between<T: std::str::FromStr>(line: &str, before: &str, after: &str) -> T {
    let number = line.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map(|(number, _)| number);
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no number after {before:?}: {line:?}"))
}

/// Waits until Ctrl-C no longer ends the process by itself: until it has a handler for SIGTERM, which it asks for once that for
/// SIGINT is there as a whole. (Tokio's handler is there a moment before whoever asked for it, and a signal in between is lost.)
#[cfg(target_os = "linux")]
pub(crate) fn wait_for_its_signals(running: &workyard_testkit::Running) {
    let listens = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", running.id())).unwrap_or_default();
        let caught = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
        caught.is_some_and(|caught| caught & (1 << 14) != 0)
    };
    workyard_testkit::wait_for("it listens to signals", SOON, listens);
}
