//! Owns the failures that nobody looked at: counted always, and a panic logged, but no more than ten a second. Those that
//! were not logged are named by the next record, a second later at most, or by the end of the yard.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use workyard_core::RateLimit;

use crate::lane::LaneShared;
use crate::observe::record;
use crate::task::header::Header;
use crate::task::{Name, Origin, Payload, TaskEnded, TaskError, TaskErrorKind, TaskId};

/// How many panics of one lane are logged a second.
const RECORDS_A_SECOND: u32 = 10;

/// When those are named that were not logged, if nothing else is by then.
const REST_AFTER: Duration = Duration::from_secs(1);

/// The unobserved failures of one lane.
#[derive(Debug)]
pub(crate) struct Unobserved {
    failures: AtomicU64,
    records: Mutex<Records>,
}

#[derive(Debug)]
struct Records {
    limit: RateLimit,
    /// Whether the number of those held back is going to be told.
    rest_follows: bool,
}

impl Default for Unobserved {
    fn default() -> Self {
        let records = Records { limit: RateLimit::new(RECORDS_A_SECOND), rest_follows: false };
        Self { failures: AtomicU64::new(0), records: Mutex::new(records) }
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
            self.record(&About::task(header), message, "a task panicked, and nobody looked at its result");
        }
    }

    /// The body of a task ended with this error after the task had been answered. An `Err` that it returned is what comes of
    /// telling it to stop; a panic is not.
    pub(crate) fn note_late(&self, header: &Header, error: &TaskError) {
        if let Some(message) = error.panic_message() {
            self.failures.fetch_add(1, Ordering::Relaxed);
            self.record(&About::task(header), message, "the body of a task panicked after its handle was answered");
        }
    }

    /// A `Drop` of the user's panicked in the lane's hands.
    pub(crate) fn note_drop_panic(&self, header: &Header, payload: &Payload) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.record(&About::task(header), &payload.message(), "dropping what belonged to a task panicked");
    }

    /// Nobody will look at what became of an item of a map.
    pub(crate) fn note_item(&self, lane: &Arc<LaneShared>, error: &TaskError) {
        if !matches!(error.kind(), TaskErrorKind::Cancelled | TaskErrorKind::Refused) {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(message) = error.panic_message() {
            let about = About { id: None, name: error.name(), lane, site: error.submitted_at() };
            self.record(&about, message, "an item of a map panicked, and nobody looked at its result");
        }
    }

    /// A `Drop` of what belongs to a map panicked in the lane's hands.
    pub(crate) fn note_item_drop_panic(&self, lane: &Arc<LaneShared>, origin: &Origin, payload: &Payload) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let about = About { id: None, name: origin.name.as_ref().map(Name::as_str), lane, site: origin.site };
        self.record(&about, &payload.message(), "dropping what belonged to a map panicked");
    }

    /// A `Drop` of what belonged to a timer panicked.
    pub(crate) fn note_timer_drop_panic(
        &self,
        lane: &Arc<LaneShared>,
        name: Option<&Name>,
        site: &'static Location<'static>,
        payload: &Payload,
    ) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let about = About { id: None, name: name.map(Name::as_str), lane, site };
        self.record(&about, &payload.message(), "dropping what belonged to a timer panicked");
    }

    /// A callback panicked that was told of the end of a task.
    pub(crate) fn note_callback_panic(&self, lane: &Arc<LaneShared>, ended: &TaskEnded, payload: &Payload) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let about = About { id: Some(ended.id), name: ended.name(), lane, site: ended.site };
        self.record(&about, &payload.message(), "the on_done callback of a task panicked");
    }

    /// Names how many panics were not logged, since no more may come.
    pub(crate) fn tell_rest(&self, lane: &str) {
        let held_back = self.records.lock().limit.take_held_back();
        if held_back > 0 {
            log_rest(lane, held_back);
        }
    }

    fn record(&self, about: &About<'_>, panic: &str, what: &str) {
        let (passed, tell_rest) = {
            let mut records = self.records.lock();
            let passed = records.limit.pass(about.lane.yard.clock.now());
            (passed, passed.is_none() && !std::mem::replace(&mut records.rest_follows, true))
        };
        if tell_rest {
            tell_rest_later(about.lane);
        }
        let Some(held_back) = passed else { return };
        let About { name, site: submitted_at, .. } = *about;
        let (id, lane) = (about.id.map(tracing::field::display), &*about.lane.name);
        record(|| {
            if held_back == 0 {
                tracing::error!(target: "workyard", id, name, lane, %submitted_at, panic, "{what}");
            } else {
                tracing::error!(target: "workyard", id, name, lane, %submitted_at, panic, "{what} (and {held_back} more)");
            }
        });
    }
}

/// Whose panic it was.
struct About<'a> {
    /// `None` for an item of a map, and for a timer.
    id: Option<TaskId>,
    name: Option<&'a str>,
    lane: &'a Arc<LaneShared>,
    site: &'static Location<'static>,
}

impl<'a> About<'a> {
    fn task(header: &'a Header) -> Self {
        let name = header.name().map(Name::as_str);
        Self { id: Some(header.id), name, lane: &header.lane, site: header.site }
    }
}

fn tell_rest_later(lane: &Arc<LaneShared>) {
    let (yard, lane) = (&lane.yard, Arc::downgrade(lane));
    yard.timers.later(REST_AFTER, &yard.runtime, move || {
        let Some(lane) = lane.upgrade() else { return };
        let (held_back, too_many) = {
            let mut records = lane.unobserved.records.lock();
            let held_back = records.limit.pass_held_back(lane.yard.clock.now());
            records.rest_follows = records.limit.held_back() > 0;
            (held_back, records.rest_follows)
        };
        if let Some(held_back) = held_back {
            log_rest(&lane.name, held_back);
        }
        if too_many {
            tell_rest_later(&lane);
        }
    });
}

fn log_rest(lane: &str, held_back: u64) {
    record(|| {
        tracing::error!(
            target: "workyard",
            lane,
            held_back,
            "and {held_back} more panics that nobody looked at; {RECORDS_A_SECOND} a second are logged"
        );
    });
}
