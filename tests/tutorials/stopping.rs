//! Each program as it is stopped: by Ctrl-C and SIGTERM while it works, and by a reader that has gone.

#![cfg(unix)]

use std::time::{Duration, Instant};

use workyard_testkit::{Finished, Program, Running};

#[cfg(target_os = "linux")]
use crate::common::wait_for_its_signals;
use crate::common::{Account, SOON, once_in_five, side_by_side, tutorial};
use crate::options::rows;

/// Stops it, and checks how it ends. That it was at work is in its exit code, as one that has come to its end gives 0.
/// An `Err` is what a machine that is too busy may be the reason of.
fn stop(what: &str, running: Running, how: fn(&Running), code: i32) -> Result<Finished, String> {
    let asked = Instant::now();
    how(&running);
    let finished = running.finish_within(Duration::from_secs(10));
    let took = asked.elapsed();
    assert_eq!(finished.code, Some(code), "{what}: {finished}");
    assert!(finished.stdout.is_empty() || finished.stdout.ends_with('\n'), "{what}: {finished}");
    let is_clean = Account::of(&finished).stuck == "none";
    let is_prompt = took <= Duration::from_secs(1);
    if is_clean && is_prompt { Ok(finished) } else { Err(format!("{what} took {took:?}: {finished}")) }
}

/// Again and again, so that the signal finds it at any point.
#[test]
fn ctrl_c_ends_each_program_within_a_second_and_its_report_balances() {
    side_by_side(&rows(), |row| {
        once_in_five(|| {
            let running = tutorial(row, &["--forever", "--unit-ms=20"]).spawn();
            running.wait_for_line("", SOON);
            stop(row, running, Running::interrupt, 130).map(drop)
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
            let begun_by = Instant::now() + SOON;
            loop {
                let running = tutorial(row, options).spawn();
                if *speaks {
                    running.wait_for_line("", SOON);
                } else {
                    wait_for_its_signals(&running);
                }
                let finished = stop(row, running, Running::interrupt, 130)?;
                // It listens before it begins, and says nothing of either.
                if *speaks || Account::of(&finished).accepted > 0 {
                    return Ok(());
                }
                assert!(Instant::now() < begun_by, "{row} never begins: {finished}");
            }
        });
    });
}

#[test]
fn s33_a_signal_while_the_shutdown_waits_is_heeded_too() {
    once_in_five(|| {
        let running = tutorial("s33", &["--unit-ms=86400000"]).spawn();
        running.wait_for_line("Bye from the main thread!", SOON);
        let finished = stop("s33", running, Running::terminate, 143)?;
        assert_eq!(Account::of(&finished).count("cancelled"), 2, "{finished}");
        Ok(())
    });
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
