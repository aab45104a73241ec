//! Is cpu work kept away from what waits? The lateness of a 1 ms ticker of an async service while the cpu lane is full, by
//! the lane's nice value, beside an idle service and a plain rayon pool; and what a nice value costs in throughput.

mod bench;
mod lateness;
mod load;
mod report;
mod service;
mod throughput;

pub(crate) use bench::{run, sample};
