//! What is tried again, how often and when: the policy that tasks, maps and ticks are given.

mod budget;
mod builder;
mod policy;

pub use budget::RetryBudget;
pub use builder::RetryBuilder;
pub use policy::Retry;

pub(crate) use policy::Failure;
