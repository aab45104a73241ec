//! An io lane has no threads to count; it has a limit.

use workyard::{IoLaneConfig, Lane};

#[cfg(fixed)]
pub fn mistake() -> IoLaneConfig {
    Lane::io().limit(8)
}

#[cfg(not(fixed))]
pub fn mistake() -> IoLaneConfig {
    Lane::io().threads(8) //~ E0599
}
