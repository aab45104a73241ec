//! Owns the failures that nobody looked at: counted always, and a panic logged, but no more than ten a second.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use workyard_core::RateLimit;

use crate::task::header::Header;
use crate::task::{Name, Payload, TaskError, TaskErrorKind};

/// How many panics of one lane are logged a second.
const RECORDS_A_SECOND: u32 = 10;

/// The unobserved failures of one lane.
#[derive(Debug)]
pub(crate) struct Unobserved {
    failures: AtomicU64,
    records: Mutex<RateLimit>,
}

impl Default for Unobserved {
    fn default() -> Self {
        Self { failures: AtomicU64::new(0), records: Mutex::new(RateLimit::new(RECORDS_A_SECOND)) }
    }
}

impl Unobserved {
    /// How many tasks ended in any way but completed or cancelled, and nobody took their result.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Nobody will look at this error.
    pub(crate) fn note(&self, header: &Header, error: &TaskError) {
        if error.kind() != TaskErrorKind::Cancelled {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(message) = error.panic_message() {
            self.record(header, message, "a task panicked, and nobody looked at its result");
        }
    }

    /// A `Drop` of the user's panicked in the lane's hands.
    pub(crate) fn note_drop_panic(&self, header: &Header, payload: &Payload) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.record(header, &payload.message(), "dropping what belonged to a task panicked");
    }

    fn record(&self, header: &Header, panic: &str, what: &str) {
        let passed = self.records.lock().pass(header.lane.yard.clock.now());
        let Some(held_back) = passed else { return };
        let (id, name, lane) = (header.id, header.name.as_ref().map(Name::as_str), &*header.lane.name);
        let submitted_at = header.site;
        if held_back == 0 {
            tracing::error!(target: "workyard", %id, name, lane, %submitted_at, panic, "{what}");
        } else {
            tracing::error!(target: "workyard", %id, name, lane, %submitted_at, panic, "{what} (and {held_back} more)");
        }
    }
}
