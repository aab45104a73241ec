//! Five mistakes of programs that share something, to be read: each test shows what goes wrong, every time and not only once in a
//! while, and then what does not. `docs/sync.md` has them in words.
//!
//! None of them is a data race, which Rust refuses to compile. They are races of a higher kind: each step is sound, and their
//! order is not.
#![cfg(test)]

#[path = "sync/by_hand.rs"]
mod by_hand;
#[path = "lessons/lock_order.rs"]
mod lock_order;
#[path = "lessons/lost_update.rs"]
mod lost_update;
#[path = "lessons/owner.rs"]
mod owner;
#[path = "common/run.rs"]
mod run;
#[path = "lessons/set_and_clear.rs"]
mod set_and_clear;
#[path = "lessons/starvation.rs"]
mod starvation;
#[path = "lessons/torn_read.rs"]
mod torn_read;
