//! Owns the span of a task. A child of the span in which the task was submitted, on whichever thread it then runs.

use tracing::Span;

use crate::task::{Name, TaskId};

/// Costs a load and a branch when nobody listens to `workyard` at level INFO.
pub(crate) fn task_span(id: TaskId, name: Option<&Name>, lane: &str) -> Span {
    tracing::info_span!(target: "workyard", "task", %id, name = name.map(Name::as_str), lane)
}
