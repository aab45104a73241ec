//! Owns an event: whether it is set, and the release of those who wait for it. Never wakes anybody itself, which is `Notify`'s.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::coop::consume_budget;
use tokio::time;

use crate::block_on::{block_on, block_on_timeout};

/// Something that has happened or has not, and that any number of tasks and threads wait for: Python's `threading.Event`.
///
/// [`set`](Self::set) releases all who wait, also those who come to see it only after it was [cleared](Self::clear) again: a set that
/// is followed at once by a clear releases everybody whose wait began before the set. What was written before the
/// set is seen after the wait.
///
/// Share it by reference or in an [`Arc`](std::sync::Arc); as a `static` it needs neither. To ask tasks to stop, use a
/// [`CancellationToken`](super::CancellationToken), which is never cleared and has children.
///
/// # Order
/// A set releases all who wait, and which of them goes on first is up to the runtime and the system.
///
/// # Cost
/// Asking is an atomic load, as is a wait for what is set already. A set without waiters takes a short lock; one with waiters wakes
/// them one after the other before it returns. A wait allocates nothing. A task that waits keeps its lane's slot.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use workyard::{BoxError, Scheduler, sync::Event};
///
/// # fn main() -> Result<(), BoxError> { tokio::runtime::Runtime::new()?.block_on(async {
/// let yard = Scheduler::new();
/// let ready = Arc::new(Event::new());
/// assert!(!ready.wait_timeout(Duration::from_millis(1)).await);
///
/// let (of_task, of_closure) = (Arc::clone(&ready), Arc::clone(&ready));
/// let task = yard.io().submit(async move { of_task.wait().await }).await?;
/// let closure = yard.blocking().submit(move || of_closure.blocking_wait()).await?;
/// ready.set();
/// task.await?;
/// closure.await?;
/// # assert!(yard.shutdown().await.balances());
/// # Ok(()) }) }
/// ```
pub struct Event {
    /// How often it was set and cleared, so odd while it is set. A wait that began while it was not is over once this is another number,
    /// whatever it is by then.
    turns: AtomicU64,
    changed: Notify,
}

impl Event {
    /// An event that has not happened.
    pub const fn new() -> Self {
        Self { turns: AtomicU64::new(0), changed: Notify::const_new() }
    }

    /// It has happened: releases all who wait, and lets all pass who come to wait until it is cleared. Setting it again changes
    /// nothing.
    pub fn set(&self) {
        // Release: who sees this turn sees what was done before it.
        let before = self.turns.fetch_or(1, Ordering::AcqRel);
        if !is_set(before) {
            // After the turn, so that whoever is woken, or asks to be woken too late, sees it.
            self.changed.notify_waiters();
        }
    }

    /// It has not happened any more: who comes to wait from now on waits. Those whom a set has released stay released. Clearing it again
    /// changes nothing.
    pub fn clear(&self) {
        let next = |turns| is_set(turns).then_some(turns + 1);
        // An error is an event that was not set.
        self.turns.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).ok();
    }

    /// Whether it is set at this moment.
    pub fn is_set(&self) -> bool {
        is_set(self.turns())
    }

    /// Waits until it is set. The wait counts from this call, not from the first poll: a set after it releases the future,
    /// even if it has not been polled yet and finds the event cleared.
    ///
    /// # Cancel safety
    /// A wait takes nothing, so dropping the future loses nothing; a wait that is begun anew counts from then.
    pub fn wait(&self) -> impl Future<Output = ()> + Send {
        let began = self.turns();
        async move {
            // Or a loop around an event that stays set would never let others run.
            consume_budget().await;
            loop {
                // Before the look, so that it is told of a set that comes after it.
                let changed = self.changed.notified();
                if self.is_over(began) {
                    return;
                }
                changed.await;
            }
        }
    }

    /// As [`wait`](Self::wait), for at most `timeout`: whether the wait is over because the event was set.
    ///
    /// # Panics
    /// The future panics when it is polled outside a tokio runtime with time enabled.
    ///
    /// # Cancel safety
    /// As [`wait`](Self::wait).
    pub fn wait_timeout(&self, timeout: Duration) -> impl Future<Output = bool> + Send {
        let wait = self.wait();
        async move { time::timeout(timeout, wait).await.is_ok() }
    }

    /// As [`wait`](Self::wait), from a plain thread, which is parked meanwhile. Needs no runtime; not for async code.
    pub fn blocking_wait(&self) {
        block_on(self.wait());
    }

    /// As [`blocking_wait`](Self::blocking_wait), for at most `timeout`: whether the wait is over because the event was set.
    pub fn blocking_wait_timeout(&self, timeout: Duration) -> bool {
        block_on_timeout(pin!(self.wait()), timeout).is_some()
    }

    fn turns(&self) -> u64 {
        self.turns.load(Ordering::Acquire)
    }

    /// Whether it was set when a wait began, or has been since.
    fn is_over(&self, began: u64) -> bool {
        is_set(began) || self.turns() != began
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("is_set", &self.is_set()).finish_non_exhaustive()
    }
}

const fn is_set(turns: u64) -> bool {
    turns % 2 == 1
}
