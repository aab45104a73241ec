//! Timers on every lane: when they fire and in which order, what becomes of ticks that come too late or too early, of full lanes,
//! of failures, and what is left at the end. On tokio's paused clock, so to the millisecond.
#![cfg(test)]

#[path = "schedule/common.rs"]
mod common;
#[path = "schedule/cron.rs"]
mod cron;
#[path = "common/ended.rs"]
mod ended;
#[path = "schedule/ends.rs"]
mod ends;
#[path = "schedule/failures.rs"]
mod failures;
#[path = "schedule/full_lane.rs"]
mod full_lane;
#[path = "schedule/many.rs"]
mod many;
#[path = "schedule/missed.rs"]
mod missed;
#[path = "schedule/once.rs"]
mod once;
#[path = "schedule/overlap.rs"]
mod overlap;
#[path = "schedule/quiet.rs"]
mod quiet;
#[path = "schedule/ticks.rs"]
mod ticks;
