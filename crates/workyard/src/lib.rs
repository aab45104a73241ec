//! Placeholder
mod block_on;
mod machine;
pub mod queue;
#[cfg_attr(not(test), expect(dead_code, reason = "for the threads of the CPU lane"))]
mod thread_priority;

pub use machine::{Machine, machine};
