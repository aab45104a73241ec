//! Owns the lane of what computes. Whose threads it has is [`CpuThreads`](super::CpuThreads)'s business.

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

/// A lane for closures that compute.
///
/// They run on threads of the lane's own, never on the runtime's, so they cannot hold up what waits. Parallel iterators
/// inside a task use the same threads. Clones are cheap, refer to the same lane, and do not keep the yard alive.
///
/// A result is there as soon as its closure has returned. Who waits for it is woken then, or, where closures are short or tasks have waited for
/// long, together with others that end meanwhile: an eighth of what the task took later, and one closure more, if these are at most 500 µs each, or some two milliseconds
/// later if the next closure takes much longer than those before.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let yard = workyard::Scheduler::new();
/// let sum = yard.cpu().run(|| (1..=1_000_u64).sum::<u64>()).await?;
/// assert_eq!(sum, 500_500);
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[derive(Clone)]
pub struct CpuLane {
    pub(super) shared: Arc<LaneShared>,
}

lane_basics!(CpuLane, ClosureTask);

impl CpuLane {
    closure_verbs!([&self] self '_);
}
