//! Counting lines, words and bytes of files as `wc` does: producers read pieces, consumers have them counted on the cpu
//! lane, and the counts are put together in the order of the files.

mod count;
mod counter;
mod in_order;
mod layout;
mod quote;
mod reader;
mod run;
mod source;

pub(crate) use run::{Workers, run};
