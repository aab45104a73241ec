//! Both sides under load, as two processes: what the service says it answered is what its clients have. Of times, nothing is
//! asserted: this machine may be busy.

use std::cell::Cell;

use workyard_testkit::{Finished, Program, Running, wait_for};

use crate::SOON;
use crate::client::get;
use crate::started::{Started, counts};

/// Fewer places than clients.
const SERVICE: [&str; 2] = ["--cpu-queue", "16"];

fn load(service: &Started, seconds: &str) -> Running {
    let args = ["load", "--clients", "64", "--seconds", seconds, "--idle-seconds", "1", "--rounds", "100"];
    let load = args.iter().fold(Program::example("service"), Program::arg);
    load.arg("--target").arg(service.address.to_string()).spawn()
}

/// The numbers of the load's last line, as (sent, answered, closed, lost).
#[track_caller]
fn sum(finished: &Finished) -> (u64, u64, u64, u64) {
    let line = finished.stdout.lines().last().unwrap_or_default();
    let words: Vec<_> = line.split(' ').collect();
    let ["load:", "sent", sent, "answered", answered, "closed", closed, "lost", lost] = words[..] else {
        panic!("{finished}");
    };
    (sent.parse().unwrap(), answered.parse().unwrap(), closed.parse().unwrap(), lost.parse().unwrap())
}

#[test]
fn every_request_is_answered_under_load() {
    let service = Started::with(&SERVICE);
    let load = load(&service, "2").finish_within(SOON);
    let (sent, answered, closed, lost) = sum(&load);
    assert_eq!((load.code, answered, closed, lost), (Some(0), sent, 0, 0), "{load}");
    for part in ["GET  /health", "GET  /wait", "GET  /digest", "GET  /fetch", "POST /digest", "(200: ", ", 503: "] {
        assert!(load.stdout.contains(part), "{part}: {load}");
    }
    assert!(load.stdout.contains("health p99: "), "{load}");
    let finished = service.end();
    assert_eq!((finished.code, counts(&finished)), (Some(0), (answered, answered, 0)), "{load}\n{finished}");
}

#[test]
fn no_accepted_request_is_lost_by_a_signal_under_load() {
    let service = Started::with(&SERVICE);
    let load = load(&service, "60");
    load.wait_for_line("load: 64 clients", SOON);
    // More are on their way than there are places.
    let looks = Cell::new(0);
    wait_for("the lane is full", SOON, || {
        let snapshot = get(service.address, "/snapshot").body;
        looks.set(looks.get() + 1);
        snapshot.lines().any(|line| line.starts_with("cpu: ") && line.contains("16 of 16 places taken"))
    });
    let finished = service.end();
    let load = load.finish_within(SOON);
    let (sent, answered, closed, lost) = sum(&load);
    assert_eq!((sent, lost), (answered + closed, 0), "{load}");
    let seen = answered + looks.get();
    assert_eq!((finished.code, counts(&finished)), (Some(0), (seen, seen, 0)), "{load}\n{finished}");
}
