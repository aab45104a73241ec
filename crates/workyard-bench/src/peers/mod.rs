//! What does workyard cost, beside what people would write instead? Each group has the same work done in several ways: tasks
//! submitted one by one, maps, how long the ones wait for the others, and queues. One way is what nobody would write: a lane without guarantees.

mod allocations;
mod bare;
mod bench;
#[cfg(feature = "allocations")]
mod counting;
mod cpu;
mod cpu_submit;
mod group;
mod idle;
mod integrate;
mod io;
mod latency;
mod memory;
mod queue;
mod queue_priority;
mod report;
mod requests;
mod runtime;
mod scaling;
mod single;
mod submit;
mod timers;
mod two_by_two;

pub(crate) use bench::{run, sample};
#[cfg(test)]
pub(crate) use group::GROUPS;
pub(crate) use group::Group;
