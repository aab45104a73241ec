//! Owns which files and calls of Linux are asked. What they mean is decided in the pure modules beside it.

use std::collections::HashSet;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use super::answer::Seen;
use super::{cgroup, cpu_list};

impl Seen {
    pub(super) fn now() -> Self {
        Self {
            logical: read(Path::new("/sys/devices/system/cpu/online"))
                .and_then(|list| cpu_list::len(&list))
                .and_then(NonZeroUsize::new),
            physical: physical(),
            affinity: affinity(),
            quota: cgroup::tightest_quota(read),
        }
    }
}

/// The calling thread's mask, which the threads that it starts inherit.
fn affinity() -> Option<NonZeroUsize> {
    if let Ok(set) = rustix::thread::sched_getaffinity(None) {
        return NonZeroUsize::new(usize::try_from(set.count()).ok()?);
    }
    // A machine with more CPUs than the fixed set holds (1,024) refuses the call, but has the same mask as text.
    let status = read(Path::new("/proc/thread-self/status"))?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    NonZeroUsize::new(cpu_list::len(list)?)
}

fn physical() -> Option<NonZeroUsize> {
    // `num_cpus` answers with another number where `cpuinfo` does not tell, as on Arm: ask it only where it can know.
    let cpuinfo = read(Path::new("/proc/cpuinfo"))?;
    if cpuinfo.contains("\ncpu cores") && cpuinfo.contains("\nphysical id") {
        return NonZeroUsize::new(num_cpus::get_physical());
    }
    // Logical CPUs of one core name the same siblings.
    let siblings = |cpu: fs::DirEntry| read(&cpu.path().join("topology/thread_siblings_list"));
    let cores: HashSet<String> = fs::read_dir("/sys/devices/system/cpu").ok()?.flatten().filter_map(siblings).collect();
    NonZeroUsize::new(cores.len())
}

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    use crate::machine::machine;

    #[test]
    fn a_thread_held_to_one_cpu_sees_one_usable_cpu() {
        let pin_and_look = || {
            let allowed = sched_getaffinity(None).unwrap();
            let first = (0..CpuSet::MAX_CPU).find(|cpu| allowed.is_set(*cpu)).unwrap();
            let mut one = CpuSet::new();
            one.set(first);
            sched_setaffinity(None, &one).unwrap();
            machine()
        };
        let pinned = std::thread::scope(|scope| scope.spawn(pin_and_look).join().unwrap());
        assert_eq!((pinned.affinity(), pinned.usable().get()), (Some(1), 1));
        assert_eq!(pinned.logical(), machine().logical(), "the machine itself did not shrink");
    }
}
