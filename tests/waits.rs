//! Waits of tasks for tasks where the way to what is awaited is long: over several lanes, through sets of handles, in the stack of
//! another task, or around in a circle that closes late. Nobody hangs, and only who can never go on is told so.
#![cfg(test)]

#[path = "waits/circles.rs"]
mod circles;
#[path = "waits/common.rs"]
mod common;
#[path = "waits/groups.rs"]
mod groups;
#[path = "waits/handles.rs"]
mod handles;
#[path = "waits/lanes.rs"]
mod lanes;
#[path = "waits/room.rs"]
mod room;
#[path = "common/run.rs"]
mod run;
#[path = "waits/stacks.rs"]
mod stacks;
