//! Owns what a timer is made of: what it is called, and how its work enters a lane. Never knows when.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use workyard_core::{DueKey, Moment, Priority, Recurrence, Verdict};

use crate::lane::LaneShared;
use crate::retry::Retry;
use crate::schedule::pace::Pace;
use crate::schedule::tick::{EndOfTick, Seed};
use crate::task::header::Options;
use crate::task::{Name, Payload, drop_caught};

/// Waits for room in a lane, once it is polled: whether the lane has let the work in. Until then it does nothing but hold the work.
pub(super) type Entering = Pin<Box<dyn Future<Output = bool> + Send>>;

/// Makes what enters the lane at each tick.
pub(super) type MakeTick = dyn Fn(Options, Seed, EndOfTick) -> Entering + Send + Sync;

/// What is known of a timer.
#[derive(Clone)]
pub(super) struct About {
    pub(super) name: Option<Name>,
    pub(super) site: &'static Location<'static>,
    pub(super) priority: Priority,
    pub(super) timeout: Option<Duration>,
    pub(super) retry: Option<Retry>,
    pub(super) lane: Arc<LaneShared>,
}

/// Work on its way into a lane.
pub(super) struct Entry {
    pub(super) about: About,
    pub(super) entering: Entering,
    /// Whether it is a tick of a series, and not a timer of its own.
    pub(super) is_tick: bool,
}

/// A timer that fires again and again.
pub(super) struct Series {
    pub(super) about: About,
    pub(super) recurrence: Recurrence,
    pub(super) pace: Pace,
    pub(super) make: Arc<MakeTick>,
    /// Its place among the due times; none while it is held.
    pub(super) due: Option<DueKey>,
    /// The place of its tick in the line before a full lane.
    pub(super) in_line: Option<DueKey>,
}

/// What stands among the due times.
pub(super) enum Waiting {
    Once(Entry),
    /// One of the series, by its number.
    Series,
}

/// What a timer leaves behind: a user's values, which are dropped when no lock is held.
#[must_use = "to be dropped by `clear`"]
pub(super) enum Left {
    Entry(Entry),
    Series(Box<Series>),
}

impl Series {
    /// Its due time has come: what to do, and when to ask again.
    pub(super) fn due(&mut self, now: Moment) -> (Verdict, Moment) {
        self.pace.due(&mut self.recurrence, now)
    }
}

impl About {
    pub(super) fn options(&self) -> Options {
        let mut options = Options::at(self.site).with_priority(self.priority).named(self.name.clone());
        if self.timeout.is_some() {
            options.rare().limits().timeout = self.timeout;
        }
        if let Some(retry) = &self.retry {
            options.retry(retry.clone());
        }
        options
    }
}

impl About {
    /// Drops what is the user's; a panic of its `Drop` is reported.
    pub(super) fn drop_value<V>(&self, value: V) {
        if let Err(payload) = drop_caught(value) {
            self.report_drop_panic(&payload);
        }
    }

    pub(super) fn report_drop_panic(&self, payload: &Payload) {
        self.lane.unobserved.note_timer_drop_panic(&self.lane, self.name.as_ref(), self.site, payload);
    }
}

impl Left {
    pub(super) fn clear(self) {
        match self {
            Self::Entry(Entry { about, entering, .. }) => about.drop_value(entering),
            Self::Series(series) => {
                let Series { about, make, .. } = *series;
                about.drop_value(make);
            }
        }
    }
}
