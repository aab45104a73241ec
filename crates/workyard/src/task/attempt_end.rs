//! Owns what becomes of a body that did not end well: the end of its task, or, where a policy says so, another attempt. Never
//! counts anything: the lane does.

use std::any::Any;

use tokio::time::Instant;
use workyard_core::{Attempt, GaveUp, NextAttempt, Outcome, Reason};

use crate::retry::Failure;
use crate::task::cell::{Cell, Task, Work};
use crate::task::error::{BoxError, TaskError};
use crate::task::panic::{Payload, catch, message_of};
use crate::task::retrying::{AttemptTimedOut, Retrying};

/// Why a body gave no value.
pub(super) enum NoValue {
    Failed(BoxError),
    Panicked(Box<dyn Any + Send>),
}

impl<W: Work> Cell<W> {
    /// The body gave no value: puts the error aside, unless another attempt follows. How the body ended, or, if one follows, its attempt.
    pub(super) fn gave_none(&self, why: NoValue) -> Outcome {
        if let Some(retrying) = self.header().retrying() {
            return self.attempt_ended(retrying, why);
        }
        let (error, how) = match why {
            NoValue::Failed(error) => (TaskError::failed(self.header(), error), Outcome::Failed),
            NoValue::Panicked(payload) => (TaskError::panicked(self.header(), payload), Outcome::Panicked),
        };
        self.stash(Err(error));
        how
    }

    #[cold]
    fn attempt_ended(&self, retrying: &Retrying, why: NoValue) -> Outcome {
        let header = self.header();
        let failure = match &why {
            NoValue::Failed(error) if error.is::<AttemptTimedOut>() => Failure::TimedOut,
            NoValue::Failed(error) => Failure::Failed(error),
            NoValue::Panicked(_) => Failure::Panicked,
        };
        let how = match failure {
            Failure::Failed(_) => Outcome::Failed,
            Failure::Panicked => Outcome::Panicked,
            Failure::TimedOut => Outcome::TimedOut,
        };
        // The predicate is the user's.
        let next = header.span().within(|| catch(|| self.next_attempt(retrying, &failure)));
        match next {
            Ok(NextAttempt::In(delay)) => {
                let error = match why {
                    NoValue::Failed(error) => error,
                    NoValue::Panicked(payload) => {
                        let text = format!("panicked: {}", message_of(&*payload));
                        drop(Payload::new(payload));
                        text.into()
                    }
                };
                self.drop_value(retrying.pause(Instant::now().checked_add(delay), error));
            }
            Ok(NextAttempt::Never(gave_up)) => {
                retrying.give_up(gave_up);
                if gave_up == GaveUp::Budget {
                    header.lane.count_over_budget();
                }
                let error = match why {
                    NoValue::Failed(_) if how == Outcome::TimedOut => {
                        header.signal.stop(Reason::Timeout);
                        TaskError::stopped(header, Reason::Timeout)
                    }
                    NoValue::Failed(error) => TaskError::failed(header, error),
                    NoValue::Panicked(payload) => TaskError::panicked(header, payload),
                };
                self.stash(Err(error));
            }
            Err(payload) => {
                if let NoValue::Panicked(first) = why {
                    drop(Payload::new(first));
                } else {
                    self.drop_value(why);
                }
                self.stash(Err(TaskError::panicked(header, payload)));
                return Outcome::Panicked;
            }
        }
        how
    }

    fn next_attempt(&self, retrying: &Retrying, failure: &Failure<'_>) -> NextAttempt {
        let header = self.header();
        let is_stopping = header.signal.is_asked();
        // Who was asked to stop is not asked whether to go on.
        let may_be_retried = is_stopping || retrying.retry.may_help(failure);
        let clock = &header.lane.yard.clock;
        let deadline = header.watched().and_then(|watched| watched.limits.deadline);
        retrying.retry.after(&Attempt {
            number: retrying.attempts(),
            may_be_retried,
            is_stopping,
            ended_at: clock.now(),
            deadline: deadline.map(|deadline| clock.moment(deadline)),
        })
    }
}
