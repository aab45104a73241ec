//! What every bench needs: samples in processes of their own, rounds in which variants take turns, medians and ratios with
//! intervals, Markdown.

mod machine;
mod markdown;
mod meter;
mod rounds;
mod sample;
mod statistics;

pub(crate) use machine::{load, this_machine};
pub(crate) use markdown::Table;
pub(crate) use meter::{Meter, Used};
pub(crate) use rounds::{Effort, Rounds, Variant};
pub(crate) use sample::Sample;
pub(crate) use statistics::{Summary, quantile};
