//! Owns how a plain thread waits for a future: park, be woken, poll again. Never runs other tasks meanwhile, never
//! touches the thread's own park token, and knows nothing of what the future does.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use tokio::task::coop::unconstrained;

use crate::primitives::{Condvar, Mutex};
use crate::simulation::{Simulator, here};

/// Polls `future` on this thread until it is ready, parking the thread in between.
///
/// Tokio's cooperative budget does not apply: on a thread of a runtime a budget used up would hand the wake-up to the
/// very worker that is parked here.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    if let Some(simulator) = here() {
        return block_on_simulated(&*simulator, future);
    }
    let parked = Parked::enter();
    let waker = parked.waker();
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(unconstrained(future));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        parked.parker.wait(None);
    }
}

/// As [`block_on`], for at most `timeout`; `None` when the future was still pending then.
///
/// The future is polled at least once, and once more after the time is up, so it never gives up early and never
/// misses what came in time. A `timeout` beyond what the clock can count means to wait for ever.
pub(crate) fn block_on_timeout<F: Future>(future: Pin<&mut F>, timeout: Duration) -> Option<F::Output> {
    if let Some(simulator) = here() {
        return block_on_simulated(&*simulator, tokio::time::timeout(timeout, future)).ok();
    }
    let deadline = Instant::now().checked_add(timeout);
    let parked = Parked::enter();
    let waker = parked.waker();
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(unconstrained(future));
    loop {
        let time_is_up = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Some(output);
        }
        if time_is_up {
            return None;
        }
        parked.parker.wait(deadline);
    }
}

/// Has the simulator wait, whose time is not that of the system's clock.
#[expect(clippy::expect_used, reason = "a simulator's `block_on` returns when the future is ready")]
fn block_on_simulated<F: Future>(simulator: &dyn Simulator, future: F) -> F::Output {
    let mut output = None;
    simulator.block_on(pin!(async { output = Some(unconstrained(future).await) }));
    output.expect("a simulator waits until the future is ready")
}

/// A parker that this call has to itself: one nested inside the poll of another takes a second one, so that neither
/// consumes a wake-up meant for the other.
struct Parked {
    parker: Arc<Parker>,
}

impl Parked {
    fn enter() -> Self {
        // `try_with`: a destructor of another thread-local may block, too. A model has nothing left of the one before.
        let cached = if cfg!(workyard_loom) { None } else { SPARE.try_with(Cell::take).ok().flatten() };
        Self { parker: cached.unwrap_or_default() }
    }

    fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.parker))
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        // A waker that outlives this call may still set the flag. That costs the next call one more poll.
        if !cfg!(workyard_loom) {
            drop(SPARE.try_with(|spare| spare.replace(Some(Arc::clone(&self.parker)))));
        }
    }
}

thread_local! {
    /// The parker that the last `block_on` of this thread left behind, so that the next allocates none.
    static SPARE: Cell<Option<Arc<Parker>>> = const { Cell::new(None) };
}

/// A flag and a condition. `std::thread::park` would do, were its token not shared with whoever else parks and
/// unparks this thread.
///
/// The flag is changed under the lock that the wait gives up as it begins: whoever wakes comes before it, and is seen, or finds
/// the thread waiting. Of several wakes before a poll one is enough: the poll comes after all of them.
#[derive(Default)]
struct Parker {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Parker {
    /// Returns once woken since the last call, or at the deadline.
    fn wait(&self, deadline: Option<Instant>) {
        let mut woken = self.woken.lock();
        while !*woken {
            let is_up;
            (woken, is_up) = match deadline {
                None => (self.changed.wait(woken), false),
                Some(deadline) => self.changed.wait_until(woken, deadline),
            };
            if is_up {
                break;
            }
        }
        *woken = false;
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let was = std::mem::replace(&mut *self.woken.lock(), true);
        if !was {
            self.changed.notify_one();
        }
    }
}

#[cfg(test)]
#[path = "block_on_tests.rs"]
mod tests;

#[cfg(all(test, workyard_loom))]
#[path = "block_on_loom_tests.rs"]
mod loom_tests;
