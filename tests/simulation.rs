//! The deterministic mode: what a test in a simulation may count on. Never looks at how a simulation does it.
#![cfg(test)]

#[path = "simulation/day.rs"]
mod day;
#[path = "simulation/dropped.rs"]
mod dropped;
#[path = "simulation/lifecycles.rs"]
mod lifecycles;
#[path = "simulation/replay.rs"]
mod replay;
#[path = "simulation/retries.rs"]
mod retries;
#[path = "simulation/sweep.rs"]
mod sweep;
#[path = "simulation/time.rs"]
mod time;
