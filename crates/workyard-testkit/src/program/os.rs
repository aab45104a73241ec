//! Owns what is asked of the system about a child process. Never takes its exit status: its id stays its own meanwhile.

use std::process::Child;

#[cfg(unix)]
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

/// Sends a signal. One that has ended takes none, which is no failure.
#[cfg(unix)]
pub(super) fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).ok();
}

/// Kills it and, on Unix, all of the process group that it was started to lead.
pub(super) fn kill_with_family(child: &mut Child) {
    #[cfg(unix)]
    kill_process_group(Pid::from_child(child), Signal::KILL).ok();
    child.kill().ok();
}

/// Whether it runs no more.
#[cfg(unix)]
pub(super) fn has_ended(child: &mut Child) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(WaitId::Pid(Pid::from_child(child)), look) {
        Ok(ended) => ended.is_some(),
        // It is no child of ours any more: the host program takes all exit statuses itself.
        Err(error) => error != rustix::io::Errno::INTR,
    }
}

/// Whether it runs no more.
#[cfg(not(unix))]
pub(super) fn has_ended(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

/// The most memory that it had resident so far.
pub(super) fn peak_rss_kib(child: &Child) -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    vm_hwm_kib(&status)
}

/// A process that has ended has no such line.
fn vm_hwm_kib(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::vm_hwm_kib;

    #[test]
    fn the_high_water_mark_is_read() {
        assert_eq!(vm_hwm_kib("Name:\tsh\nVmPeak:\t    9999 kB\nVmHWM:\t    1234 kB\nThreads:\t1\n"), Some(1234));
        assert_eq!(vm_hwm_kib("Name:\tsh\nState:\tZ (zombie)\n"), None);
        assert_eq!(vm_hwm_kib("VmHWM:\tmany kB\n"), None);
    }
}
