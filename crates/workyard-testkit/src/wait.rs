//! Owns waiting for a condition in real time. Never waits without a deadline.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

/// Waits on this thread until `condition` holds, and panics at the caller's line when it does not within `deadline`.
///
/// The condition is asked at once, about every millisecond from then on, and a last time after the deadline has passed:
/// so it holds where it held at the end, however busy the machine was.
///
/// # Panics
/// With `what` when the deadline passes; name the state waited for, as in `"both workers have ended"`.
///
/// # Examples
/// ```
/// use std::{thread, time::Duration};
/// use workyard_testkit::wait_for;
///
/// let worker = thread::spawn(|| {});
/// wait_for("the worker has ended", Duration::from_secs(10), || worker.is_finished());
/// ```
#[track_caller]
pub fn wait_for(what: &str, deadline: Duration, condition: impl FnMut() -> bool) {
    assert!(holds_within(deadline, condition), "not within {deadline:?}: {what}");
}

/// [`wait_for`] for async code: between two questions it lets the other tasks of its thread run.
///
/// It knows no runtime, so it asks anew each time it is polled and asks to be polled again: it is never idle. Under
/// tokio's paused clock, time therefore stands still while it waits; the deadline is always of real time.
///
/// # Cancel safety
/// Dropping the future only ends the questions.
///
/// # Panics
/// When polled after the deadline with a condition that does not hold: with `what` and the caller's line.
///
/// # Examples
/// ```
/// use std::{sync::atomic::{AtomicBool, Ordering}, time::Duration};
/// use workyard_testkit::wait_for_async;
///
/// async fn check(done: &AtomicBool) {
///     wait_for_async("the task is done", Duration::from_secs(10), || done.load(Ordering::Acquire)).await;
/// }
/// ```
#[track_caller]
pub fn wait_for_async<F: FnMut() -> bool + Unpin>(what: &str, deadline: Duration, condition: F) -> WaitFor<'_, F> {
    WaitFor { what, condition, within: deadline, since: Instant::now(), caller: Location::caller() }
}

/// The future of [`wait_for_async`].
#[must_use = "nothing is waited for until this is awaited"]
pub struct WaitFor<'a, F> {
    what: &'a str,
    condition: F,
    within: Duration,
    since: Instant,
    caller: &'static Location<'static>,
}

impl<F: FnMut() -> bool + Unpin> Future for WaitFor<'_, F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Before the question, so that the last one is asked after the deadline.
        let over = self.since.elapsed() >= self.within;
        if (self.condition)() {
            return Poll::Ready(());
        }
        assert!(!over, "not within {:?}: {} (waited for at {})", self.within, self.what, self.caller);
        // What is waited for may be on another thread, and this core the one that it needs.
        thread::yield_now();
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<F> fmt::Debug for WaitFor<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitFor").field("what", &self.what).field("within", &self.within).finish_non_exhaustive()
    }
}

/// Whether the condition came to hold in time.
pub(crate) fn holds_within(deadline: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let since = Instant::now();
    loop {
        let over = since.elapsed() >= deadline;
        if condition() {
            return true;
        }
        if over {
            return false;
        }
        thread::sleep(BETWEEN_QUESTIONS);
    }
}

const BETWEEN_QUESTIONS: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Wake, Waker};

    use super::*;
    use crate::test_panic::message_and_line;

    #[test]
    fn asks_until_it_holds() {
        let mut asked = 0;
        wait_for("the third question", Duration::from_mins(1), || {
            asked += 1;
            asked == 3
        });
        assert_eq!(asked, 3);
    }

    #[test]
    fn asks_at_least_once_even_without_time() {
        wait_for("at once", Duration::ZERO, || true);
    }

    #[test]
    fn panics_with_the_words_at_the_callers_line() {
        let (message, line) = message_and_line(|| wait_for("pigs fly", Duration::from_millis(2), || false));
        assert_eq!(message, "not within 2ms: pigs fly");
        assert_eq!(line, (file!(), line!() - 2));
    }

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn the_async_twin_asks_once_a_poll() {
        let mut answers = [true, false].into_iter();
        let mut waiting = pin!(wait_for_async("second", Duration::from_mins(1), || !answers.next().unwrap()));
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        assert!(woken.0.load(Ordering::SeqCst), "it asks to be polled again");
        assert!(waiting.as_mut().poll(&mut cx).is_ready());
    }

    #[test]
    fn the_async_twin_panics_after_its_deadline() {
        let mut waiting = wait_for_async("pigs fly", Duration::ZERO, || false);
        let line = line!() - 1;
        let polled = catch_unwind(move || Pin::new(&mut waiting).poll(&mut Context::from_waker(Waker::noop())));
        let message = *polled.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(message, format!("not within 0ns: pigs fly (waited for at {}:{line}:27)", file!()));
    }
}
