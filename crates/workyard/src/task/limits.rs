//! Owns what may stop a task from outside besides its handle: time limits and a token. Never watches them.

use std::time::Duration;

use futures_util::future::AbortHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::time::delay_queue;
use workyard_core::{Reason, TaskState};

use crate::primitives::whole::Mutex;

/// The limits that a task was submitted with; most tasks have none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    /// From the start of the run, of each if it is tried again.
    pub(crate) timeout: Option<Duration>,
    /// From acceptance to the start of the run, and anew before each further attempt.
    pub(crate) queue_timeout: Option<Duration>,
    /// Absolute, whatever the task is doing.
    pub(crate) deadline: Option<Instant>,
    /// Cancels the task when it is cancelled.
    pub(crate) token: Option<CancellationToken>,
}

impl Limits {
    pub(crate) fn is_none(&self) -> bool {
        self.timeout.is_none() && self.queue_timeout.is_none() && self.deadline.is_none() && self.token.is_none()
    }

    /// When a task that is now in this state has to be stopped, and why; the earliest limit counts.
    pub(crate) fn next(&self, state: TaskState, now: Instant) -> Option<(Instant, Reason)> {
        // A sum that overflows lies beyond all time.
        let relative = match state {
            TaskState::Queued => {
                self.queue_timeout.and_then(|limit| Some((now.checked_add(limit)?, Reason::QueueTimeout)))
            }
            TaskState::Running => self.timeout.and_then(|limit| Some((now.checked_add(limit)?, Reason::Timeout))),
            TaskState::RetryWaiting => None,
            TaskState::Ended(_) => return None,
        };
        let deadline = self.deadline.map(|deadline| (deadline, Reason::Deadline));
        relative.into_iter().chain(deadline).min_by_key(|&(at, _)| at)
    }

    /// Why a body that was just given its slot is not to take a single step.
    pub(crate) fn over_before_start(&self, now: Instant) -> Option<Reason> {
        if self.token.as_ref().is_some_and(CancellationToken::is_cancelled) {
            return Some(Reason::User);
        }
        self.next(TaskState::Running, now).filter(|&(at, _)| at <= now).map(|(_, reason)| reason)
    }
}

/// The limits of one task, and who watches them.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    pub(crate) limits: Limits,
    /// The task's place among the timers. Only under their lock.
    pub(crate) timer: Mutex<Option<delay_queue::Key>>,
    /// The watcher of the token.
    pub(crate) watcher: Mutex<Option<AbortHandle>>,
}
