//! The deterministic mode: what a test in a simulation may count on. Never looks at how a simulation does it.
#![cfg(test)]

#[path = "simulation/lifecycles.rs"]
mod lifecycles;
#[path = "simulation/replay.rs"]
mod replay;
#[path = "simulation/time.rs"]
mod time;
