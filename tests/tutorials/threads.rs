//! Rows about threads: their names, their output, their waits, their beginning and their end.

use std::collections::BTreeMap;
#[cfg(target_os = "linux")]
use std::time::Duration;

#[cfg(target_os = "linux")]
use crate::common::{SOON, tutorial};
use crate::common::{between, run_whole};

#[test]
fn s09_fifteen_whole_lines_five_of_each_thread() {
    let mut by_thread = BTreeMap::<String, usize>::new();
    for line in run_whole("s09", &["--unit-ms=10"]) {
        let name = line.strip_prefix("hello from thread workyard-cpu-").unwrap_or_else(|| panic!("torn: {line:?}"));
        *by_thread.entry(name.to_owned()).or_default() += 1;
    }
    assert_eq!(
        by_thread.into_iter().collect::<Vec<_>>(),
        [("0", 5), ("1", 5), ("2", 5)].map(|(n, c)| (n.to_owned(), c))
    );
}

#[test]
fn s10_a_job_sees_the_name_of_its_thread() {
    assert_eq!(run_whole("s10", &[]), ["hello from workyard-greeters-0"]);
}

#[test]
fn s22_a_pool_that_is_dropped_unused_is_gone() {
    assert_eq!(run_whole("s22", &[]), ["a pool of 4: accepted 0 = 0 completed", "it is gone"]);
}

#[test]
fn s24_the_same_calls_on_every_lane() {
    let squares = "100 [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]";
    assert_eq!(run_whole("s24", &[]), ["cpu", "blocking", "io"].map(|lane| format!("{lane}: {squares}")));
}

/// The bound is that of the row; ten waits in line would take ten seconds.
#[test]
fn s27_ten_and_a_thousand_waits_take_about_as_long_as_one() {
    for waits in ["10", "1000"] {
        let lines = run_whole("s27", &["--unit-ms=1000", "--waits", waits]);
        assert!(lines[0].starts_with(&format!("{waits} waits of 1000 ms took ")), "{lines:?}");
        let seconds: f64 = between(&lines[0], "took ", " s");
        assert!((1.0..2.0).contains(&seconds), "{lines:?}");
    }
}

/// The most threads that it has at once, until its end.
#[cfg(target_os = "linux")]
fn most_threads(running: &workyard_testkit::Running) -> usize {
    let mut most = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", running.id())).unwrap();
        let number = |line: &str| line.strip_prefix("Threads:")?.trim().parse().ok();
        most = most.max(status.lines().find_map(number).unwrap_or(0));
        // One that has ended and waits to be reaped has no memory.
        if most > 0 && !status.contains("VmRSS") {
            return most;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// What the runtime has, and the yard of every program: some threads and two for each CPU.
#[cfg(target_os = "linux")]
fn usual_threads() -> usize {
    10 + 2 * std::thread::available_parallelism().unwrap().get()
}

#[cfg(target_os = "linux")]
#[test]
fn s27_a_thousand_waits_need_no_thousand_threads() {
    let running = tutorial("s27", &["--unit-ms=1000", "--waits=1000"]).spawn();
    let most = most_threads(&running);
    let finished = running.finish_within(SOON);
    assert!(finished.stdout.starts_with("1000 waits of 1000 ms"), "{finished}");
    assert!(most <= usual_threads(), "{most} threads");
}

/// A thousand threads for pools that nobody uses. They end when their pool is dropped, though maybe a moment later.
#[cfg(target_os = "linux")]
#[test]
fn s22_what_is_dropped_takes_its_threads_along() {
    let running = tutorial("s22", &["--repeat=250"]).spawn();
    let most = most_threads(&running);
    let finished = running.finish_within(SOON);
    assert_eq!(finished.stdout.matches("it is gone").count(), 250, "{finished}");
    assert!(most <= usual_threads() + 100, "{most} threads");
}

#[test]
fn s30_each_worker_is_made_ready_once_before_its_first_job() {
    let mut jobs = BTreeMap::<String, u32>::new();
    let mut squares = 0;
    for line in run_whole("s30", &["--unit-ms=1", "--repeat=30"]) {
        if let Some(name) = line.strip_suffix(" is ready") {
            assert_eq!(jobs.insert(name.to_owned(), 0), None, "made ready twice: {name}");
        } else if let Some(hello) = line.strip_prefix("Hello I am ") {
            let (name, job) = hello.split_once(", job ").unwrap();
            let before = jobs.get_mut(name).unwrap_or_else(|| panic!("{name} was not made ready"));
            *before += 1;
            assert_eq!(job.parse(), Ok(*before));
        } else {
            assert_eq!(line, "[1, 4, 9]");
            squares += 1;
        }
    }
    assert_eq!((squares, jobs.values().sum::<u32>()), (30, 90));
    assert!((1..=5).contains(&jobs.len()), "{jobs:?}");
}

#[test]
fn s33_bye_first_and_then_both_that_nobody_joined() {
    let lines = run_whole("s33", &["--unit-ms=50"]);
    assert_eq!(lines, ["Bye from the main thread!", "I'm still alive!", "I'm still alive!"]);
}

#[test]
fn s42_s45_the_machine_and_what_follows_from_it() {
    let lines = run_whole("s42", &[]);
    let machine = workyard::machine();
    assert_eq!(lines.len(), 7);
    assert!(lines[1].starts_with("Rust: 1.") && lines[1].ends_with(" or later"), "{lines:?}");
    assert_eq!(lines[2], format!("Logical CPUs: {}", machine.logical()));
    let physical = machine.physical().map_or("unknown".to_owned(), |cores| cores.to_string());
    assert_eq!(lines[3], format!("Physical cores: {physical}"));
    let quota = machine.quota().map_or("none".to_owned(), |cpus| cpus.to_string());
    assert_eq!(lines[5], format!("Quota: {quota}"));
    assert_eq!(lines[6], format!("Threads of a cpu lane unless told otherwise: {}", machine.usable()));
    for row in ["s41", "s43", "s44", "s45"] {
        assert_eq!(run_whole(row, &[]), lines);
    }
}
