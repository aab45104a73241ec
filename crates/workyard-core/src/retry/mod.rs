//! The decisions about attempts: whether there is a next one, when, and how many all callers together may make.

mod backoff;
mod budget;
mod chance;
mod invalid;
mod policy;

pub use backoff::Backoff;
pub use budget::RetryBudget;
pub use chance::Chance;
pub use invalid::InvalidRetry;
pub use policy::{Attempt, GaveUp, NextAttempt, RetryPolicy};
