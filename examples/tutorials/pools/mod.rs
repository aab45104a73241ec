//! The family of `Pool`: one function over many inputs, or one call after the other. On threads; worker processes are not built yet.

mod s04_starmap;
mod s06_enhanced;
mod s23_verbs;
mod s46_squares;
mod s47_who_is_free;
mod s48_apply;

pub(crate) use s04_starmap::{S04, S05};
pub(crate) use s06_enhanced::{S06, S07};
pub(crate) use s23_verbs::S23;
pub(crate) use s46_squares::S46;
pub(crate) use s47_who_is_free::S47;
pub(crate) use s48_apply::{S48, S49, S50};
