//! Tests of the Pool family: `map`, `try_map` and what can come of them, on every lane.
#![cfg(test)]

#[path = "map/basics.rs"]
mod basics;
#[path = "map/bounds.rs"]
mod bounds;
#[path = "map/ends.rs"]
mod ends;
#[path = "map/failures.rs"]
mod failures;
#[path = "map/lanes.rs"]
mod lanes;
#[path = "map/nested.rs"]
mod nested;
#[path = "map/pipelines.rs"]
mod pipelines;
#[path = "map/polls.rs"]
mod polls;
#[path = "map/progress.rs"]
mod progress;
#[path = "map/rows.rs"]
mod rows;
#[path = "common/run.rs"]
mod run;
#[path = "map/timeouts.rs"]
mod timeouts;
