//! Owns what a request does once it has a place: wait, or compute. Never knows of HTTP or of lanes.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use workyard::TaskContext;

/// Stands for what another service is asked for, and takes its time to answer.
pub(super) async fn page(delay: Duration) -> Vec<u8> {
    tokio::time::sleep(delay).await;
    format!("a page that took {} ms\n", delay.as_millis()).into_bytes()
}

/// The SHA-256 of `bytes`, and of that again, for so many rounds, at least one; in hexadecimal digits. `None` if it was told to
/// stop.
pub(super) fn digest(bytes: &[u8], rounds: u32, ctx: &TaskContext) -> Option<String> {
    let mut digest = Sha256::digest(bytes);
    for round in 1..rounds {
        if round % ROUNDS_BETWEEN_LOOKS == 0 && ctx.is_cancelled() {
            return None;
        }
        digest = Sha256::digest(digest);
    }
    Some(hex(&digest))
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// What cannot be done, and whose message is for the log only.
#[expect(clippy::panic, reason = "to see what becomes of it")]
pub(super) fn defect() {
    panic!("cannot read the row of user 42");
}

/// Some microseconds' worth.
const ROUNDS_BETWEEN_LOOKS: u32 = 64;
