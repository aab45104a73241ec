//! Owns what a body sees of its own task. Never keeps the yard alive.

use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use workyard_core::Reason;

use crate::task::cell::Task;
use crate::task::current;
use crate::task::id::{Name, TaskId};

/// What a body submitted with `submit_with` sees of its own task, above all whether it was asked to stop.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let yard = workyard::Scheduler::new();
/// let handle = yard.cpu().submit_with(|ctx| {
///     let mut steps = 0_u64;
///     while !ctx.is_cancelled() {
///         steps += 1;
///     }
///     steps
/// }).await?;
/// while handle.status() != workyard::TaskStatus::Running {
///     tokio::task::yield_now().await;
/// }
/// assert!(handle.cancel());
/// let _partial_result: u64 = handle.await?;
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[derive(Clone)]
pub struct TaskContext {
    task: Arc<dyn Task>,
}

impl TaskContext {
    pub(crate) fn new(task: Arc<dyn Task>) -> Self {
        Self { task }
    }

    /// The context of the runner that calls the function of a map.
    #[expect(clippy::expect_used, reason = "a runner calls it, and is the current task while it does")]
    pub(crate) fn of_runner() -> Self {
        Self::new(current::task().expect("the function of a map is called by a runner"))
    }

    /// Whether the task was asked to stop. One relaxed load, so it may stand in an inner loop.
    pub fn is_cancelled(&self) -> bool {
        self.task.header().signal.is_asked()
    }

    /// Why the task was asked to stop; `None` if it was not.
    pub fn reason(&self) -> Option<Reason> {
        self.task.header().signal.asked()
    }

    /// Waits until the task is asked to stop.
    ///
    /// # Cancel safety
    /// May be dropped and repeated at will.
    pub async fn cancelled(&self) {
        self.token().cancelled().await;
    }

    /// A token that is cancelled when the task is asked to stop, to hand on to code that knows tokens. Cancelling it
    /// oneself does not reach the task.
    pub fn token(&self) -> CancellationToken {
        self.task.header().token()
    }

    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.task.header().id
    }

    /// Which attempt this is: 1, and more where the task has a [policy of retries](crate::Retry) and is tried again.
    pub fn attempt(&self) -> u32 {
        self.task.header().retrying().map_or(1, |retrying| retrying.attempts().max(1))
    }

    /// The name that was given with `task(name)`.
    pub fn name(&self) -> Option<&str> {
        self.task.header().name().map(Name::as_str)
    }

    /// The name of the task's lane.
    pub fn lane(&self) -> &str {
        &self.task.header().lane.name
    }
}

impl fmt::Debug for TaskContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskContext").field("id", &self.id()).field("cancelled", &self.reason()).finish_non_exhaustive()
    }
}
