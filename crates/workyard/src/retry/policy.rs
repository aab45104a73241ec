//! Owns a policy of retries as tasks share it: numbers, predicate, budget, chance. Never waits, and counts no attempts.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use workyard_core::{Attempt, Chance, NextAttempt, RetryPolicy, mutant};

use crate::retry::budget::RetryBudget;
use crate::retry::builder::RetryBuilder;
use crate::task::{BoxError, drop_caught};

/// What is tried again, how often, and when. Given to a task ([`FutureTask::retry`](crate::FutureTask::retry),
/// [`ClosureTask::retry`](crate::ClosureTask::retry)), a map ([`Map::retry`](crate::Map::retry)) or a timer
/// ([`Every::retry`](crate::Every::retry)).
///
/// *Attempts.* Work with a policy is a function that is called for each attempt anew and gives a `Result`: what an attempt used up is
/// gone, so nothing is ever tried again on half of its input. An `Err` is tried again, unless [`when`](RetryBuilder::when) says
/// otherwise. A panic or a timeout is tried again only if the policy says so.
///
/// *Backoff.* Before the next attempt the task waits: after the first for up to [`min_delay`](RetryBuilder::min_delay), then for up to
/// [`factor`](RetryBuilder::factor) times that, and so on, at most [`max_delay`](RetryBuilder::max_delay); how long within that is
/// random. Meanwhile it is [`RetryWaiting`](crate::TaskStatus::RetryWaiting): it has no slot, no thread, and no future that is polled. It
/// keeps its place in the lane, one of `limit + queue`, so that no number of failing tasks takes up more memory than the lane allows.
/// When the time has come it stands in line for a slot as if it came then. Cancel, abort, its deadline, or the end of draining in a
/// shutdown end it there at once.
///
/// *The end.* The task is what its last attempt came to. Its error says how many there were
/// ([`TaskError::attempts`](crate::TaskError::attempts)) and why there was no further one
/// ([`TaskError::gave_up`](crate::TaskError::gave_up)); the source is the last error.
///
/// *The budget.* All who share a policy share a [`RetryBudget`].
///
/// Clones are cheap, and share the budget.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
/// use std::io;
/// use workyard::{Retry, Scheduler};
///
/// async fn fetch(attempt: u32) -> Result<&'static str, io::Error> {
///     if attempt < 3 { Err(io::ErrorKind::ConnectionRefused.into()) } else { Ok("a page") }
/// }
///
/// let yard = Scheduler::new();
/// let retry = Retry::exponential().attempts(5).when(|error| error.is::<io::Error>()).build()?;
/// let page = yard.io().task("fetch").retry(retry).submit_with(|ctx| fetch(ctx.attempt())).await?.await?;
/// assert_eq!(page, "a page");
/// let counts = &yard.snapshot().lanes[0].counts;
/// assert_eq!((counts.ledger.completed, counts.retries), (1, 2));
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[derive(Clone)]
pub struct Retry(Arc<Inner>);

pub(super) type When = dyn Fn(&(dyn Error + Send + Sync + 'static)) -> bool + Send + Sync;

pub(super) struct Inner {
    pub(super) policy: RetryPolicy,
    pub(super) within: Option<Duration>,
    pub(super) attempt_timeout: Option<Duration>,
    pub(super) when: Option<Box<When>>,
    pub(super) panics: bool,
    pub(super) timeouts: bool,
    pub(super) budget: Option<RetryBudget>,
    pub(super) chance: Mutex<Chance>,
}

impl Drop for Inner {
    /// Whoever drops a task last is not to be hurt by what the predicate holds.
    fn drop(&mut self) {
        drop(drop_caught(self.when.take()));
    }
}

/// How an attempt ended that did not end well.
pub(crate) enum Failure<'a> {
    Failed(&'a BoxError),
    Panicked,
    TimedOut,
}

impl Retry {
    /// Begins a policy: exponential backoff with full jitter.
    pub const fn exponential() -> RetryBuilder {
        RetryBuilder::new()
    }

    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// How many attempts are made at most, the first included.
    pub fn attempts(&self) -> u32 {
        self.0.policy.attempts()
    }

    /// How long all of it may take, from submission.
    pub(crate) fn within(&self) -> Option<Duration> {
        self.0.within
    }

    pub(crate) fn attempt_timeout(&self) -> Option<Duration> {
        self.0.attempt_timeout
    }

    /// A task makes its first attempt.
    pub(crate) fn first_try(&self) {
        if let Some(budget) = &self.0.budget {
            budget.first_try();
        }
    }

    /// Whether another attempt may help against this.
    ///
    /// # Panics
    /// As the predicate does.
    pub(crate) fn may_help(&self, failure: &Failure<'_>) -> bool {
        match failure {
            Failure::Failed(error) => self.0.when.as_ref().is_none_or(|when| when(&***error)),
            Failure::Panicked => self.0.panics || mutant!("retry-of-panics"),
            Failure::TimedOut => self.0.timeouts,
        }
    }

    /// What follows an attempt.
    pub(crate) fn after(&self, attempt: &Attempt) -> NextAttempt {
        let random = self.0.chance.lock().draw();
        match &self.0.budget {
            Some(budget) => budget.with(|budget| self.0.policy.after(attempt, random, Some(budget))),
            None => self.0.policy.after(attempt, random, None),
        }
    }
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { policy, budget, .. } = &*self.0;
        f.debug_struct("Retry").field("policy", policy).field("budget", budget).finish_non_exhaustive()
    }
}
