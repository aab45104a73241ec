//! Placeholder
mod block_on;
pub mod queue;
