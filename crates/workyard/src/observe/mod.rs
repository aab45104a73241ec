//! Seeing inside: reads what the lanes know, decides nothing.

mod record;
mod snapshot;
mod span;
mod unobserved;
mod watchdog;

pub use snapshot::{LaneSnapshot, Snapshot, TaskInfo};
pub use watchdog::{Alarm, AlarmKind};

pub(crate) use record::record;
pub(crate) use span::{AttemptSpan, Closing, TaskSpan, inside};
pub(crate) use unobserved::Unobserved;
pub(crate) use watchdog::{Stirs, Watchdog, at_work, in_poll};
