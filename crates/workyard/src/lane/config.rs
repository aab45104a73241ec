//! Owns what a user says of a lane before it is built. Never builds one.

use std::time::Duration;

use workyard_core::{Ageing, LaneConfig, Order, OutOfRange, check};

/// Where the description of a lane begins: `Lane::io()`, `Lane::cpu()`, `Lane::blocking()`.
#[derive(Clone, Copy, Debug)]
pub struct Lane;

impl Lane {
    /// A lane for futures: by default 1,024 run at once and 8,192 wait.
    pub fn io() -> IoLaneConfig {
        IoLaneConfig { limit: 1_024, waiting: Waiting::of(8_192) }
    }

    /// A lane for closures that compute: by default one thread for each usable CPU, and 1,024 closures wait.
    pub fn cpu() -> CpuLaneConfig {
        CpuLaneConfig { threads: None, background: false, waiting: Waiting::of(1_024) }
    }

    /// A lane for closures that block: by default 64 run at once and 1,024 wait.
    pub fn blocking() -> BlockingLaneConfig {
        BlockingLaneConfig { limit: 64, waiting: Waiting::of(1_024) }
    }
}

/// What waits, and in which order.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    queue: usize,
    order: Order,
    ageing: Ageing,
}

impl Waiting {
    fn of(queue: usize) -> Self {
        Self { queue, order: Order::Fifo, ageing: Ageing::default() }
    }

    fn with_limit(self, limit: usize) -> Result<LaneConfig, OutOfRange> {
        LaneConfig::new(limit, self.queue, self.order, self.ageing)
    }
}

macro_rules! waiting_settings {
    () => {
        /// How many tasks wait behind those that run: 0 to 16,777,216. 0 means that nobody waits: a task runs at once
        /// or is refused.
        pub fn queue(mut self, queue: usize) -> Self {
            self.waiting.queue = queue;
            self
        }

        /// Which of the waiting tasks is next; the one that waited longest by default.
        pub fn order(mut self, order: Order) -> Self {
            self.waiting.order = order;
            self
        }

        /// With [`Order::Priority`], how long a task waits to gain one level of priority; one second by default.
        pub fn ageing(mut self, step: Duration) -> Self {
            self.waiting.ageing = Ageing::new(step);
            self
        }
    };
}

/// An io lane to be built; begins as [`Lane::io`].
#[derive(Clone, Copy, Debug)]
#[must_use = "a description does nothing until it is given to a builder"]
pub struct IoLaneConfig {
    limit: usize,
    waiting: Waiting,
}

impl IoLaneConfig {
    /// How many futures run at once: 1 to 16,777,216.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    waiting_settings!();

    pub(crate) fn check(&self) -> Result<LaneConfig, OutOfRange> {
        self.waiting.with_limit(self.limit)
    }
}

/// A cpu lane to be built; begins as [`Lane::cpu`].
#[derive(Clone, Copy, Debug)]
#[must_use = "a description does nothing until it is given to a builder"]
pub struct CpuLaneConfig {
    threads: Option<usize>,
    background: bool,
    waiting: Waiting,
}

impl CpuLaneConfig {
    /// The most threads that a lane may have.
    const MAX_THREADS: usize = 1_024;

    /// How many threads the lane has, which is how many closures run at once: 1 to 1,024. By default one for each CPU
    /// that this process may use ([`machine`](crate::machine())).
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Has the threads compute only while nothing else wants the CPUs, on systems that can (Linux); elsewhere, and where a
    /// sandbox forbids it, they run as they do without. Not so by default.
    ///
    /// For a service whose slowest timers and answers matter more than when its computations end: the runtime's threads
    /// take the CPU back as soon as they wake, instead of when the computing thread's turn is over. `docs/performance.md` says
    /// what that gains, and what it costs: nothing with closures of 10 ms, and up to half of the throughput with those of 1 µs.
    ///
    /// Other programs come first as well: beside those of the same container (control group) or login session that use
    /// every CPU, the lane all but stands still. Do not use it for what somebody waits for on such a machine.
    ///
    /// The threads have Linux's policy `SCHED_IDLE`, which no right is needed to get and one is to leave. Threads and
    /// processes that a task starts inherit it; so does a thread that tokio starts for a task's `spawn_blocking`, and it is used
    /// again for other blocking calls.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use workyard::{Lane, Scheduler};
    ///
    /// let yard = Scheduler::builder().lane("reports", Lane::cpu().threads(1).background()).build()?;
    /// assert_eq!(yard.cpu_lane("reports")?.run(|| 6 * 7).await?, 42);
    /// # Ok::<_, workyard::BoxError>(()) })?;
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    pub fn background(mut self) -> Self {
        self.background = true;
        self
    }

    waiting_settings!();

    pub(crate) fn check(&self) -> Result<LaneConfig, OutOfRange> {
        check("threads", self.thread_count(), 1..=Self::MAX_THREADS)?;
        self.waiting.with_limit(self.thread_count())
    }

    fn thread_count(&self) -> usize {
        self.threads.unwrap_or_else(|| crate::machine().usable().get().min(Self::MAX_THREADS))
    }

    pub(crate) fn is_background(&self) -> bool {
        self.background
    }
}

/// A blocking lane to be built; begins as [`Lane::blocking`].
#[derive(Clone, Copy, Debug)]
#[must_use = "a description does nothing until it is given to a builder"]
pub struct BlockingLaneConfig {
    limit: usize,
    waiting: Waiting,
}

impl BlockingLaneConfig {
    /// How many closures run at once, each on a blocking thread of tokio's: 1 to 16,777,216. Tokio itself has 512 such
    /// threads unless its builder was told otherwise.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    waiting_settings!();

    pub(crate) fn check(&self) -> Result<LaneConfig, OutOfRange> {
        self.waiting.with_limit(self.limit)
    }
}

/// A named lane to be built, of whichever kind.
#[derive(Clone, Copy, Debug)]
#[must_use = "a description does nothing until it is given to a builder"]
pub struct LaneSpec(pub(crate) Kind);

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Io(IoLaneConfig),
    Cpu(CpuLaneConfig),
    Blocking(BlockingLaneConfig),
}

impl From<IoLaneConfig> for LaneSpec {
    fn from(config: IoLaneConfig) -> Self {
        Self(Kind::Io(config))
    }
}

impl From<CpuLaneConfig> for LaneSpec {
    fn from(config: CpuLaneConfig) -> Self {
        Self(Kind::Cpu(config))
    }
}

impl From<BlockingLaneConfig> for LaneSpec {
    fn from(config: BlockingLaneConfig) -> Self {
        Self(Kind::Blocking(config))
    }
}
