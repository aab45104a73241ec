//! Owns how async code waits for a value behind a mutex to be as it needs it. Never owns the value, and never changes it.

use std::fmt;
use std::pin::pin;

use tokio::sync::{MutexGuard, Notify};

use crate::block_on::block_on;

/// Waits until the value behind a [`Mutex`](super::Mutex) is as one needs it: a condition variable for async code.
///
/// Whoever changes the value calls [`notify_one`](Self::notify_one) or [`notify_all`](Self::notify_all), before or after it lets go of
/// the lock. There is no wait without a predicate: being told and finding the value as needed are not the same, as somebody else may
/// have been quicker.
///
/// No notification is lost. Who waits is in line before its lock is free, so a change that is made under the lock
/// finds either its predicate still to be asked, or it in line; and who was notified and is cancelled
/// before it could look passes the notification on.
///
/// Use one condition with one mutex. For items that go from one to another a [`queue`](crate::queue) is simpler; for values that are
/// only looked at, `tokio::sync::watch` is.
///
/// # Order
/// Notifications go to those who wait in the order in which they began to, and the lock is given in the order in which they ask for it
/// then. Who never waited may take the lock, and what it guards, in between.
///
/// # Cost
/// A predicate that holds at once costs its call. A wait allocates nothing; each wake-up takes the lock once.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use tokio::time::timeout;
/// use workyard::{BoxError, Scheduler, sync::{Condition, Mutex}};
///
/// # fn main() -> Result<(), BoxError> { tokio::runtime::Runtime::new()?.block_on(async {
/// let yard = Scheduler::new();
/// let account = Arc::new((Mutex::new(0_u32), Condition::new()));
///
/// let of_task = Arc::clone(&account);
/// let withdrawn = yard.io().submit(async move {
///     let (balance, changed) = &*of_task;
///     let mut balance = changed.wait_for(balance.lock().await, |balance| *balance >= 70).await;
///     *balance -= 70;
///     *balance
/// }).await?;
///
/// let (balance, changed) = &*account;
/// for _ in 0..2 {
///     *balance.lock().await += 50;
///     changed.notify_all();
/// }
/// assert_eq!(withdrawn.await?, 30);
///
/// // With a time limit. The lock is free again when it gives up.
/// let rich = changed.wait_for(balance.lock().await, |balance| *balance > 1_000_000);
/// assert!(timeout(Duration::from_millis(1), rich).await.is_err());
/// # assert!(yard.shutdown().await.balances());
/// # Ok(()) }) }
/// ```
pub struct Condition {
    changed: Notify,
}

impl Condition {
    /// A condition that nobody waits for.
    pub const fn new() -> Self {
        Self { changed: Notify::const_new() }
    }

    /// Waits until `holds` says so of the guarded value, and gives the guard back: between the answer and what the caller
    /// does next, nobody changes the value.
    ///
    /// The predicate is asked at once, and again after each notification, always under the lock, which is free in between. It may be asked
    /// without a notification, too.
    ///
    /// # Panics
    /// When `holds` does; the lock is free then.
    ///
    /// # Cancel safety
    /// Dropping the future lets go of the lock, or of its place in line; a notification that it has got and not used goes to the next.
    pub async fn wait_for<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut holds: impl FnMut(&T) -> bool,
    ) -> MutexGuard<'a, T> {
        let mutex = MutexGuard::mutex(&guard);
        let mut notification: Option<Notification<'_>> = None;
        loop {
            let is_over = holds(&guard);
            // It has been used now, whatever the answer. Had the predicate panicked, the next would have got it.
            if let Some(notification) = notification.take() {
                notification.use_up();
            }
            if is_over {
                return guard;
            }
            notification = Some(self.unlocked(guard).await);
            guard = mutex.lock().await;
        }
    }

    /// As [`wait_for`](Self::wait_for), from a plain thread, which is parked meanwhile. Needs no runtime; not for async code. The guard
    /// comes from `blocking_lock`.
    ///
    /// # Panics
    /// When `holds` does; the lock is free then.
    ///
    /// # Examples
    /// ```
    /// use std::thread;
    /// use workyard::sync::{Condition, Mutex};
    ///
    /// let (stock, changed) = (Mutex::new(Vec::new()), Condition::new());
    /// thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         stock.blocking_lock().push("apple");
    ///         changed.notify_one();
    ///     });
    ///     let mut stock = changed.blocking_wait_for(stock.blocking_lock(), |stock| !stock.is_empty());
    ///     assert_eq!(stock.pop(), Some("apple"));
    /// });
    /// ```
    pub fn blocking_wait_for<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        holds: impl FnMut(&T) -> bool,
    ) -> MutexGuard<'a, T> {
        block_on(self.wait_for(guard, holds))
    }

    /// Has the first who waits ask its predicate again. Right where any of them may go on with what was changed; where their
    /// predicates differ, use [`notify_all`](Self::notify_all). With nobody waiting, the next who does asks once more than it has to.
    pub fn notify_one(&self) {
        self.changed.notify_one();
    }

    /// Has all who wait ask their predicates again, one after the other, as each needs the lock.
    pub fn notify_all(&self) {
        self.changed.notify_waiters();
    }

    /// Lets go of the lock until there is a notification.
    async fn unlocked<T: ?Sized>(&self, guard: MutexGuard<'_, T>) -> Notification<'_> {
        let mut notified = pin!(self.changed.notified());
        // In line before the lock is free: whoever changes the value from now on finds this one waiting.
        notified.as_mut().enable();
        drop(guard);
        notified.await;
        Notification { unused: Some(&self.changed) }
    }
}

impl Default for Condition {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition").finish_non_exhaustive()
    }
}

/// A notification that was received. Dropped unused, it goes to the next who waits, which at worst asks its predicate in vain.
struct Notification<'a> {
    unused: Option<&'a Notify>,
}

impl Notification<'_> {
    fn use_up(mut self) {
        self.unused = None;
    }
}

impl Drop for Notification<'_> {
    fn drop(&mut self) {
        if let Some(changed) = self.unused {
            changed.notify_one();
        }
    }
}
