//! Owns the budget of retries that policies share. How it is counted is the core's to say.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use workyard_core::InvalidRetry;

/// How many retries all who share it may make together, so that a dependency that is down is not hammered just then.
///
/// Each first try adds `ratio` retries to it, each retry takes one, and it never holds more than `reserve`, with which it begins.
/// So of any `n` first tries in a row no more than `reserve + ratio × n` are followed by a retry: the load is amplified by at most
/// **`1 + ratio`**, and `reserve` attempts that do not grow with it. What would be retried beyond that fails with the error that it
/// has, and is counted ([`LaneCounts::over_budget`](crate::LaneCounts::over_budget)).
///
/// Clones are cheap and share it. A [`Retry`](crate::Retry) has one of its own, which its clones share, unless it is given one.
///
/// # Examples
/// ```
/// use workyard::{Retry, RetryBudget};
///
/// // One dependency, two ways of calling it, one budget.
/// let budget = RetryBudget::new(0.1, 20)?;
/// let reads = Retry::exponential().attempts(5).budget(budget.clone()).build()?;
/// let writes = Retry::exponential().attempts(2).budget(budget.clone()).build()?;
/// assert_eq!(budget.left(), 20);
/// # let _ = (reads, writes);
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[derive(Clone)]
pub struct RetryBudget(Arc<Mutex<workyard_core::RetryBudget>>);

impl RetryBudget {
    /// `ratio` retries for each first try (0.001 to 100, counted in thousandths), and at most `reserve` at once (1 to 1,000,000).
    ///
    /// # Errors
    /// [`InvalidRetry`] names the number and what it may be.
    pub fn new(ratio: f64, reserve: u32) -> Result<Self, InvalidRetry> {
        let budget = workyard_core::RetryBudget::new(ratio, reserve)?;
        Ok(Self(Arc::new(Mutex::new(budget))))
    }

    /// How many retries there are now.
    pub fn left(&self) -> u64 {
        self.0.lock().left()
    }

    pub(super) fn first_try(&self) {
        self.0.lock().first_try();
    }

    pub(super) fn with<R>(&self, decide: impl FnOnce(&mut workyard_core::RetryBudget) -> R) -> R {
        decide(&mut self.0.lock())
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBudget").field("left", &self.left()).finish_non_exhaustive()
    }
}
