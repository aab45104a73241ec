//! Owns the user's end of a group. Never keeps the yard alive.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::block_on::block_on;
use crate::group::join::{JoinNext, Until, Wait};
use crate::group::shared::GroupShared;
use crate::group::state::End;
use crate::group::submit::GroupSubmit;
use crate::group::task::GroupTask;
use crate::lane::{BlockingLane, CpuLane, IoLane, Submit, SubmitError};
use crate::task::{TaskError, TaskRef};

/// Tasks that live and die together, on whichever lanes, and the collection of their results, as of a `JoinSet`. Made by
/// [`Scheduler::group`](crate::Scheduler::group).
///
/// All members give the same type. Their results come out in the order in which the members end, each exactly once, by
/// [`join_next`](Self::join_next), [`wait`](Self::wait) or [`join_all`](Self::join_all). A result that nobody takes is kept until the
/// group is dropped, so take them as they come.
///
/// A *member* is a task that was submitted and whose result was not taken. A submission that waits for room counts from its first
/// poll on, so that the group is not called empty while there is more to come.
///
/// Everything works on `&self`, so tasks may share a group by reference or in an [`Arc`]: some submit, some collect. It is not `Clone`:
/// it has one owner, and the end of that owner is the end of the members. (A member that itself holds an `Arc` of the group
/// keeps it alive.)
///
/// # Drop
/// Dropping the group [cancels](Self::cancel) its members, and never blocks. Results that nobody took are dropped, and
/// failures among them are counted as unobserved, as those of a dropped [`Handle`](crate::Handle) are.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let yard = workyard::Scheduler::new();
/// let group = yard.group();
/// group.io(async { 1 }).await?;
/// group.cpu(|| 2).await?;
/// group.task(yard.blocking().task("third")).submit(|| 3).await?;
/// let mut sum = 0;
/// while let Some(result) = group.join_next().await {
///     sum += result?;
/// }
/// assert_eq!(sum, 6);
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
pub struct Group<T> {
    shared: Arc<GroupShared<T>>,
    io: IoLane,
    cpu: CpuLane,
    blocking: BlockingLane,
}

impl<T: Send + 'static> Group<T> {
    pub(crate) fn new(io: &IoLane, cpu: &CpuLane, blocking: &BlockingLane) -> Self {
        Self { shared: GroupShared::new(), io: io.clone(), cpu: cpu.clone(), blocking: blocking.clone() }
    }

    /// Submits a future to the yard's io lane and waits for room.
    ///
    /// # Errors
    /// The work comes back if the lane is closed or the group was cancelled.
    ///
    /// # Cancel safety
    /// Dropping the future means that the task was never accepted.
    #[track_caller]
    pub fn io<F: Future<Output = T> + Send + 'static>(&self, work: F) -> GroupSubmit<'_, F, T> {
        self.join(self.io.submit(work))
    }

    /// Submits a closure to the yard's cpu lane and waits for room.
    ///
    /// # Errors
    /// As [`io`](Self::io).
    ///
    /// # Cancel safety
    /// As [`io`](Self::io).
    #[track_caller]
    pub fn cpu<F: FnOnce() -> T + Send + 'static>(&self, work: F) -> GroupSubmit<'_, F, T> {
        self.join(self.cpu.submit(work))
    }

    /// Submits a closure to the yard's blocking lane and waits for room.
    ///
    /// # Errors
    /// As [`io`](Self::io).
    ///
    /// # Cancel safety
    /// As [`io`](Self::io).
    #[track_caller]
    pub fn blocking<F: FnOnce() -> T + Send + 'static>(&self, work: F) -> GroupSubmit<'_, F, T> {
        self.join(self.blocking.submit(work))
    }

    /// As [`io`](Self::io), on a lane of your choice.
    ///
    /// # Errors
    /// As [`io`](Self::io).
    ///
    /// # Cancel safety
    /// As [`io`](Self::io).
    #[track_caller]
    pub fn io_on<'a, F>(&'a self, lane: &'a IoLane, work: F) -> GroupSubmit<'a, F, T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.join(lane.submit(work))
    }

    /// As [`cpu`](Self::cpu), on a lane of your choice.
    ///
    /// # Errors
    /// As [`io`](Self::io).
    ///
    /// # Cancel safety
    /// As [`io`](Self::io).
    #[track_caller]
    pub fn cpu_on<'a, F>(&'a self, lane: &'a CpuLane, work: F) -> GroupSubmit<'a, F, T>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.join(lane.submit(work))
    }

    /// As [`blocking`](Self::blocking), on a lane of your choice.
    ///
    /// # Errors
    /// As [`io`](Self::io).
    ///
    /// # Cancel safety
    /// As [`io`](Self::io).
    #[track_caller]
    pub fn blocking_on<'a, F>(&'a self, lane: &'a BlockingLane, work: F) -> GroupSubmit<'a, F, T>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.join(lane.submit(work))
    }

    /// Submits a future to the yard's io lane if there is room now. Never waits.
    ///
    /// # Errors
    /// The work comes back if the lane is full or closed, or the group was cancelled.
    #[track_caller]
    pub fn try_io<F: Future<Output = T> + Send + 'static>(&self, work: F) -> Result<TaskRef, SubmitError<F>> {
        self.io(work).try_now()
    }

    /// Submits a closure to the yard's cpu lane if there is room now. Never waits.
    ///
    /// # Errors
    /// As [`try_io`](Self::try_io).
    #[track_caller]
    pub fn try_cpu<F: FnOnce() -> T + Send + 'static>(&self, work: F) -> Result<TaskRef, SubmitError<F>> {
        self.cpu(work).try_now()
    }

    /// Submits a closure to the yard's blocking lane if there is room now. Never waits.
    ///
    /// # Errors
    /// As [`try_io`](Self::try_io).
    #[track_caller]
    pub fn try_blocking<F: FnOnce() -> T + Send + 'static>(&self, work: F) -> Result<TaskRef, SubmitError<F>> {
        self.blocking(work).try_now()
    }

    /// As [`try_io`](Self::try_io), on a lane of your choice.
    ///
    /// # Errors
    /// As [`try_io`](Self::try_io).
    #[track_caller]
    pub fn try_io_on<F>(&self, lane: &IoLane, work: F) -> Result<TaskRef, SubmitError<F>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.io_on(lane, work).try_now()
    }

    /// As [`try_cpu`](Self::try_cpu), on a lane of your choice.
    ///
    /// # Errors
    /// As [`try_io`](Self::try_io).
    #[track_caller]
    pub fn try_cpu_on<F>(&self, lane: &CpuLane, work: F) -> Result<TaskRef, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.cpu_on(lane, work).try_now()
    }

    /// As [`try_blocking`](Self::try_blocking), on a lane of your choice.
    ///
    /// # Errors
    /// As [`try_io`](Self::try_io).
    #[track_caller]
    pub fn try_blocking_on<F>(&self, lane: &BlockingLane, work: F) -> Result<TaskRef, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.blocking_on(lane, work).try_now()
    }

    /// Begins the submission of a task with options, as its lane makes them: a name, a priority, time limits, a context,
    /// an `Err` that is a failure.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use workyard::{Priority, Scheduler};
    ///
    /// let yard = Scheduler::new();
    /// let group = yard.group::<u32>();
    /// group.task(yard.cpu().task("parse").priority(Priority::HIGH).fallible()).submit(|| "x".parse()).await?;
    /// let error = group.join_next().await.unwrap().unwrap_err();
    /// assert_eq!(error.name(), Some("parse"));
    /// # Ok::<_, workyard::BoxError>(()) })?;
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    pub fn task<O>(&self, options: O) -> GroupTask<'_, T, O> {
        GroupTask::new(self, options)
    }

    pub(super) const fn join<'a, F>(&'a self, submit: Submit<'a, F, T>) -> GroupSubmit<'a, F, T> {
        GroupSubmit::new(&self.shared, submit)
    }
}

impl<T> Group<T> {
    /// Waits for the next member to end and gives its result; `None` when the group is empty. Those who wait are woken
    /// in order, and whoever looks first has the result; all of them are told when the group gets empty.
    ///
    /// # Cancel safety
    /// No result is lost when the future is dropped.
    pub fn join_next(&self) -> JoinNext<'_, T> {
        JoinNext::new(&self.shared)
    }

    /// The result of a member that has ended. `None` if none has, or all were taken. Never waits, and goes before those
    /// that do.
    pub fn try_join_next(&self) -> Option<Result<T, TaskError>> {
        self.shared.try_next()
    }

    /// As [`join_next`](Self::join_next), for plain threads and for closures: this thread is blocked until a member ends. Inside of a future,
    /// await instead: the thread that is blocked may be the very one that the member needs.
    pub fn blocking_join_next(&self) -> Option<Result<T, TaskError>> {
        block_on(self.join_next())
    }

    /// Waits until members have ended, and gives the results that are there then; the rest stays and goes on.
    ///
    /// This is Python's `concurrent.futures.wait`: what it calls `done` is given, what it calls `not_done` is what the
    /// group still holds ([`len`](Self::len)).
    ///
    /// | Python | here |
    /// |---|---|
    /// | `wait(fs)` | `group.wait(Until::All).await`, or [`join_all`](Self::join_all) |
    /// | `wait(fs, return_when=FIRST_COMPLETED)` | `group.wait(Until::First).await` |
    /// | `wait(fs, return_when=FIRST_EXCEPTION)` | `group.wait(Until::FirstFailure).await` |
    /// | `wait(fs, timeout=3, ..)` | `group.wait(..).timeout(Duration::from_secs(3)).await` |
    /// | `wait(fs, timeout=0)` | `group.wait(Until::All).timeout(Duration::ZERO).await` |
    /// | the same, in a plain thread | `group.wait(..).blocking_join()` |
    /// | `as_completed(fs)` | `while let Some(result) = group.join_next().await`; of handles, [`as_completed`](crate::as_completed) |
    ///
    /// An `Err` that a member returns is a failure if the member was submitted as [`fallible`](crate::FutureTask::fallible), by
    /// [`task`](Self::task); else it is a value as any other.
    ///
    /// If others take results meanwhile, each result still goes to one only: this goes on waiting for one of its own,
    /// and gives none only when no member is left to wait for or the time is up.
    ///
    /// # Cancel safety
    /// No result is lost when the future is dropped.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use std::time::Duration;
    /// use workyard::{Scheduler, Until};
    ///
    /// let yard = Scheduler::new();
    /// let group = yard.group();
    /// group.io(async { "the quick one" }).await?;
    /// group.io(std::future::pending()).await?;
    /// let done = group.wait(Until::All).timeout(Duration::from_millis(50)).await;
    /// assert_eq!((done.len(), group.len()), (1, 1));
    /// # Ok::<_, workyard::BoxError>(()) })?;
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    pub fn wait(&self, until: Until) -> Wait<'_, T> {
        Wait::new(&self.shared, until)
    }

    /// Waits until all members have ended, and gives the results that were not taken, in order of the ends.
    ///
    /// # Cancel safety
    /// No result is lost when the future is dropped.
    pub fn join_all(&self) -> Wait<'_, T> {
        self.wait(Until::All)
    }

    /// How many members there are: waiting for room, queued, running, or ended and not taken.
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Asks all members to stop ([`Reason::Group`](crate::Reason::Group)), as [`Handle::cancel`](crate::Handle::cancel) does, and takes
    /// no more: submissions, also those that wait for room, get their work back with an error that
    /// [`is_closed`](SubmitError::is_closed). A submission at the same instant is either refused or asked to stop as well.
    ///
    /// The results still come, so `cancel` and then [`join_all`](Self::join_all) is an orderly end.
    pub fn cancel(&self) {
        self.shared.end(End::Cancelled);
    }

    /// Stops all members ([`Reason::Group`](crate::Reason::Group)), as [`Handle::abort`](crate::Handle::abort) does, and takes no more, as
    /// [`cancel`](Self::cancel).
    pub fn abort_all(&self) {
        self.shared.end(End::Aborted);
    }
}

impl<T> Drop for Group<T> {
    fn drop(&mut self) {
        self.shared.end(End::Cancelled);
        self.shared.let_go();
    }
}

impl<T> fmt::Debug for Group<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("len", &self.len()).finish_non_exhaustive()
    }
}
