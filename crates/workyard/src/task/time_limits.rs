//! Owns the time limits of one task. Never watches a clock.

use std::time::Duration;

use tokio::time::Instant;

/// The time limits that a task was submitted with; most have none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TimeLimits {
    /// From the start of the run.
    pub(crate) timeout: Option<Duration>,
    /// From acceptance to the start of the run.
    pub(crate) queue_timeout: Option<Duration>,
    /// Absolute, whatever the task is doing.
    pub(crate) deadline: Option<Instant>,
}
