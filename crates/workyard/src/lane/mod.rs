//! Lanes: a bounded queue, a limit on what runs at once, and an executor. The only place that spawns tasks.

mod arrivals;
mod attempts;
mod blocking;
mod closure;
mod config;
mod cpu;
mod cpu_threads;
mod drivers;
mod effects;
mod end;
mod executor;
mod guard;
mod io;
mod look;
mod methods;
mod nested;
mod options;
mod retry;
mod runner;
mod shared;
mod stack;
mod submit;
mod submit_error;
mod tell;
mod wakes;
mod ways;
mod workers;

pub use blocking::BlockingLane;
pub use config::{BlockingLaneConfig, CpuLaneConfig, IoLaneConfig, Lane, LaneSpec};
pub use cpu::CpuLane;
pub use io::IoLane;
pub use options::{ClosureTask, Fallible, FutureTask, Retried, Value};
pub use submit::{Run, Submit, SubmitTimeout};
pub use submit_error::SubmitError;

pub(crate) use config::Kind;
pub(crate) use cpu_threads::CpuThreads;
pub(crate) use executor::Executor;
pub(crate) use guard::Guard;
pub(crate) use look::LaneLook;
pub(crate) use shared::LaneShared;
pub(crate) use stack::{has_stack_left, is_cpu_thread};
pub(crate) use submit_error::Refused;
