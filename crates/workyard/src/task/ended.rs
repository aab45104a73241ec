//! Owns what a callback is told of a task that has ended. Never holds its result.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use workyard_core::{Outcome, Reason};

use crate::task::id::{Name, TaskId};

/// How a task ended, as an `on_done` callback ([`FutureTask::on_done`](crate::FutureTask::on_done),
/// [`ClosureTask::on_done`](crate::ClosureTask::on_done)) is told. The result itself goes to the handle.
///
/// Its `Display` is a line for logs: `#3 "resize" on cpu, completed after 1.2ms, having waited 3.1µs, submitted at
/// src/main.rs:10:5`.
#[derive(Clone, Debug)]
pub struct TaskEnded {
    pub(crate) id: TaskId,
    pub(crate) name: Option<Name>,
    pub(crate) lane: Arc<str>,
    pub(crate) outcome: Outcome,
    pub(crate) reason: Option<Reason>,
    pub(crate) waited: Duration,
    pub(crate) ran: Option<Duration>,
    pub(crate) attempts: Option<u32>,
    pub(crate) site: &'static Location<'static>,
}

impl TaskEnded {
    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// The name that was given with `task(name)`.
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(Name::as_str)
    }

    /// The name of the task's lane.
    pub fn lane(&self) -> &str {
        &self.lane
    }

    /// How the task ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Why the task was stopped, or was asked to stop: one that was asked and returned a value all the same has completed,
    /// and has a reason, too. `None` if nobody asked.
    pub fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// How long the task waited for its slot, from acceptance; until its end, if it never started.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// How long the body had run when the task ended, from its start; `None` if it never started. The body of a task that was
    /// answered before (timed out, abandoned) may still be running.
    pub fn ran(&self) -> Option<Duration> {
        self.ran
    }

    /// How many attempts were begun, if the task had a [policy of retries](crate::Retry); what [`waited`](Self::waited) and
    /// [`ran`](Self::ran) say is then of the last one.
    pub fn attempts(&self) -> Option<u32> {
        self.attempts
    }

    /// The line that submitted the task.
    pub fn submitted_at(&self) -> &'static Location<'static> {
        self.site
    }
}

impl fmt::Display for TaskEnded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, lane, outcome, reason, waited, ran, attempts, site } = self;
        write!(f, "{id} ")?;
        if let Some(name) = name {
            write!(f, "{name} ")?;
        }
        write!(f, "on {lane}, {outcome}")?;
        if let Some(reason) = reason {
            write!(f, " ({reason})")?;
        }
        if let Some(ran) = ran {
            write!(f, " after {ran:.1?}")?;
        }
        if let Some(attempts) = attempts {
            write!(f, " in {attempts} attempts")?;
        }
        write!(f, ", having waited {waited:.1?}, submitted at {site}")
    }
}
