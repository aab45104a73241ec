//! Every decision of one lane, as one value: who is let in, who starts, who ends, and the count of it all. What runners of maps ask
//! for has a file of its own, and so has the time between two attempts.

mod policy;
mod retries;
mod runners;
mod submitters;

pub use policy::{Ending, LaneCounts, LanePolicy, Refusal, Slot, Ticket};
