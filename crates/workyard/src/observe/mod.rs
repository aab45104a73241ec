//! Seeing inside: reads what the lanes know, decides nothing.

mod snapshot;
mod span;
mod unobserved;

pub use snapshot::{LaneSnapshot, Snapshot, TaskInfo};

pub(crate) use span::{Closing, TaskSpan, inside};
pub(crate) use unobserved::Unobserved;
