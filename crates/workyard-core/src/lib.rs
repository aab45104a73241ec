//! The decisions of the workyard scheduler, as plain values.
//!
//! Nothing here reads a clock, starts a thread, touches an atomic or knows an async runtime: `now` is an argument, and
//! every method returns a value that says what to do. The lanes of the `workyard` crate do it.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::wildcard_enum_match_arm)]

mod chunks;
mod config;
mod drivers;
mod histogram;
mod lane_policy;
mod ledger;
mod moment;
mod mutants;
mod order;
mod patience;
mod priority;
pub mod progress;
mod rate_limit;
mod reason;
mod retry;
mod schedule;
mod short_bodies;
mod slots;
mod tally;
mod task_state;
mod wait_graph;
mod watchdog;

pub use chunks::ChunkSize;
pub use config::{LaneConfig, OutOfRange, check};
pub use drivers::{DriverCall, Drivers, Hand, Look};
pub use histogram::Percentiles;
pub use lane_policy::{Ending, LaneCounts, LanePolicy, Refusal, Slot, Ticket};
pub use ledger::{Grouped, Ledger};
pub use moment::Moment;
#[cfg(workyard_mutants)]
#[doc(hidden)]
pub use mutants::is_planted;
pub use patience::patience;
pub use priority::{Ageing, Order, Priority};
pub use rate_limit::RateLimit;
pub use reason::Reason;
pub use retry::{Attempt, Backoff, Chance, GaveUp, InvalidRetry, NextAttempt, RetryBudget, RetryPolicy};
pub use schedule::{Due, DueKey, DueOrder, Even, Following, Missed, Overlap, Recurrence, TimerAccount, Verdict};
pub use short_bodies::ShortBodies;
pub use tally::Tally;
pub use task_state::{IllegalStep, Outcome, Step, TaskState, life_of_a_task};
pub use wait_graph::{Awaited, WaitGraph};
pub use watchdog::{NextLook, Watchdog};
