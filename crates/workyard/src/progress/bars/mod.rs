//! The bars on a terminal. Only these files know indicatif, which draws them.

mod canvas;
mod row;
mod terminal;

pub(super) use canvas::Bars;
