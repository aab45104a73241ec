//! Owns how a thread is made to yield the CPU to others. Never touches a thread but the calling one, and never raises
//! one.

use std::io;

/// Why the calling thread kept its priority.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LowerError {
    /// This system has no priority for single threads, or none that is known here.
    #[cfg_attr(target_os = "linux", expect(dead_code, reason = "Linux has it"))]
    #[error("this system cannot lower the priority of one thread")]
    Unsupported,
    /// The system refused, as a sandbox may.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nothing is asked there"))]
    #[error("the system refused to lower the thread's priority")]
    Refused(#[source] io::Error),
}

/// Gives the calling thread at least this nice value, from 1 (a little less CPU time than others) to 19 (what others
/// leave).
///
/// Values outside are taken for the nearest of these. A thread that is nicer already stays as it is, since an ordinary
/// user cannot go back. Threads that the calling one starts later inherit the value; those that run already keep
/// theirs.
#[cfg(target_os = "linux")]
pub(crate) fn lower(nice: i32) -> Result<(), LowerError> {
    use rustix::process::{getpriority_process, setpriority_process};

    // POSIX speaks of processes here; Linux means the one thread whose id it is given.
    let this_thread = Some(rustix::thread::gettid());
    let refused = |error: rustix::io::Errno| LowerError::Refused(error.into());
    let current = getpriority_process(this_thread).map_err(refused)?;
    let wanted = nice.clamp(1, 19);
    if current >= wanted {
        return Ok(());
    }
    setpriority_process(this_thread, wanted).map_err(refused)
}

/// Reports [`LowerError::Unsupported`]: here the calling thread keeps its priority.
#[cfg(not(target_os = "linux"))]
pub(crate) fn lower(_nice: i32) -> Result<(), LowerError> {
    Err(LowerError::Unsupported)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::thread;

    use rustix::process::getpriority_process;
    use rustix::thread::{Pid, gettid};

    use super::lower;

    fn nice_of(thread: Pid) -> i32 {
        getpriority_process(Some(thread)).unwrap()
    }

    /// The nice value of a thread of its own after it has asked for these, one after the other.
    fn nice_after(asked: &[i32]) -> i32 {
        let ask = || {
            for nice in asked {
                lower(*nice).unwrap();
            }
            nice_of(gettid())
        };
        thread::scope(|scope| scope.spawn(ask).join().unwrap())
    }

    #[test]
    fn only_the_calling_thread_gets_nicer() {
        let this = gettid();
        let before = nice_of(this);
        assert_eq!(nice_after(&[7]), before.max(7));
        assert_eq!(nice_of(this), before);
    }

    #[test]
    fn a_thread_never_becomes_less_nice() {
        assert!(nice_after(&[11, 3]) >= 11);
    }

    #[test]
    fn values_out_of_range_are_taken_for_the_nearest() {
        assert_eq!(nice_after(&[i32::MAX]), 19);
        assert_eq!(nice_after(&[i32::MIN]), nice_of(gettid()).max(1));
    }
}
