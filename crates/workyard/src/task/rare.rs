//! Owns what most tasks do not have, apart from their headers, which are as small as that allows: what a task has is fetched by
//! each CPU that sees it.

use std::sync::OnceLock;

use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::observe::TaskSpan;
use crate::task::error::TaskError;
use crate::task::id::Name;
use crate::task::limits::{Limits, Watched};
use crate::task::on_done::OnDone;
use crate::task::on_end::OnEnd;
use crate::task::retrying::Retrying;

/// What most tasks do not have.
#[derive(Debug, Default)]
pub(crate) struct Rare {
    pub(crate) name: Option<Name>,
    pub(crate) on_done: OnDone,
    pub(super) watched: Watched,
    /// Opened when the task is submitted, which a timer does later.
    pub(super) span: OnceLock<TaskSpan>,
    pub(super) on_end: OnEnd,
    /// If it may be tried again.
    pub(crate) retrying: Option<Box<Retrying>>,
    /// What the handle is answered with while the body goes on, in the place where the result would be.
    pub(super) answered: Mutex<Option<TaskError>>,
    /// For bodies that wait on the cancel signal; made when first asked for.
    pub(super) token: OnceLock<CancellationToken>,
}

impl Rare {
    /// To be set before the task is made.
    pub(crate) fn limits(&mut self) -> &mut Limits {
        &mut self.watched.limits
    }

    /// Makes the limits of a policy of retries those of the task, which is about to be submitted.
    pub(super) fn limit_attempts(&mut self, is_closure: bool) {
        let Some(retrying) = &self.retrying else { return };
        let limits = &mut self.watched.limits;
        // A sum that overflows lies beyond all time.
        let end = retrying.retry.within().and_then(|within| Instant::now().checked_add(within));
        limits.deadline = limits.deadline.into_iter().chain(end).min();
        // An attempt that is a future drops itself.
        if is_closure {
            limits.timeout = limits.timeout.into_iter().chain(retrying.retry.attempt_timeout()).min();
        }
    }
}
