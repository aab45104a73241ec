//! The load: `run` is its course from idle to the last answer, `clients` asks for work, `probe` for health; `http` is how they
//! ask, `tally` what came of it.
//!
//! It is made of plain threads that block, one for each client: so nothing that it measures is its own queueing.

mod clients;
mod http;
mod probe;
mod route;
mod run;
mod tally;

pub(crate) use run::{Found, run, start};
pub(crate) use tally::Sum;
