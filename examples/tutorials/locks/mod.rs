//! Locks: taken, refused, given back after an error; and counters that several change.

mod s11_with_lock;
mod s12_one_at_a_time;
mod s13_try_lock;
mod s28_counter;
mod s61_balance;

pub(crate) use s11_with_lock::S11;
pub(crate) use s12_one_at_a_time::S12;
pub(crate) use s13_try_lock::S13;
pub(crate) use s28_counter::S28;
pub(crate) use s61_balance::{S61, S62};
