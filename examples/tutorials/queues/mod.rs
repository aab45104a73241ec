//! Queues: one item, a few in order, producers and consumers in any number, and their ends.

mod s14_one_item;
mod s15_skeleton;
mod s29_stop;
mod s32_owner;
mod s52_colours;
mod s53_results;
mod s54_one_to_one;
mod s56_many_to_many;

pub(crate) use s14_one_item::S14;
pub(crate) use s15_skeleton::S15;
pub(crate) use s29_stop::S29;
pub(crate) use s32_owner::S32;
pub(crate) use s52_colours::S52;
pub(crate) use s53_results::S53;
pub(crate) use s54_one_to_one::S54;
pub(crate) use s56_many_to_many::{S56, S63};
