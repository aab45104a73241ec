//! Owns what may be said of a policy of retries, and checks it. Never decides about an attempt.

use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use workyard_core::{Backoff, Chance, InvalidRetry, RetryPolicy};

use crate::retry::budget::RetryBudget;
use crate::retry::policy::{Inner, Retry, When};
use crate::simulation::draw;

/// How many attempts there are when nothing is said.
const ATTEMPTS: u32 = 3;

/// The first delay, before jitter, when nothing is said.
const MIN_DELAY: Duration = Duration::from_millis(100);

/// The cap of all delays when nothing is said.
const MAX_DELAY: Duration = Duration::from_secs(30);

/// What delays grow by when nothing is said.
const FACTOR: f64 = 2.0;

/// The budget when nothing is said: a fifth of the first tries, and a hundred at once.
const BUDGET: (f64, u32) = (0.2, 100);

/// A policy of retries that is being described; made by [`Retry::exponential`]. Numbers are checked by [`build`](Self::build).
#[must_use = "a policy is made by `build`"]
pub struct RetryBuilder {
    attempts: u32,
    min_delay: Duration,
    max_delay: Duration,
    factor: f64,
    jitter: bool,
    seed: Option<u64>,
    within: Option<Duration>,
    attempt_timeout: Option<Duration>,
    when: Option<Box<When>>,
    panics: bool,
    timeouts: bool,
    budget: Budget,
}

enum Budget {
    OfItsOwn,
    Shared(RetryBudget),
    None,
}

impl RetryBuilder {
    pub(super) const fn new() -> Self {
        Self {
            attempts: ATTEMPTS,
            min_delay: MIN_DELAY,
            max_delay: MAX_DELAY,
            factor: FACTOR,
            jitter: true,
            seed: None,
            within: None,
            attempt_timeout: None,
            when: None,
            panics: false,
            timeouts: false,
            budget: Budget::OfItsOwn,
        }
    }

    /// How many attempts are made at most, the first included: 1 to `u32::MAX`, by default 3.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The first delay, before jitter: a millisecond to a day, by default 100 ms.
    pub const fn min_delay(mut self, delay: Duration) -> Self {
        self.min_delay = delay;
        self
    }

    /// The cap of all delays: `min_delay` to a day, by default 30 seconds.
    pub const fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// What each delay is of the one before, until the cap: 1 to 1,000, by default 2.
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// Waits exactly as long as the factor says. Without this each delay is anything from nothing up to that, all as likely (*full
    /// jitter*), so that tasks which failed at one instant do not come back at one instant.
    pub const fn without_jitter(mut self) -> Self {
        self.jitter = false;
        self
    }

    /// Has the delays be the same each time, for tests. By default the seed is random.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// How long all attempts and what lies between them may take, from submission. It is a
    /// [`deadline`](crate::FutureTask::deadline) of the task; an attempt that would come after it is not waited for: the
    /// task then fails at once, with the error that it has.
    pub const fn within(mut self, limit: Duration) -> Self {
        self.within = Some(limit);
        self
    }

    /// How long each attempt may run, from its start. A future is then dropped at its next await, and another attempt may follow if
    /// [`retry_timeouts`](Self::retry_timeouts) says so. A closure cannot be dropped: its task is answered at once, as by
    /// [`timeout`](crate::ClosureTask::timeout), and never tried again while that attempt may still run.
    pub const fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = Some(limit);
        self
    }

    /// Which errors another attempt may help against; by default all. A panic in it is the task's.
    ///
    /// It is asked in the task's body, while that holds its slot: let it be short.
    pub fn when(
        mut self,
        predicate: impl Fn(&(dyn Error + Send + Sync + 'static)) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.when = Some(Box::new(predicate));
        self
    }

    /// Has attempts that panicked be tried again, too. By default a panic is the end of the task.
    pub const fn retry_panics(mut self) -> Self {
        self.panics = true;
        self
    }

    /// Has futures that ran into the [`attempt_timeout`](Self::attempt_timeout) be tried again, too. By default that is the end of the
    /// task.
    pub const fn retry_timeouts(mut self) -> Self {
        self.timeouts = true;
        self
    }

    /// Shares a budget with other policies. By default a policy and its clones have one of their own, of a ratio of 0.2 and a reserve
    /// of 100.
    pub fn budget(mut self, budget: RetryBudget) -> Self {
        self.budget = Budget::Shared(budget);
        self
    }

    /// Has as many retries be made as the attempts allow, also when everything fails.
    pub fn without_budget(mut self) -> Self {
        self.budget = Budget::None;
        self
    }

    /// The policy.
    ///
    /// # Errors
    /// [`InvalidRetry`] names the setting and what it may be.
    pub fn build(self) -> Result<Retry, InvalidRetry> {
        let backoff = Backoff::new(self.min_delay, self.max_delay, self.factor, self.jitter)?;
        let policy = RetryPolicy::new(self.attempts, backoff)?;
        let budget = match self.budget {
            Budget::OfItsOwn => Some(RetryBudget::new(BUDGET.0, BUDGET.1)?),
            Budget::Shared(budget) => Some(budget),
            Budget::None => None,
        };
        // What the standard library draws for its hash maps.
        let seed = self.seed.or_else(draw).unwrap_or_else(|| RandomState::new().hash_one(0_u8));
        let Self { within, attempt_timeout, when, panics, timeouts, .. } = self;
        let chance = Chance::new(seed);
        Ok(Retry::new(Inner { policy, within, attempt_timeout, when, panics, timeouts, budget, chance: chance.into() }))
    }
}

impl fmt::Debug for RetryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBuilder").field("attempts", &self.attempts).finish_non_exhaustive()
    }
}
