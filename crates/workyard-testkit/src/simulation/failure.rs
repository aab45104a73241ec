//! Owns what is told of a simulation that failed. Never decides that it did.

use std::fmt;
use std::time::Duration;

use super::log::EventLog;

/// A simulation that failed: with which seed, why, and what happened before.
///
/// Displayed, it has all three, with the last events, and says how to replay it.
#[derive(Debug)]
pub struct SimulationError {
    pub(super) seed: u64,
    pub(super) kind: SimulationErrorKind,
    pub(super) at: Duration,
    pub(super) log: EventLog,
}

/// Why a simulation failed.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SimulationErrorKind {
    /// The test, or a future that it gave to [`Sim::spawn`](super::Sim::spawn), panicked, with this message.
    Panicked(String),
    /// The test had not ended when this much virtual time had passed. Where nothing can go on any more, that is at once.
    NoEnd(Duration),
    /// The test had not ended after so many steps.
    TooManySteps(u64),
}

impl SimulationError {
    /// The seed.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Why it failed.
    pub const fn kind(&self) -> &SimulationErrorKind {
        &self.kind
    }

    /// What happened until then.
    pub const fn log(&self) -> &EventLog {
        &self.log
    }
}

impl fmt::Display for SimulationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, kind, at, log } = self;
        write!(f, "the simulation with seed {seed} failed after {:.3} s of virtual time: ", at.as_secs_f64())?;
        match kind {
            SimulationErrorKind::Panicked(message) => writeln!(f, "{message}")?,
            SimulationErrorKind::NoEnd(limit) => {
                writeln!(f, "it had not ended after {limit:?} of virtual time: it may wait for what never comes")?;
            }
            SimulationErrorKind::TooManySteps(steps) => writeln!(f, "it had not ended after {steps} steps")?,
        }
        write!(f, "{}replay with WORKYARD_SEED={seed}", log.tail(LAST))
    }
}

impl std::error::Error for SimulationError {}

/// How many events a failure tells of.
const LAST: usize = 24;
