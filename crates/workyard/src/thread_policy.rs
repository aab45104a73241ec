//! Owns how a thread comes to run in the background. Never touches a thread but the calling one. The only file that knows
//! thread-priority.

/// Why the calling thread does not run in the background.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackgroundError {
    /// This system has no such thing for single threads, or none that is known here.
    #[cfg(not(target_os = "linux"))]
    #[error("this system has no background threads")]
    Unsupported,
    /// The system refused, as a sandbox may.
    #[cfg(target_os = "linux")]
    #[error("the system refused to run the thread in the background")]
    Refused(#[source] thread_priority::Error),
}

/// Has the calling thread run only while nothing else wants its CPU: the policy `SCHED_IDLE`.
///
/// An ordinary user can do that, and cannot undo it. Threads and processes that the calling one starts later inherit it; those
/// that run already are as they were.
#[cfg(target_os = "linux")]
pub(crate) fn to_background() -> Result<(), BackgroundError> {
    use thread_priority::{ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id};

    let policy = ThreadSchedulePolicy::Normal(IDLE);
    let asked = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy);
    // After the policy it also asks for nice 0, which an ordinary user who was started nice does not get; with this policy
    // the nice value means nothing, so that is no failure.
    if is_background() { Ok(()) } else { asked.map_err(BackgroundError::Refused) }
}

/// Reports [`BackgroundError::Unsupported`]: here the calling thread runs as before.
#[cfg(not(target_os = "linux"))]
pub(crate) fn to_background() -> Result<(), BackgroundError> {
    Err(BackgroundError::Unsupported)
}

#[cfg(target_os = "linux")]
const IDLE: thread_priority::NormalThreadSchedulePolicy = thread_priority::NormalThreadSchedulePolicy::Idle;

/// Whether the calling thread has the policy.
#[cfg(target_os = "linux")]
fn is_background() -> bool {
    use thread_priority::{ThreadSchedulePolicy, thread_schedule_policy};

    matches!(thread_schedule_policy(), Ok(ThreadSchedulePolicy::Normal(policy)) if policy == IDLE)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
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
