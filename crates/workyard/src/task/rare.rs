//! Owns what most tasks do not have, apart from their headers, which are as small as that allows: what a task has is fetched by
//! each CPU that sees it.

use std::sync::OnceLock;

use tokio_util::sync::CancellationToken;

use crate::observe::TaskSpan;
use crate::task::id::Name;
use crate::task::limits::{Limits, Watched};
use crate::task::on_done::OnDone;
use crate::task::on_end::OnEnd;

/// What most tasks do not have.
#[derive(Debug, Default)]
pub(crate) struct Rare {
    pub(crate) name: Option<Name>,
    pub(crate) on_done: OnDone,
    pub(super) watched: Watched,
    pub(super) span: TaskSpan,
    pub(super) on_end: OnEnd,
    /// For bodies that wait on the cancel signal; made when first asked for.
    pub(super) token: OnceLock<CancellationToken>,
}

impl Rare {
    /// To be set before the task is made.
    pub(crate) fn limits(&mut self) -> &mut Limits {
        &mut self.watched.limits
    }
}
