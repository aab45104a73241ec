//! What does an item of a map cost, beside what people would write instead? Tiny futures, tiny closures, one thing
//! after the other, long chunks, how long items wait for others of the same map, and how often they allocate.

mod allocations;
mod bench;
#[cfg(feature = "allocations")]
mod counting;
mod cpu;
mod group;
mod integrate;
mod io;
mod latency;
mod report;
mod runtime;
mod single;

pub(crate) use bench::{run, sample};
#[cfg(test)]
pub(crate) use group::GROUPS;
pub(crate) use group::Group;
