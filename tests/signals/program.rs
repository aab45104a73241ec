//! The example `drain` as its user runs it: one signal, two, many, and at a bad moment.

use std::time::{Duration, Instant};

use workyard_testkit::{Finished, Program, Running};

use crate::run::SOON;

/// A request that would take longer than any test.
const ENDLESS: &str = "--work=3600000";

fn drain(args: &[&str]) -> Running {
    let running = args.iter().fold(Program::example("drain"), Program::arg).spawn();
    running.wait_for_line("serving", SOON);
    running
}

/// The report's first line, as (accepted, [(count, how)], stuck); it has to add up.
#[track_caller]
fn account(finished: &Finished) -> (u64, Vec<(u64, String)>, String) {
    let line = finished.stdout.lines().find_map(|line| line.strip_prefix("accepted ")).unwrap_or_default();
    let (books, stuck) = line.split_once("; stuck: ").unwrap_or_default();
    let (accepted, ends) = books.split_once(" = ").unwrap_or_default();
    let number = |text: &str| text.replace('_', "").parse::<u64>().unwrap_or_else(|_| panic!("{text:?}: {finished}"));
    let end = |end: &str| {
        let (count, how) = end.split_once(' ').unwrap_or_default();
        (number(count), how.to_owned())
    };
    let ends: Vec<_> = ends.split(" + ").map(end).collect();
    assert_eq!(ends.iter().map(|end| end.0).sum::<u64>(), number(accepted), "{finished}");
    (number(accepted), ends, stuck.to_owned())
}

/// The WARN records on stderr, each of which says which signal it was and what is left.
fn warnings(finished: &Finished) -> Vec<&str> {
    finished.stderr.lines().filter(|line| line.trim_start().starts_with("WARN")).collect()
}

#[test]
fn the_first_signal_drains_what_is_in_flight() {
    for (name, send) in [("SIGINT", Running::interrupt as fn(&Running)), ("SIGTERM", Running::terminate)] {
        let running = drain(&["--work=30"]);
        send(&running);
        let draining = running.wait_for_line("draining", SOON);
        let finished = running.finish_within(SOON);
        assert_eq!((finished.code, finished.signal), (Some(0), None), "{finished}");
        let (_, ends, stuck) = account(&finished);
        assert_eq!((ends.len(), &*ends[0].1, &*stuck), (1, "completed", "none"), "all are completed: {finished}");
        assert_eq!(warnings(&finished).len(), 1, "{finished}");
        for part in [format!("signal=\"{name}\""), "left=".to_owned(), "a second signal aborts".to_owned()] {
            assert!(draining.contains(&part), "{part}: {finished}");
        }
    }
}

#[test]
fn what_is_in_flight_is_told_and_finished() {
    let running = drain(&["--work=500"]);
    workyard_testkit::wait_for("it computes", SOON, || cpu_ticks(&running).is_none_or(|ticks| ticks > 5));
    running.interrupt();
    let draining = running.wait_for_line("draining", SOON);
    let finished = running.finish_within(SOON * 3);
    let (accepted, ends, _) = account(&finished);
    assert_eq!((finished.code, ends.len()), (Some(0), 1), "{finished}");
    let left = draining.split_once("left=").and_then(|(_, left)| left.split_once(" queued, "));
    let (queued, running) = left.unwrap_or_else(|| panic!("{draining}"));
    let running = running.split(' ').next().unwrap_or_default();
    let left = queued.parse::<u64>().unwrap() + running.parse::<u64>().unwrap();
    assert!((2..=accepted).contains(&left), "a request and the feeder, at least: {finished}");
}

/// How long the process has computed, in units of 10 ms; `None` where that cannot be seen.
fn cpu_ticks(running: &Running) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", running.id())).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(11)?.parse().ok()
}

#[test]
fn the_second_signal_cuts_a_long_drain_short() {
    for send in [[Running::terminate as fn(&Running), Running::interrupt], [Running::interrupt, Running::interrupt]] {
        let running = drain(&[ENDLESS, "--drain=3600000"]);
        // Without a request there is nothing to drain.
        workyard_testkit::wait_for("it computes", SOON, || cpu_ticks(&running).is_none_or(|ticks| ticks > 5));
        send[0](&running);
        running.wait_for_line("draining", SOON);
        let since = Instant::now();
        send[1](&running);
        let finished = running.finish_within(SOON);
        let took = since.elapsed();
        // 200 ms of grace, of which well-behaved requests need none; this machine may be busy.
        assert!(took < Duration::from_secs(5), "{took:?}: {finished}");
        assert_eq!((finished.code, finished.signal), (Some(1), None), "{finished}");
        let (_, ends, stuck) = account(&finished);
        assert_eq!(stuck, "none", "{finished}");
        // The feeder may be done; no request is.
        assert!(ends.iter().all(|(count, how)| how != "completed" || *count <= 1), "{finished}");
        let warnings = warnings(&finished);
        assert_eq!(warnings.len(), 2, "{finished}");
        assert!(warnings[1].contains("aborting what is left") && warnings[1].contains("left="), "{finished}");
        assert!(warnings[1].contains("SIGINT"), "{finished}");
    }
}

#[test]
fn what_does_not_heed_the_second_signal_is_named() {
    let running = drain(&[ENDLESS, "--stubborn", "--drain=3600000"]);
    workyard_testkit::wait_for("it computes", SOON, || cpu_ticks(&running).is_none_or(|ticks| ticks > 5));
    running.interrupt();
    running.wait_for_line("draining", SOON);
    let since = Instant::now();
    running.interrupt();
    let finished = running.finish_within(SOON);
    let took = since.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}: {finished}");
    assert_eq!((finished.code, finished.signal), (Some(1), None), "{finished}");
    let (_, _, stuck) = account(&finished);
    let named = finished.stdout.lines().filter(|line| {
        let parts = ["\"request\" on cpu, abandoned, its body still running after ", "s, submitted at ", "service.rs:"];
        parts.iter().all(|part| line.contains(part))
    });
    let (named, threads) = (named.count(), workyard::machine().usable().get());
    assert!((1..=threads).contains(&named) && stuck == named.to_string(), "{finished}");
}

#[test]
fn a_drain_that_takes_too_long_ends_by_itself() {
    let running = drain(&[ENDLESS, "--stubborn", "--drain=100"]);
    workyard_testkit::wait_for("it computes", SOON, || cpu_ticks(&running).is_none_or(|ticks| ticks > 5));
    running.terminate();
    let finished = running.finish_within(SOON);
    assert_eq!((finished.code, warnings(&finished).len()), (Some(1), 1), "{finished}");
    assert_ne!(account(&finished).2, "none", "{finished}");
}

#[test]
fn a_signal_in_the_first_moment_is_none_too_early() {
    for _ in 0..10 {
        let running = drain(&["--work=0"]);
        running.interrupt();
        let finished = running.finish_within(SOON);
        assert_eq!((finished.code, finished.signal), (Some(0), None), "{finished}");
        account(&finished);
    }
}

#[test]
fn many_signals_at_once_end_it_once() {
    let running = drain(&[ENDLESS, "--drain=3600000"]);
    workyard_testkit::wait_for("it computes", SOON, || cpu_ticks(&running).is_none_or(|ticks| ticks > 5));
    for _ in 0..100 {
        running.interrupt();
        running.terminate();
    }
    let finished = running.finish_within(SOON);
    assert_eq!((finished.code, finished.signal), (Some(1), None), "{finished}");
    account(&finished);
    assert_eq!(finished.stdout.matches("accepted ").count(), 1, "{finished}");
    assert_eq!(warnings(&finished).len(), 2, "{finished}");
}

#[test]
fn wrong_options_are_refused_in_one_line() {
    for args in [&["--work"][..], &["--work=-1"], &["--drain=1s"], &["--fast"], &["serve"], &["--a\nb"]] {
        let finished = args.iter().fold(Program::example("drain"), Program::arg).run_within(SOON);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{finished}");
        assert_eq!(finished.stderr.lines().count(), 1, "{finished}");
    }
    let help = Program::example("drain").arg("--help").run_within(SOON);
    assert!(help.code == Some(0) && help.stdout.starts_with("usage: drain"), "{help}");
}
