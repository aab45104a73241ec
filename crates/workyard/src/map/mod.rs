//! One function over many inputs: Python's `Pool.map` and its family, on any lane.
//!
//! Three parts, and each knows the next by one thing only. The *consumer* ([`consumer`]) is polled by who wants the results: it
//! pulls inputs, as far as the window allows, and sees that enough runners are at work. The *exchange* ([`exchange`]) is what lies
//! between. The *runners* ([`closures`], [`futures`]) are tasks of the lane: they take inputs in batches, so that a tiny item costs
//! next to nothing, and answer for each of them. Where items are tried again ([`retried`]), each is a task, and there is no exchange.

mod alarm;
mod builder;
mod closures;
mod collect;
mod consumer;
mod driven;
mod driver;
mod each;
mod error;
mod exchange;
mod fold;
mod futures;
mod inbox;
mod lanes;
mod load;
#[cfg(all(test, workyard_loom))]
mod loom_tests;
mod pipeline;
mod places;
mod results;
mod retried;
mod rounds;
mod shown;
mod source;
mod spec;
mod stage;
mod station;
mod stream;
mod turn;

pub use builder::Map;
pub use collect::{MapFuture, Settle};
pub use error::MapError;
pub use fold::{Fold, ForEach, Sum};
pub use pipeline::LaneStreamExt;
pub use retried::{RetriedFuture, RetriedMap, RetriedSettle, RetriedStream};
pub use stage::{Stage, StageIter};
pub use stream::{MapIter, MapStream};
