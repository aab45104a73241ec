//! Owns how a yard is put together: every number is checked before the first thread is started.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use workyard_core::{LaneConfig, OutOfRange};

use crate::ground::YardShared;
use crate::lane::{
    BlockingLane, BlockingLaneConfig, CpuLane, CpuLaneConfig, CpuThreads, Executor, IoLane, IoLaneConfig, Kind, Lane,
    LaneShared, LaneSpec,
};
use crate::observe::Watchdog;
use crate::runtime::Runtime;
use crate::scheduler::Scheduler;
use crate::simulation;
use crate::task::catch;
use crate::yard::{NamedLane, OwnRuntime, Yard};

/// Puts a [`Scheduler`] together; made by [`Scheduler::builder`].
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use workyard::{Lane, Order, Scheduler};
///
/// let yard = Scheduler::builder()
///     .io(Lane::io().limit(512).queue(4_096))
///     .cpu(Lane::cpu().threads(2).queue(256).order(Order::Priority))
///     .lane("db", Lane::io().limit(10).queue(100))
///     .build()?;
/// assert_eq!(yard.io_lane("db")?.run(async { 1 }).await?, 1);
///
/// let error = Scheduler::builder().lane("db", Lane::io().limit(0)).build().unwrap_err();
/// assert_eq!(error.to_string(), "lane db: limit is 0, allowed is 1 to 16777216");
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    io: IoLaneConfig,
    cpu: CpuLaneConfig,
    blocking: BlockingLaneConfig,
    named: Vec<(String, LaneSpec)>,
    watchdog: Option<Duration>,
}

/// Why a yard could not be built. Nothing is left of the attempt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A lane's number is outside what its setting allows.
    #[error("lane {lane}: {range}")]
    OutOfRange {
        /// The name of the lane.
        lane: String,
        /// The setting, its value, and what is allowed.
        range: OutOfRange,
    },
    /// Two lanes have this name; `io`, `cpu` and `blocking` are taken.
    #[error("there are two lanes with the name {name:?}")]
    DuplicateLane {
        /// The name.
        name: String,
    },
    /// A lane's name is empty, longer than 64 bytes, or has control characters.
    #[error("{name:?} is not a name for a lane: 1 to 64 bytes without control characters")]
    LaneName {
        /// The name.
        name: String,
    },
    /// There is no tokio runtime here. [`Scheduler::standalone`] brings one.
    #[error("there is no tokio runtime here: build inside of one, or use Scheduler::standalone()")]
    NoRuntime,
    /// The tokio runtime here has no time driver, which limits and shutdown need: say `enable_time` or `enable_all` when
    /// it is built.
    #[error("the tokio runtime here has no time driver: build it with enable_time() or enable_all()")]
    NoTimer,
    /// A runtime of the yard's own could not be started.
    #[error("the yard's own runtime could not be started")]
    Runtime(#[source] std::io::Error),
    /// The system did not give the threads of a cpu lane.
    #[error("lane {lane}: its threads could not be started")]
    Threads {
        /// The name of the lane.
        lane: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl Builder {
    pub(crate) fn new() -> Self {
        let watchdog = Some(Duration::from_secs(1));
        Self { io: Lane::io(), cpu: Lane::cpu(), blocking: Lane::blocking(), named: Vec::new(), watchdog }
    }

    /// Describes the io lane.
    pub fn io(mut self, lane: IoLaneConfig) -> Self {
        self.io = lane;
        self
    }

    /// Describes the cpu lane.
    pub fn cpu(mut self, lane: CpuLaneConfig) -> Self {
        self.cpu = lane;
        self
    }

    /// Describes the blocking lane.
    pub fn blocking(mut self, lane: BlockingLaneConfig) -> Self {
        self.blocking = lane;
        self
    }

    /// Adds a lane: a bulkhead for one dependency.
    pub fn lane(mut self, name: impl Into<String>, lane: impl Into<LaneSpec>) -> Self {
        self.named.push((name.into(), lane.into()));
        self
    }

    /// Has the yard tell of what does not go on for this long, one second if nothing is said. Less than 20 ms counts as 20 ms.
    ///
    /// Told are, each once, by a WARN record of `tracing` (target `workyard`, at most ten a second) and for as long as it lasts in
    /// [`Snapshot::alarms`](crate::Snapshot::alarms), with the places where the tasks were submitted:
    /// - a single poll of a future that lasts as long: it blocks its thread, or computes there. A poll in tokio's `block_in_place` is told
    ///   of as well, since nobody can see that it is in there;
    /// - a body that goes on as long after its task was answered (timed out, aborted, abandoned);
    /// - closures that are queued as long though slots are free: whatever threads they should run on are held by something else;
    /// - a lane that is full while others want its slots, if all bodies that hold them have waited for five times as long: they may wait for
    ///   one of those in the queue, by way of a channel or a lock, or for a server that is slow. Of closures this can be told on Linux
    ///   only. Waits on handles are followed, and given room, by the yard itself.
    ///
    /// It only looks. The first record comes a quarter of this time late, at most a quarter of a second; what a process sleeps through as a
    /// whole is nobody's.
    ///
    /// # Cost
    /// A thread, from the first task to the end of the yard. It looks four times in this time, at least four times a second, with
    /// a short lock on each lane, and sleeps while nothing runs: no task but futures that wait. To each body and each poll it adds some
    /// stores to the thread's own memory.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # use std::time::Duration;
    /// let yard = workyard::Scheduler::builder().watchdog(Duration::from_millis(200)).build()?;
    /// assert!(yard.snapshot().alarms.is_empty());
    /// # Ok::<_, workyard::BoxError>(()) })?;
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    pub fn watchdog(mut self, bound: Duration) -> Self {
        self.watchdog = Some(bound);
        self
    }

    /// Has nobody tell of what does not go on. There is no thread for it then.
    pub fn no_watchdog(mut self) -> Self {
        self.watchdog = None;
        self
    }

    /// Builds the yard on the runtime that this is called in.
    ///
    /// # Errors
    /// [`BuildError`] says which setting is wrong and what it may be, or what the system refused.
    pub fn build(self) -> Result<Scheduler, BuildError> {
        let runtime = Handle::try_current().map_err(|_| BuildError::NoRuntime)?;
        // Tokio tells only by a panic whether there is a time driver.
        catch(|| drop(tokio::time::sleep(Duration::ZERO))).map_err(|_| BuildError::NoTimer)?;
        self.build_on(Runtime::new(runtime)).map(Scheduler::new_from)
    }

    /// Builds the yard on a tokio runtime of its own: see [`Scheduler::standalone`].
    ///
    /// # Errors
    /// As [`build`](Self::build), and if the runtime's threads could not be started.
    pub fn build_standalone(self) -> Result<Scheduler, BuildError> {
        if simulation::here().is_some() {
            // A runtime of its own would have a clock of its own, and threads.
            return self.build();
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(crate::machine().usable().get())
            .thread_name("workyard-io")
            .enable_all()
            .build()
            .map_err(BuildError::Runtime)?;
        let handle = runtime.handle().clone();
        // Also if this fails inside of async code, where a runtime must not be dropped as it is.
        let runtime = OwnRuntime::new(runtime);
        Ok(Scheduler::new_from(self.build_on(Runtime::new(handle))?.owning(runtime)))
    }

    fn build_on(self, runtime: Runtime) -> Result<Yard, BuildError> {
        self.check_names()?;
        let checked = |lane: &str, checked: Result<LaneConfig, OutOfRange>| {
            checked.map_err(|range| BuildError::OutOfRange { lane: lane.to_owned(), range })
        };
        let io = checked("io", self.io.check())?;
        let cpu = checked("cpu", self.cpu.check())?;
        let blocking = checked("blocking", self.blocking.check())?;
        let mut named = Vec::with_capacity(self.named.len());
        for (name, LaneSpec(kind)) in self.named {
            let config = match &kind {
                Kind::Io(lane) => lane.check(),
                Kind::Cpu(lane) => lane.check(),
                Kind::Blocking(lane) => lane.check(),
            };
            named.push((checked(&name, config)?, name, kind));
        }

        // On a simulator nothing takes long, and there are no threads to look at.
        let watchdog = Watchdog::new(self.watchdog.filter(|_| runtime.simulator().is_none()));
        let foundation = Foundation { shared: Arc::new(YardShared::new(runtime, watchdog)) };
        let named = named.into_iter().map(|(config, name, kind)| {
            Ok(match kind {
                Kind::Io(_) => NamedLane::Io(foundation.io(&name, config)),
                Kind::Cpu(lane) => NamedLane::Cpu(foundation.cpu(&name, config, &lane)?),
                Kind::Blocking(_) => NamedLane::Blocking(foundation.blocking(&name, config)),
            })
        });
        let named = named.collect::<Result<Vec<_>, BuildError>>()?;
        let cpu = foundation.cpu("cpu", cpu, &self.cpu)?;
        Ok(Yard::new(foundation.io("io", io), cpu, foundation.blocking("blocking", blocking), named, foundation.shared))
    }

    fn check_names(&self) -> Result<(), BuildError> {
        let mut names = vec!["io", "cpu", "blocking"];
        for (name, _) in &self.named {
            if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
                return Err(BuildError::LaneName { name: name.clone() });
            }
            if names.contains(&name.as_str()) {
                return Err(BuildError::DuplicateLane { name: name.clone() });
            }
            names.push(name);
        }
        Ok(())
    }
}

/// What the lanes stand on.
struct Foundation {
    shared: Arc<YardShared>,
}

impl Foundation {
    fn lane(&self, name: &str, config: LaneConfig, executor: Executor) -> Arc<LaneShared> {
        LaneShared::new(name.into(), config, executor, Arc::clone(&self.shared))
    }

    fn io(&self, name: &str, config: LaneConfig) -> IoLane {
        IoLane::new(self.lane(name, config, Executor::Io(self.shared.runtime.clone())))
    }

    fn cpu(&self, name: &str, config: LaneConfig, lane: &CpuLaneConfig) -> Result<CpuLane, BuildError> {
        if self.shared.runtime.simulator().is_some() {
            let executor = Executor::SimulatedCpu(self.shared.runtime.clone());
            return Ok(CpuLane::new(self.lane(name, config, executor)));
        }
        let threads = CpuThreads::start(name, config.limit, lane.is_background(), &self.shared.runtime)
            .map_err(|source| BuildError::Threads { lane: name.to_owned(), source })?;
        Ok(CpuLane::new(self.lane(name, config, Executor::Cpu(threads))))
    }

    fn blocking(&self, name: &str, config: LaneConfig) -> BlockingLane {
        BlockingLane::new(self.lane(name, config, Executor::Blocking(self.shared.runtime.clone())))
    }
}
