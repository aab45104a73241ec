//! Is cpu work kept away from what waits? The lateness of a 1 ms ticker of an async service while the cpu lane is full, with
//! its threads as usual and in the background, beside an idle service and a plain rayon pool; and what the background costs in
//! throughput.

mod bench;
mod lateness;
mod load;
mod policy;
mod report;
mod selection;
mod service;
mod throughput;

pub(crate) use bench::{run, sample};
pub(crate) use selection::Selection;
