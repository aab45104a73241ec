//! The decisions of the workyard scheduler, as plain values.
//!
//! Nothing here reads a clock, starts a thread, touches an atomic or knows an async runtime: `now` is an argument, and
//! every method returns a value that says what to do. The lanes of the `workyard` crate do it.
#![forbid(unsafe_code)]

mod priority;

pub use priority::{Ageing, Order, Priority};
