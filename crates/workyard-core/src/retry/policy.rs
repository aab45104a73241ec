//! Owns the decision whether there is another attempt. Never waits, and never looks at an error: whether that is worth a retry is an
//! argument.

use std::fmt;
use std::time::Duration;

use super::backoff::Backoff;
use super::budget::RetryBudget;
use super::invalid::{InvalidRetry, check_count};
use crate::Moment;

/// How many attempts are made, and when.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RetryPolicy {
    attempts: u32,
    backoff: Backoff,
}

/// An attempt that has ended, and not well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// Which one it was: 1, 2, ...
    pub number: u32,
    /// Whether its failure is one that another attempt may help against.
    pub may_be_retried: bool,
    /// Whether the task was asked to stop.
    pub is_stopping: bool,
    /// When it ended.
    pub ended_at: Moment,
    /// When the task must have ended, if it must.
    pub deadline: Option<Moment>,
}

/// What follows an attempt that did not end well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NextAttempt {
    /// Another one, this long after.
    In(Duration),
    /// None.
    Never(GaveUp),
}

/// Why there was no further attempt.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum GaveUp {
    /// The predicate said no, or a panic or timeout is not to be retried.
    NotRetryable,
    /// As many attempts were made as are allowed.
    Attempts,
    /// The next one would come after the deadline.
    Deadline,
    /// All who share the budget have made as many retries as it allows.
    Budget,
    /// The task was asked to stop.
    Stopping,
}

impl RetryPolicy {
    /// Checks the number: at least one attempt, the first.
    ///
    /// # Errors
    /// [`InvalidRetry`] names the setting and what it may be.
    pub fn new(attempts: u32, backoff: Backoff) -> Result<Self, InvalidRetry> {
        check_count("attempts", attempts, 1, u32::MAX)?;
        Ok(Self { attempts, backoff })
    }

    /// What follows this attempt. Only a retry takes from the budget. `random` is any number, each as likely.
    pub fn after(&self, attempt: &Attempt, random: u64, budget: Option<&mut RetryBudget>) -> NextAttempt {
        if attempt.is_stopping {
            return NextAttempt::Never(GaveUp::Stopping);
        }
        if !attempt.may_be_retried {
            return NextAttempt::Never(GaveUp::NotRetryable);
        }
        if attempt.number >= self.attempts {
            return NextAttempt::Never(GaveUp::Attempts);
        }
        let delay = self.backoff.delay(attempt.number, random);
        if attempt.deadline.is_some_and(|deadline| attempt.ended_at.later(delay) >= deadline) {
            return NextAttempt::Never(GaveUp::Deadline);
        }
        if budget.is_some_and(|budget| !budget.take()) {
            return NextAttempt::Never(GaveUp::Budget);
        }
        NextAttempt::In(delay)
    }

    /// How many attempts are made at most, the first included.
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The delays.
    pub const fn backoff(&self) -> &Backoff {
        &self.backoff
    }
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRetryable => "it is not to be retried",
            Self::Attempts => "no attempt is left",
            Self::Deadline => "the next attempt would come after the deadline",
            Self::Budget => "the budget of retries is used up",
            Self::Stopping => "the task was asked to stop",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn policy(attempts: u32) -> RetryPolicy {
        RetryPolicy::new(attempts, Backoff::new(SECOND, 8 * SECOND, 2.0, false).unwrap()).unwrap()
    }

    fn failed(number: u32) -> Attempt {
        let ended_at = Moment::new(100 * SECOND);
        Attempt { number, may_be_retried: true, is_stopping: false, ended_at, deadline: None }
    }

    #[test]
    fn why_it_was_given_up_is_said_in_words() {
        let all = [GaveUp::NotRetryable, GaveUp::Attempts, GaveUp::Deadline, GaveUp::Budget, GaveUp::Stopping];
        let words = all.map(|why| why.to_string());
        assert!(words.iter().all(|words| words.len() > 10), "{words:?}");
        assert_eq!(words[1], "no attempt is left");
    }

    #[test]
    fn there_are_as_many_attempts_as_are_allowed() {
        for attempts in [1, 2, 3, 65, u32::MAX] {
            let policy = policy(attempts);
            let gave_up = NextAttempt::Never(GaveUp::Attempts);
            assert_eq!(policy.after(&failed(attempts), 0, None), gave_up);
            if attempts > 1 {
                assert_ne!(policy.after(&failed(attempts - 1), 0, None), gave_up);
            }
        }
        let error = RetryPolicy::new(0, *policy(1).backoff()).unwrap_err();
        assert_eq!(error.to_string(), "attempts is 0, allowed is 1 to 4294967295");
    }

    #[test]
    fn the_first_reason_against_it_counts_and_costs_no_budget() {
        let policy = policy(3);
        let late = Some(Moment::new(101 * SECOND));
        let table = [
            (failed(1), NextAttempt::In(SECOND)),
            (failed(2), NextAttempt::In(2 * SECOND)),
            (failed(3), NextAttempt::Never(GaveUp::Attempts)),
            (Attempt { may_be_retried: false, ..failed(1) }, NextAttempt::Never(GaveUp::NotRetryable)),
            (Attempt { is_stopping: true, may_be_retried: false, ..failed(3) }, NextAttempt::Never(GaveUp::Stopping)),
            (Attempt { deadline: late, ..failed(1) }, NextAttempt::Never(GaveUp::Deadline)),
            (Attempt { deadline: Some(Moment::new(102 * SECOND)), ..failed(1) }, NextAttempt::In(SECOND)),
            (Attempt { deadline: late, ..failed(3) }, NextAttempt::Never(GaveUp::Attempts)),
        ];
        for (attempt, expected) in table {
            let mut budget = RetryBudget::new(0.1, 1).unwrap();
            assert_eq!(policy.after(&attempt, 0, Some(&mut budget)), expected, "{attempt:?}");
            assert_eq!(budget.left(), u64::from(matches!(expected, NextAttempt::Never(_))), "{attempt:?}");
        }
        let mut spent = RetryBudget::new(0.1, 1).unwrap();
        assert!(spent.take());
        assert_eq!(policy.after(&failed(1), 0, Some(&mut spent)), NextAttempt::Never(GaveUp::Budget));
    }
}
