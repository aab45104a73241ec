//! Owns what a user holds: the facade over the lanes. Never schedules anything itself.

use std::fmt;
use std::sync::{Arc, Weak};

use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use workyard_core::Reason;

use crate::builder::{BuildError, Builder};
use crate::group::Group;
use crate::lane::{BlockingLane, CpuLane, Executor, IoLane, LaneShared};
use crate::observe::{LaneSnapshot, Snapshot, TaskInfo};
use crate::shutdown::{Shutdown, ShutdownState};
use crate::yard::YardShared;

/// The yard: lanes for what waits, what computes and what blocks, and the account of every task they accepted.
///
/// Clones are cheap and are the same yard. When the last one is dropped without [`shutdown`](Self::shutdown), what is left is
/// cancelled and what was cut is logged; that never blocks. Lanes, handles and contexts do not keep the yard alive.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use std::time::Duration;
/// use workyard::Scheduler;
///
/// let yard = Scheduler::new();
/// let page = yard.io().submit(async { String::from("<html>") }).await?;
/// let page = page.await?;
/// let length = yard.cpu().run(move || page.len()).await?;
/// assert_eq!(length, 6);
/// let report = yard.shutdown().drain_for(Duration::from_secs(30)).await;
/// assert_eq!(report.to_string(), "accepted 2 = 2 completed; stuck: none");
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[derive(Clone)]
pub struct Scheduler {
    yard: Arc<Yard>,
}

impl Scheduler {
    /// A yard with the default lanes, on the tokio runtime that this is called in.
    ///
    /// The cpu lane gets a thread for each CPU that the process may use ([`machine`](crate::machine())); the other defaults are those of
    /// [`Lane`](crate::Lane).
    ///
    /// # Panics
    /// Outside of a tokio runtime (there, use [`standalone`](Self::standalone)), and if the system gives no threads.
    #[expect(clippy::new_without_default, reason = "it depends on where it is called")]
    #[track_caller]
    pub fn new() -> Self {
        match Self::builder().build() {
            Ok(yard) => yard,
            Err(error) => cannot_build(&error),
        }
    }

    /// A yard with the default lanes and a tokio runtime of its own, for programs without one.
    ///
    /// The runtime ends when the last `Scheduler` is dropped, without waiting for anything, also inside of async code.
    ///
    /// # Errors
    /// [`BuildError`] if the system gives no threads.
    ///
    /// # Examples
    /// ```
    /// let yard = workyard::Scheduler::standalone()?;
    /// let answer = yard.cpu().blocking_run(|| 6 * 7)?;
    /// assert_eq!(answer, 42);
    /// let report = yard.shutdown().blocking_join();
    /// assert_eq!(report.to_string(), "accepted 1 = 1 completed; stuck: none");
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    pub fn standalone() -> Result<Self, BuildError> {
        Self::builder().build_standalone()
    }

    /// Describes a yard before it is built.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new_from(yard: Yard) -> Self {
        Self { yard: Arc::new(yard) }
    }

    /// The lane of what waits: futures.
    pub fn io(&self) -> &IoLane {
        &self.yard.io
    }

    /// The lane of what computes: closures on threads of its own.
    pub fn cpu(&self) -> &CpuLane {
        &self.yard.cpu
    }

    /// The lane of what blocks: closures on tokio's blocking threads.
    pub fn blocking(&self) -> &BlockingLane {
        &self.yard.blocking
    }

    /// The io lane that was given this name. A scan of the named lanes: look it up once and keep a clone.
    ///
    /// # Errors
    /// [`NoSuchLane`] if no io lane has the name.
    pub fn io_lane(&self, name: &str) -> Result<&IoLane, NoSuchLane> {
        match self.yard.named(name) {
            Some(NamedLane::Io(lane)) => Ok(lane),
            other => Err(NoSuchLane::new("io", name, other)),
        }
    }

    /// The cpu lane that was given this name, as [`io_lane`](Self::io_lane).
    ///
    /// # Errors
    /// [`NoSuchLane`] if no cpu lane has the name.
    pub fn cpu_lane(&self, name: &str) -> Result<&CpuLane, NoSuchLane> {
        match self.yard.named(name) {
            Some(NamedLane::Cpu(lane)) => Ok(lane),
            other => Err(NoSuchLane::new("cpu", name, other)),
        }
    }

    /// The blocking lane that was given this name, as [`io_lane`](Self::io_lane).
    ///
    /// # Errors
    /// [`NoSuchLane`] if no blocking lane has the name.
    pub fn blocking_lane(&self, name: &str) -> Result<&BlockingLane, NoSuchLane> {
        match self.yard.named(name) {
            Some(NamedLane::Blocking(lane)) => Ok(lane),
            other => Err(NoSuchLane::new("blocking", name, other)),
        }
    }

    /// A new, empty group of tasks that live and die together, and all give a `T`.
    pub fn group<T: Send + 'static>(&self) -> Group<T> {
        Group::new(self.io(), self.cpu(), self.blocking())
    }

    /// A token that is cancelled when shutdown starts, so that a service's loops stop feeding at once. Cancelling it
    /// oneself does not reach the yard.
    pub fn closing(&self) -> CancellationToken {
        self.yard.shared.closing.child_token()
    }

    /// Begins the end: no more intake, drain, cancel, abandon. See [`Shutdown`] for the options; await it for the report.
    pub fn shutdown(&self) -> Shutdown {
        Shutdown::new(&self.yard)
    }

    /// The numbers of all lanes, now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { lanes: self.yard.snapshots() }
    }

    /// The tasks that are queued, running or overrunning, lane by lane. O(tasks): for people and logs, not for loops.
    pub fn tasks(&self) -> Vec<TaskInfo> {
        self.yard.tasks()
    }

    /// A reference that does not keep the yard alive.
    pub fn downgrade(&self) -> WeakScheduler {
        WeakScheduler { yard: Arc::downgrade(&self.yard) }
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler").field("snapshot", &format_args!("{}", self.snapshot())).finish()
    }
}

#[expect(clippy::panic, reason = "documented, as tokio::spawn's is")]
#[track_caller]
fn cannot_build(error: &BuildError) -> ! {
    panic!("cannot build a scheduler: {error}")
}

/// A [`Scheduler`] that may be gone.
#[derive(Clone)]
pub struct WeakScheduler {
    yard: Weak<Yard>,
}

impl WeakScheduler {
    /// The yard, unless its last [`Scheduler`] was dropped.
    pub fn upgrade(&self) -> Option<Scheduler> {
        self.yard.upgrade().map(|yard| Scheduler { yard })
    }
}

impl fmt::Debug for WeakScheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakScheduler")
    }
}

/// No lane of that kind has that name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no {wanted} lane {name:?}{}", .is.map(|is| format!(": it is a lane of kind {is}")).unwrap_or_default())]
pub struct NoSuchLane {
    wanted: &'static str,
    name: String,
    is: Option<&'static str>,
}

impl NoSuchLane {
    fn new(wanted: &'static str, name: &str, found: Option<&NamedLane>) -> Self {
        Self { wanted, name: name.to_owned(), is: found.map(|lane| lane.shared().executor.word()) }
    }
}

/// The lanes, and what ends them.
pub(crate) struct Yard {
    io: IoLane,
    cpu: CpuLane,
    blocking: BlockingLane,
    named: Vec<NamedLane>,
    pub(crate) shared: Arc<YardShared>,
    pub(crate) shutdown: ShutdownState,
    /// Last, so that the lanes are told before their tasks are dropped.
    runtime: Option<OwnRuntime>,
}

/// A runtime that ends without waiting, so that it may be dropped anywhere.
pub(crate) struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    pub(crate) fn new(runtime: Runtime) -> Self {
        Self(Some(runtime))
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) enum NamedLane {
    Io(IoLane),
    Cpu(CpuLane),
    Blocking(BlockingLane),
}

impl NamedLane {
    fn shared(&self) -> &Arc<LaneShared> {
        match self {
            Self::Io(lane) => lane.shared(),
            Self::Cpu(lane) => lane.shared(),
            Self::Blocking(lane) => lane.shared(),
        }
    }
}

impl Yard {
    pub(crate) fn new(
        io: IoLane,
        cpu: CpuLane,
        blocking: BlockingLane,
        named: Vec<NamedLane>,
        shared: Arc<YardShared>,
    ) -> Self {
        Self { io, cpu, blocking, named, shared, shutdown: ShutdownState::default(), runtime: None }
    }

    /// Has the yard end this runtime with itself.
    pub(crate) fn owning(mut self, runtime: OwnRuntime) -> Self {
        self.runtime = Some(runtime);
        self
    }

    pub(crate) fn lanes(&self) -> impl Iterator<Item = &Arc<LaneShared>> {
        [self.io.shared(), self.cpu.shared(), self.blocking.shared()]
            .into_iter()
            .chain(self.named.iter().map(NamedLane::shared))
    }

    pub(crate) fn snapshots(&self) -> Vec<LaneSnapshot> {
        self.lanes().map(|lane| LaneSnapshot::of(lane)).collect()
    }

    pub(crate) fn tasks(&self) -> Vec<TaskInfo> {
        self.lanes().flat_map(|lane| TaskInfo::all_of(lane)).collect()
    }

    fn named(&self, name: &str) -> Option<&NamedLane> {
        self.named.iter().find(|lane| &*lane.shared().name == name)
    }

    /// Tells the threads of all cpu lanes to end once they have nothing to run.
    pub(crate) fn release_threads(&self) {
        for lane in self.lanes() {
            if let Executor::Cpu(threads) = &lane.executor {
                threads.release();
            }
        }
    }
}

impl Drop for Yard {
    fn drop(&mut self) {
        self.close();
        for lane in self.lanes() {
            let left = lane.counts().ledger;
            lane.cancel_all(Reason::Dropped);
            if left.live() > 0 {
                tracing::warn!(
                    target: "workyard",
                    lane = &*lane.name,
                    queued = left.queued,
                    running = left.running,
                    "the last scheduler was dropped without a shutdown: what was left is cancelled"
                );
            }
            lane.unobserved.tell_rest(&lane.name);
        }
        self.release_threads();
        self.shared.timers.close();
    }
}
