//! Tests of `workyard::Group` through its public surface.
#![cfg(test)]

#[path = "group/collect.rs"]
mod collect;
#[path = "group/common.rs"]
mod common;
#[path = "group/end.rs"]
mod end;
#[path = "group/submit.rs"]
mod submit;
#[path = "group/wait.rs"]
mod wait;
#[path = "group/waiters.rs"]
mod waiters;
