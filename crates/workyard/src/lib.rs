//! A work scheduler for async services: tokio runs what waits, threads of their own run what computes, and one
//! [`Scheduler`] stands in front, which bounds it all and accounts for every task it ever accepted.
#![forbid(unsafe_code)]

mod block_on;
mod builder;
mod clock;
mod group;
mod lane;
mod machine;
mod observe;
pub mod queue;
mod report;
mod scheduler;
mod shutdown;
#[cfg(feature = "signals")]
mod signals;
mod task;
mod thread_priority;
mod timers;
mod waits;
mod yard;

pub use builder::{BuildError, Builder};
pub use group::{Group, GroupSubmit, GroupTask, JoinNext, Until, Wait};
pub use lane::{
    BlockingLane, BlockingLaneConfig, ClosureTask, CpuLane, CpuLaneConfig, Fallible, FutureTask, IoLane, IoLaneConfig,
    Lane, LaneSpec, Run, Submit, SubmitError, SubmitTimeout, Value,
};
pub use machine::{Machine, machine};
pub use observe::{LaneSnapshot, Snapshot, TaskInfo};
pub use report::Report;
pub use scheduler::{NoSuchLane, Scheduler, WeakScheduler};
pub use shutdown::{Shutdown, ShutdownFuture};
#[cfg(feature = "signals")]
pub use signals::OnSignal;
pub use task::{BoxError, Handle, TaskContext, TaskError, TaskErrorKind, TaskId, TaskRef, TaskStatus};
pub use workyard_core::{Ageing, LaneCounts, Ledger, Order, OutOfRange, Outcome, Percentiles, Priority, Reason};

/// The programs in the README, which documentation tests compile and run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
