//! What a yard does to its whole process: memory that grows, threads that stay, a system that gives no more. Each test is in a process
//! of its own, which this one starts with nothing but that test in it.
#![cfg(test)]

#[path = "chaos/alone.rs"]
mod alone;
#[path = "common/run.rs"]
mod run;

#[path = "chaos/memory.rs"]
mod memory;
#[path = "chaos/shortage.rs"]
mod shortage;
#[path = "chaos/threads.rs"]
mod threads;
