//! Each program as it is stopped: by Ctrl-C and SIGTERM while it works, and by a reader that has gone.

#![cfg(unix)]

use std::time::{Duration, Instant};

use workyard_testkit::{Finished, Program, Running};

use crate::common::{Account, SOON, once_in_five, side_by_side, tutorial};
use crate::options::rows;

/// Stops it, and checks how it ends. That it was at work is in its exit code, as one that has come to its end gives 0.
fn stop(what: &str, running: Running, how: fn(&Running), code: i32) -> (Finished, Duration) {
    let asked = Instant::now();
    how(&running);
    let finished = running.finish_within(Duration::from_secs(10));
    let took = asked.elapsed();
    assert_eq!(finished.code, Some(code), "{what}: {finished}");
    assert_eq!(Account::of(&finished).stuck, "none", "{what}: {finished}");
    assert!(finished.stdout.is_empty() || finished.stdout.ends_with('\n'), "{what}: {finished}");
    (finished, took)
}

fn within_a_second(what: &str, took: Duration) -> Result<(), String> {
    if took <= Duration::from_secs(1) { Ok(()) } else { Err(format!("{what} took {took:?}")) }
}

/// Again and again, so that the signal finds it at any point.
#[test]
fn ctrl_c_ends_each_program_within_a_second_and_its_report_balances() {
    side_by_side(&rows(), |row| {
        once_in_five(|| {
            let running = tutorial(row, &["--forever", "--unit-ms=20"]).spawn();
            running.wait_for_line("", SOON);
            let (_, took) = stop(row, running, Running::interrupt, 130);
            within_a_second(row, took)
        });
    });
}

/// Once, and so long that the signal finds it where it waits, or computes.
#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_a_wait_of_a_day_and_work_without_an_end() {
    const DAY: &[&str] = &["--unit-ms=86400000"];
    const SPEAKS: [&str; 13] =
        ["s04", "s05", "s07", "s09", "s12", "s14", "s16", "s23", "s30", "s33", "s35", "s36", "s47"];
    const SILENT: [&str; 9] = ["s27", "s29", "s37", "s38", "s48", "s49", "s54", "s56", "s63"];
    const COMPUTES: [(&str, &[&str]); 6] = [
        ("s06", &["--items=1000000000"]),
        ("s08", &["--steps=1000000000"]),
        ("s17", &["--steps=1000000000"]),
        ("s25", &["--many=1000000"]),
        ("s26", &["--many=1000000"]),
        ("s28", &["--tasks=100000"]),
    ];
    let speaks = SPEAKS.map(|row| (row, DAY, true));
    let silent = SILENT.map(|row| (row, DAY, false));
    let computes = COMPUTES.map(|(row, options)| (row, options, false));
    side_by_side(&[&speaks[..], &silent, &computes].concat(), |(row, options, speaks)| {
        once_in_five(|| {
            let running = tutorial(row, options).spawn();
            if *speaks {
                running.wait_for_line("", SOON);
            } else {
                workyard_testkit::wait_for("it listens to Ctrl-C", SOON, || listens(running.id()));
            }
            let (finished, took) = stop(row, running, Running::interrupt, 130);
            if !speaks && Account::of(&finished).accepted == 0 {
                return Err(format!("{row} had not begun"));
            }
            within_a_second(row, took)
        });
    });
}

/// Whether the process has a handler for SIGTERM, which it asks for once that for SIGINT is there as a whole. (Tokio's handler is there
/// a moment before whoever asked for it, and a signal in between is lost.)
#[cfg(target_os = "linux")]
fn listens(id: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
    caught.is_some_and(|caught| caught & (1 << 14) != 0)
}

#[test]
fn s33_a_signal_while_the_shutdown_waits_is_heeded_too() {
    let running = tutorial("s33", &["--unit-ms=86400000"]).spawn();
    running.wait_for_line("Bye from the main thread!", SOON);
    let (finished, _) = stop("s33", running, Running::terminate, 143);
    assert_eq!(Account::of(&finished).count("cancelled"), 2, "{finished}");
}

#[test]
fn a_reader_that_has_gone_ends_each_program_quietly() {
    let path = std::env::current_exe().unwrap();
    let path = path.parent().and_then(std::path::Path::parent).unwrap().join("examples").join("tutorials");
    side_by_side(&rows(), |row| {
        let script = "(\"$0\" \"$1\" --unit-ms=5 --repeat=3; echo \"code $?\" >&2) | head -n 1";
        let finished = Program::new("/bin/sh").arg("-c").arg(script).arg(&path).arg(row).run_within(SOON);
        assert!(finished.stderr.contains("code 0\n"), "{row}: {finished}");
        assert!(!finished.stderr.contains("failed printing to stdout"), "{row}: {finished}");
        assert!(!finished.stderr.contains("tutorials: "), "{row}: {finished}");
        assert_eq!(finished.stdout.lines().count(), 1, "{row}: {finished}");
        Account::of(&finished);
    });
}
