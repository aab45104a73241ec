//! What is shown of the progress of a piece of work, and when: counts, a rate, an estimate, and their words.
//!
//! It draws nothing and reads no clock and no environment; the `workyard` crate does, and asks here.

mod environment;
mod frames;
mod json;
mod lines;
mod meter;
mod rate;
mod tally;
mod text;
mod units;

pub use environment::{Environment, Mode};
pub use frames::Frames;
pub use json::json_line;
pub use meter::{Meter, State, View};
pub use tally::Tally;
pub use text::{beside_bar, line, shown_name};
