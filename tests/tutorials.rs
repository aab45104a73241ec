//! The example program `tutorials` as a user runs it: each test begins with the row that it checks. Owns no helper; those are in
//! `common`.
#![cfg(test)]

#[path = "tutorials/common.rs"]
mod common;
#[path = "tutorials/locks.rs"]
mod locks;
#[path = "tutorials/numbers.rs"]
mod numbers;
#[path = "tutorials/options.rs"]
mod options;
#[path = "tutorials/pools.rs"]
mod pools;
#[path = "tutorials/queues.rs"]
mod queues;
#[path = "tutorials/stopping.rs"]
mod stopping;
#[path = "tutorials/threads.rs"]
mod threads;
#[path = "tutorials/timers.rs"]
mod timers;
