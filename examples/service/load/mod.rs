//! The load: `run` is its course from idle to the last answer; `clients` ask for work, `probe` for health, and `look` sees what
//! the lanes do meanwhile; `http` is how they ask, `route` what, and `tally` what came of it.
//!
//! It is made of plain threads that block, one for each client: so nothing that it measures is its own queueing.

mod clients;
mod http;
mod look;
mod probe;
mod route;
mod run;
mod tally;

pub(crate) use look::Looks;
pub(crate) use run::{Found, run, start};
pub(crate) use tally::Sum;
