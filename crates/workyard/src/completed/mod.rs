//! Results in the order in which their tasks end: many handles as one stream.

mod lookout;
mod stream;

pub use stream::{AsCompleted, BlockingIter, Finished, as_completed};
