//! Groups: tasks that live and die together, and whose results are collected in the order in which they come.

mod join;
mod owner;
mod shared;
mod state;
mod submit;
mod task;

pub use join::{JoinNext, Until, Wait};
pub use owner::Group;
pub use submit::GroupSubmit;
pub use task::GroupTask;
