//! Seeing inside: reads what the lanes know, decides nothing.

use crate::task::call_foreign;

mod snapshot;
mod span;
mod unobserved;
mod watchdog;

pub use snapshot::{LaneSnapshot, Snapshot, TaskInfo};
pub use watchdog::{Alarm, AlarmKind};

/// Makes a record. Who listens to it is foreign code, and may panic.
#[inline]
pub(crate) fn record(make: impl FnOnce()) {
    call_foreign(make);
}

pub(crate) use span::{AttemptSpan, Closing, TaskSpan, inside};
pub(crate) use unobserved::Unobserved;
pub(crate) use watchdog::{Stirs, Watchdog, at_work, in_poll};
