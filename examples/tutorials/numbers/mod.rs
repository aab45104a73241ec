//! What computes: an integral, factorials, e.

mod s08_integral;
mod s25_factorials;
mod s35_until_told;

pub(crate) use s08_integral::{S08, S17};
pub(crate) use s25_factorials::{S25, S26};
pub(crate) use s35_until_told::{S35, S36, S37, S38};
