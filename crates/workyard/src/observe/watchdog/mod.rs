//! The watchdog of a yard: it tells of what does not go on, and lets everything go on as it does.

mod alarm;
mod beats;
mod suspects;
mod thread;

pub use alarm::{Alarm, AlarmKind};

pub(crate) use beats::{Stirs, at_work, in_poll};
pub(crate) use thread::Watchdog;
