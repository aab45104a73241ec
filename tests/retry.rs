//! Tasks that are tried again: what is and what is not, when, at what price, and how they end. On tokio's paused clock, so to the
//! millisecond.
#![cfg(test)]

#[path = "retry/attempts.rs"]
mod attempts;
#[path = "retry/backoff.rs"]
mod backoff;
#[path = "retry/budget.rs"]
mod budget;
#[path = "retry/common.rs"]
mod common;
#[path = "common/ended.rs"]
mod ended;
#[path = "retry/maps.rs"]
mod maps;
#[path = "retry/settings.rs"]
mod settings;
#[path = "retry/stops.rs"]
mod stops;
#[path = "retry/storm.rs"]
mod storm;
#[path = "retry/ticks.rs"]
mod ticks;
