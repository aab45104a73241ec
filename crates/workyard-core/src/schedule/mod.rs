//! The decisions about time: which timer is due next, and what a schedule does with a due time that comes late or too early.

mod account;
mod due_key;
mod due_order;
mod even;
mod recurrence;

pub use account::TimerAccount;
pub use due_key::DueKey;
pub use due_order::DueOrder;
pub use even::Even;
pub use recurrence::{Due, Following, Missed, Overlap, Recurrence, Verdict};
