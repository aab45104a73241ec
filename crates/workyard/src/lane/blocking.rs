//! Owns the lane of what blocks: closures on tokio's blocking threads, never more of them than the limit.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use workyard_core::LaneCounts;

use crate::block_on::block_on;
use crate::lane::LaneShared;
use crate::lane::closure::Closure;
use crate::lane::methods::{closure_verbs, lane_basics, submission_verbs};
use crate::lane::options::ClosureTask;
use crate::lane::submit::{Run, Submission, Submit, SubmitTimeout};
use crate::lane::submit_error::SubmitError;
use crate::task::header::Options;
use crate::task::{Handle, TaskContext, TaskError};

/// A lane for closures that block: file systems, drivers without an async form, foreign libraries.
///
/// They run on tokio's blocking threads, at most `limit` at once; unlike `spawn_blocking` alone, what waits is bounded, too. Clones
/// are cheap, refer to the same lane, and do not keep the yard alive.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let yard = workyard::Scheduler::new();
/// let manifest = yard.blocking().run(|| std::fs::read_to_string("Cargo.toml")).await??;
/// assert!(manifest.contains("workyard"));
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[derive(Clone)]
pub struct BlockingLane {
    pub(super) shared: Arc<LaneShared>,
}

lane_basics!(BlockingLane, ClosureTask);

impl BlockingLane {
    closure_verbs!([&self] self '_);
}
