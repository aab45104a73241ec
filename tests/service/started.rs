//! Owns a service that was started on a free port, and waiting for what its lanes do.

use std::net::SocketAddr;

use workyard_testkit::{Finished, Program, Running, wait_for};

use crate::SOON;
use crate::client::get;

/// The service as a process.
pub(crate) struct Started {
    pub(crate) running: Running,
    pub(crate) address: SocketAddr,
}

impl Started {
    /// With these options, and one thread that computes unless they say otherwise.
    pub(crate) fn with(args: &[&str]) -> Self {
        let first = ["--listen", "127.0.0.1:0", "--threads", "1"];
        let program = first.iter().chain(args).fold(Program::example("service"), Program::arg);
        let running = program.spawn();
        // Alone on stdout, and at the end of a line of the log.
        let line = running.wait_for_line("127.0.0.1:", SOON);
        let address = line.rsplit('/').next().unwrap_or_default().trim_end().parse();
        Self { running, address: address.unwrap() }
    }

    /// Waits until the line of this lane in the snapshot has `what` in it.
    pub(crate) fn wait_for(&self, lane: &str, what: &str) {
        let mut line = String::new();
        let asked = format!("{lane} says {what:?}");
        wait_for(&asked, SOON, || {
            let snapshot = get(self.address, "/snapshot").body;
            line = snapshot.lines().find(|line| line.starts_with(lane)).unwrap_or_default().to_owned();
            line.contains(what)
        });
    }

    /// Ends it by one signal.
    pub(crate) fn end(self) -> Finished {
        self.running.terminate();
        self.running.finish_within(SOON)
    }
}

/// The numbers of the service's last line, as (accepted, answered, gone).
#[track_caller]
pub(crate) fn counts(finished: &Finished) -> (u64, u64, u64) {
    let line = finished.stdout.lines().last().unwrap_or_default();
    let words: Vec<_> = line.split(' ').collect();
    let ["service:", "accepted", accepted, "answered", answered, "gone", gone] = words[..] else {
        panic!("{finished}");
    };
    (accepted.parse().unwrap(), answered.parse().unwrap(), gone.parse().unwrap())
}
