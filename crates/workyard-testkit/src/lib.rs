//! What tests of `workyard`, and of programs built on it, need beside an assertion.
//!
//! | to | use |
//! |---|---|
//! | wait for something without sleeping and hoping | [`wait_for`], [`wait_for_async`] |
//! | choose at random, and repeat the same choices | [`seeds()`], [`Rng`], [`SeedOnPanic`] |
//! | see that nothing is left behind | [`Residue`], [`threads_named`] |
//! | see how much runs at once, and that values are dropped | [`Gauge`], [`DropCounter`] |
//! | run a built program as a user does | [`Program`] |
//! | say that a check could not run here | [`not_run()`] |
//! | have threads of which one runs at a time hand over fast | [`keep_to_cpu`] |
//! | run a whole program on a virtual clock, in an order that a seed decides | `simulate` (feature `simulation`) |
//!
//! Without the feature `simulation` it depends on no async runtime, and knows nothing of `workyard` itself. It is the one crate that
//! reads the environment: `WORKYARD_SEED` and `WORKYARD_SEEDS`, in [`seeds()`].
#![forbid(unsafe_code)]

mod cpus;
mod drop_counter;
mod gauge;
mod not_run;
mod program;
mod residue;
mod rng;
mod seeds;
#[cfg(feature = "simulation")]
pub mod simulation;
#[cfg(test)]
mod test_panic;
mod wait;

pub use cpus::keep_to_cpu;
pub use drop_counter::{DropCounter, Payload};
pub use gauge::{Gauge, Inside};
pub use not_run::not_run;
#[cfg(target_os = "linux")]
pub use program::has_terminals;
pub use program::{Finished, Program, Running};
pub use residue::{Residue, threads_named};
pub use rng::Rng;
pub use seeds::{SeedOnPanic, seeds};
#[cfg(feature = "simulation")]
pub use simulation::{Sim, Simulated, Simulation, first_failure, simulate};
pub use wait::{WaitFor, wait_for, wait_for_async};

/// The programs of the page on testing.
#[cfg(all(doctest, feature = "simulation"))]
#[doc = include_str!("../../../docs/testing.md")]
struct Testing;
