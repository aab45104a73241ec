//! Tests of `workyard::sync` through its public surface: the event and the condition, and what those who share something rely on.
#![cfg(test)]

#[path = "sync/at_once.rs"]
mod at_once;
#[path = "sync/by_hand.rs"]
mod by_hand;
#[path = "sync/condition.rs"]
mod condition;
#[path = "sync/event.rs"]
mod event;
#[path = "common/run.rs"]
mod run;
#[path = "sync/shared.rs"]
mod shared;
#[path = "sync/stress.rs"]
mod stress;
