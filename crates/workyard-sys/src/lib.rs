//! What the workyard scheduler asks of the operating system and no crate offers without `unsafe`, which stands here and nowhere
//! else: how the kernel schedules one thread.
//!
//! It is a crate of its own so that `workyard` can forbid `unsafe`. Elsewhere than on Linux it is empty.
#![cfg(target_os = "linux")]

use std::io;

/// Has the calling thread run only while nothing else wants its CPU: the policy `SCHED_IDLE`.
///
/// An ordinary user can do that, and cannot undo it. Threads and processes that the calling one starts later inherit it; those
/// that run already are as they were. Its nice value means nothing from then on.
///
/// # Errors
/// The system refused, as a sandbox may.
pub fn to_background() -> io::Result<()> {
    // SAFETY: all bytes of a `sched_param` may be zero: it holds numbers.
    let mut no_priority: libc::sched_param = unsafe { std::mem::zeroed() };
    // The policy has no priorities, and takes no other than this.
    no_priority.sched_priority = 0;
    // By the system call: musl's function of this name fails always. 0 is the calling thread.
    // SAFETY: the call reads the parameter, which lives until it returns, and changes no memory.
    let failed = unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, libc::SCHED_IDLE, &raw const no_priority) };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether the calling thread runs in the background.
pub fn is_background() -> bool {
    // SAFETY: the call reads and changes no memory. 0 is the calling thread.
    let policy = unsafe { libc::syscall(libc::SYS_sched_getscheduler, 0) };
    policy == libc::c_long::from(libc::SCHED_IDLE)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::{is_background, to_background};

    #[test]
    fn the_calling_thread_goes_to_the_background_and_no_other() {
        let before = is_background();
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                to_background().unwrap();
                is_background()
            });
            assert!(other.join().unwrap());
        });
        assert_eq!(is_background(), before);
    }

    #[test]
    fn a_thread_in_the_background_may_ask_again() {
        let ask_twice = || to_background().and_then(|()| to_background());
        thread::scope(|scope| scope.spawn(ask_twice).join().unwrap()).unwrap();
    }
}
