//! Owns how a test gets a process to itself, and what that process holds of memory. Never decides what is too much.

use std::fs;
use std::time::Duration;

use workyard_testkit::{Finished, Program};

/// The variable by which a process knows that it is the inner one.
const INSIDE: &str = "WORKYARD_TEST_ALONE";

/// Runs `test`, which is called `name`, in a process of its own, within limits that `shell` sets (such as `ulimit -v 500000`), and judges how it
/// ended.
#[track_caller]
pub(crate) fn alone(name: &str, shell: &str, test: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    passes(&start(name, shell));
}

/// As [`alone`], with as much address space as `tries` say, in KiB, one after the other: with the next one only if the system gave a thread its stack
/// and not the little that std needs beside it to tell an overflow, with which std ends the process.
#[track_caller]
pub(crate) fn alone_within(name: &str, tries: impl Iterator<Item = u32>, test: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    let ended_by_std = |finished: &Finished| finished.stderr.contains("failed to allocate an alternative stack");
    let finished = tries.map(|kib| start(name, &format!("ulimit -v {kib}"))).find(|finished| !ended_by_std(finished));
    passes(&finished.expect("of all tries one is not ended by std"));
}

#[track_caller]
fn passes(finished: &Finished) {
    assert_eq!(finished.code, Some(0), "{finished}");
    assert!(finished.stdout.contains("1 passed"), "{finished}");
}

fn start(name: &str, shell: &str) -> Finished {
    let test = std::env::current_exe().unwrap();
    let program = Program::new("/bin/sh").arg("-c").arg(format!("{shell}; exec \"$0\" \"$@\""));
    program.arg(test).arg("--exact").arg(name).arg("--nocapture").env(INSIDE, "1").run_within(Duration::from_secs(100))
}

/// How much memory this process has resident now, and had at most, in KiB; `None` where nobody tells.
pub(crate) fn resident_kib() -> Option<(u64, u64)> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    Some((field("VmRSS:")?, field("VmHWM:")?))
}
