//! Which waiting task starts next: one file a discipline, all over the same links.
//!
//! Every operation is O(1), also the removal of a task from the middle: a cancelled task frees its place at once.

mod fifo;
mod lifo;
mod links;
mod priority;
mod waiting;

pub(crate) use links::{Dated, Line, Link, Linked, Links};
pub(crate) use waiting::Waiting;
