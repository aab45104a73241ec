//! Simulations: a test, its yards and all that they start on one virtual clock, in an order that a seed decides.
//!
//! ```
//! use std::time::Duration;
//! use workyard::Scheduler;
//! use workyard_testkit::simulate;
//! use workyard_testkit::simulation::blocking_sleep;
//!
//! let run = simulate(17, async |_sim| {
//!     let yard = Scheduler::new();
//!     let slow = yard.cpu().task("slow").timeout(Duration::from_mins(10));
//!     let error = slow.run(|| blocking_sleep(Duration::from_hours(1))).await.unwrap_err();
//!     assert_eq!(error.reason(), Some(workyard::Reason::Timeout));
//!     yard.shutdown().drain_for(Duration::from_hours(2)).await.total
//! });
//! assert_eq!(run.output.timed_out, 1);
//! assert_eq!(run.elapsed, Duration::from_hours(1));
//! ```
//!
//! The repository's `docs/testing.md` has a whole example, and says what is under control.
//!
//! # What a simulation is
//! [`simulate`] runs the test on a thread of its own. Yards that are built there find the simulation, and start nothing by themselves: the futures
//! of io lanes, the drivers, the sleepers and the supervisor of a yard are polled one at a time; closures of cpu and blocking lanes, and callbacks, run
//! one at a time as well, on threads that wait for their turn. Of all that can go on, the seed chooses what does, step by step. When nothing
//! can, the clock goes to the next timer at once: it is tokio's, paused, so all that asks tokio for the time is on it.
//!
//! A closure takes no time by itself. It goes on undisturbed until it waits for a task, a queue or a group of workyard's, looks whether it is cancelled,
//! or says that time passes ([`blocking_sleep`]) or that others may come in between ([`blocking_pause`]). Between closures the simulation lets time
//! pass now and then.
//!
//! # What it is not
//! Threads of the test's own, sockets, files, and tasks that are given to tokio itself have no place in the order; `tokio::select!` without
//! `biased` and maps with a random hasher make choices of their own; a closure that waits for another by the standard library's means
//! holds up the simulation, and fails it after a minute. `std::time` goes on as always.

mod core;
mod failure;
mod log;
mod part;
mod run;
mod sim;
mod wing;

pub use failure::{SimulationError, SimulationErrorKind};
pub use log::{Event, EventKind, EventLog};
pub use run::{Simulated, Simulation, first_failure, simulate};
pub use sim::{Sim, SimTask, blocking_pause, blocking_sleep};
