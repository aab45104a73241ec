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
        CpuLaneConfig { threads: None, nice: 0, waiting: Waiting::of(1_024) }
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
    nice: usize,
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

    /// By how much the threads yield to others, on systems where a thread has a priority of its own (Linux): 0, not at
    /// all, to 19, as much as can be. 0 by default.
    ///
    /// With 19 the slowest timers of a service (one in a thousand) are late by half to two thirds of what they are with 0, beside a
    /// full lane; tiny closures (1 µs) lose up to 29 % of their throughput, longer ones a few per cent at most. Beside other busy programs, the lane gets what those leave.
    /// `docs/performance.md` has the measurement.
    pub fn nice(mut self, nice: usize) -> Self {
        self.nice = nice;
        self
    }

    waiting_settings!();

    pub(crate) fn check(&self) -> Result<LaneConfig, OutOfRange> {
        check("nice", self.nice, 0..=19)?;
        check("threads", self.thread_count(), 1..=Self::MAX_THREADS)?;
        self.waiting.with_limit(self.thread_count())
    }

    fn thread_count(&self) -> usize {
        self.threads.unwrap_or_else(|| crate::machine().usable().get().min(Self::MAX_THREADS))
    }

    pub(crate) fn niceness(&self) -> Option<i32> {
        i32::try_from(self.nice).ok().filter(|&nice| nice > 0)
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
