//! Threads: their names, their output, their waits, their beginning and their end.

mod s09_hello;
mod s10_class;
mod s22_unused;
mod s24_both;
mod s27_waits;
mod s30_initializer;
mod s33_bye;

pub(crate) use s09_hello::S09;
pub(crate) use s10_class::S10;
pub(crate) use s22_unused::S22;
pub(crate) use s24_both::S24;
pub(crate) use s27_waits::S27;
pub(crate) use s30_initializer::S30;
pub(crate) use s33_bye::S33;
