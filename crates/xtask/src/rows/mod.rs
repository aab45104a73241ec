//! The rows of the tutorials that this repository answers, and the evidence for each: `docs/rows.txt`, checked.

mod check;
mod documents;
mod evidence;
mod known;
mod run;
mod table;

pub(crate) use run::{print, run};
