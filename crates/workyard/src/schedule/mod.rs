//! Timers: what a lane is given later, once or again and again.

#[cfg(feature = "cron")]
mod calendar;
mod entry;
mod every;
mod info;
mod lane_timers;
mod once;
mod options;
mod pace;
mod shared;
mod sleeper;
mod state;
mod tick;
mod timer;
mod unmade;

#[cfg(feature = "cron")]
pub use calendar::CronError;
pub use every::Every;
pub use info::{TimerInfo, TimerKind};
pub use once::After;
pub use tick::Tick;
pub use timer::Timer;

pub(crate) use options::Targets;
pub(crate) use shared::Schedule;
