//! The toy program: producers and consumers around one bounded queue, and the account of every item.

mod account;
mod consumer;
mod producer;
mod run;

pub(crate) use account::Account;
pub(crate) use run::{Settings, run};
