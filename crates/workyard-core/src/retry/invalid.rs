//! Owns what is said of a setting of retries that is refused. Never decides what is allowed: each setting does.

use std::fmt;
use std::time::Duration;

/// A setting of retries outside of what is allowed.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum InvalidRetry {
    /// A whole number is out of its range.
    Count {
        /// The setting's name, as the builder spells it.
        setting: &'static str,
        /// What was asked for.
        value: u32,
        /// The least that may be asked for.
        least: u32,
        /// The most that may be asked for.
        most: u32,
    },
    /// A number is out of its range, or not a number.
    Number {
        /// The setting's name, as the builder spells it.
        setting: &'static str,
        /// What was asked for.
        value: f64,
        /// The least that may be asked for.
        least: f64,
        /// The most that may be asked for.
        most: f64,
    },
    /// A time is out of its range.
    Time {
        /// The setting's name, as the builder spells it.
        setting: &'static str,
        /// What was asked for.
        value: Duration,
        /// The least that may be asked for.
        least: Duration,
        /// The most that may be asked for.
        most: Duration,
    },
}

impl InvalidRetry {
    /// The name of the setting, as the builder spells it.
    pub const fn setting(&self) -> &'static str {
        match self {
            Self::Count { setting, .. } | Self::Number { setting, .. } | Self::Time { setting, .. } => setting,
        }
    }
}

impl fmt::Display for InvalidRetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { setting, value, least, most } => {
                write!(f, "{setting} is {value}, allowed is {least} to {most}")
            }
            Self::Number { setting, value, least, most } => {
                write!(f, "{setting} is {value}, allowed is {least} to {most}")
            }
            Self::Time { setting, value, least, most } => {
                write!(f, "{setting} is {value:?}, allowed is {least:?} to {most:?}")
            }
        }
    }
}

impl std::error::Error for InvalidRetry {}

pub(super) fn check_count(setting: &'static str, value: u32, least: u32, most: u32) -> Result<(), InvalidRetry> {
    let error = InvalidRetry::Count { setting, value, least, most };
    if (least..=most).contains(&value) { Ok(()) } else { Err(error) }
}

/// Refuses what is not a number, too: no range contains it.
pub(super) fn check_number(setting: &'static str, value: f64, least: f64, most: f64) -> Result<(), InvalidRetry> {
    let error = InvalidRetry::Number { setting, value, least, most };
    if (least..=most).contains(&value) { Ok(()) } else { Err(error) }
}

pub(super) fn check_time(
    setting: &'static str,
    value: Duration,
    least: Duration,
    most: Duration,
) -> Result<(), InvalidRetry> {
    let error = InvalidRetry::Time { setting, value, least, most };
    if (least..=most).contains(&value) { Ok(()) } else { Err(error) }
}
