//! Tests of the Pool family: `map`, `try_map` and what can come of them, on every lane.
#![cfg(test)]

#[path = "map/basics.rs"]
mod basics;
#[path = "map/lanes.rs"]
mod lanes;
#[path = "map/pipelines.rs"]
mod pipelines;
#[path = "map/progress.rs"]
mod progress;
#[path = "common/run.rs"]
mod run;
