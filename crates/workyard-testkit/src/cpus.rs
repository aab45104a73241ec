//! Owns keeping a thread on one cpu. Never decides anything by it: where the system knows no such thing, nothing happens.

/// Keeps this thread, and those that it starts from now on, on one of the cpus that it may use: the `number`th, counted around.
///
/// For threads of which only one runs at any time, such as those of a [simulation](crate::simulation): to hand over to a thread of the same
/// cpu takes half the time. Elsewhere than on Linux, and where the system refuses, this does nothing.
///
/// # Examples
/// ```
/// use std::thread;
///
/// let half = thread::spawn(|| {
///     workyard_testkit::keep_to_cpu(0);
///     thread::spawn(|| "on the same one").join().unwrap()
/// });
/// assert_eq!(half.join().unwrap(), "on the same one");
/// ```
pub fn keep_to_cpu(number: usize) {
    #[cfg(target_os = "linux")]
    linux::keep_to_cpu(number);
    #[cfg(not(target_os = "linux"))]
    let _nothing = number;
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    pub(super) fn keep_to_cpu(number: usize) {
        let Ok(usable) = sched_getaffinity(None) else { return };
        let usable: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&cpu| usable.is_set(cpu)).collect();
        if usable.is_empty() {
            return;
        }
        let mut only = CpuSet::new();
        only.set(usable[number % usable.len()]);
        // It is only faster so.
        let _refused = sched_setaffinity(None, &only);
    }
}
