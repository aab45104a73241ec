//! Owns what a timer is made of: a task that its lane does not have yet, or what makes one when the time has come. Never knows when.

use std::collections::VecDeque;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use workyard_core::{DueKey, DueOrder, Moment, Priority, Recurrence, Ticket, Verdict};

use crate::lane::LaneShared;
use crate::retry::Retry;
use crate::schedule::lane_timers::Taken;
use crate::schedule::pace::Pace;
use crate::schedule::tick::{EndOfTick, Seed};
use crate::schedule::unmade::{self, Unmade};
use crate::task::cell::Task;
use crate::task::header::Options;
use crate::task::{Name, Payload, drop_caught};

/// Makes what enters the lane at each tick.
pub(super) type MakeTick = dyn Fn(Options, Seed, EndOfTick) -> Arc<dyn Task> + Send + Sync;

/// What is known of a timer that fires again and again.
#[derive(Clone)]
pub(super) struct About {
    pub(super) name: Option<Name>,
    pub(super) site: &'static Location<'static>,
    pub(super) priority: Priority,
    pub(super) timeout: Option<Duration>,
    pub(super) retry: Option<Retry>,
    pub(super) lane: Arc<LaneShared>,
}

/// What is due. Its lane has not let it in.
pub(super) enum Entry {
    /// A timer of its own, whose task is made when it is offered.
    Timer(Unmade),
    Made(Made),
}

/// A task that is due.
pub(super) struct Made {
    pub(super) task: Arc<dyn Task>,
    /// Whether it is a tick of a series, and not a timer of its own.
    pub(super) is_tick: bool,
}

/// One that stands in the lane's line for room. To be redeemed, or to [leave](Self::leave) the line.
pub(super) struct InLine {
    pub(super) made: Made,
    pub(super) ticket: Ticket,
}

/// What is due of one lane, on its way there, in its order.
#[derive(Default)]
pub(super) struct Batch {
    /// And whether each is a tick.
    pub(super) keys: Vec<(DueKey, bool)>,
    /// What there is to be made, before it is offered.
    entries: Vec<Entry>,
    /// Those that the lane has not taken yet, which are the last of the keys.
    pub(super) tasks: VecDeque<Arc<dyn Task>>,
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

/// What a timer leaves behind: a user's values, which are dropped when no lock is held.
#[must_use = "to be dropped by `clear`"]
pub(super) enum Left {
    Task(Taken),
    /// All of a lane that are not due.
    Timers(DueOrder<Unmade>, Arc<LaneShared>),
    Series(Box<Series>),
}

impl InLine {
    /// Leaves the line. Not under a lock.
    pub(super) fn leave(self) -> Arc<dyn Task> {
        self.made.task.header().lane.leave_line(self.ticket);
        self.made.task
    }
}

impl Batch {
    /// How many go together. Their lane's lock is held for all of them.
    const MOST: usize = 64;

    pub(super) fn has_room(&self) -> bool {
        self.keys.len() < Self::MOST
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn push(&mut self, key: DueKey, entry: Entry) {
        self.keys.push((key, entry.is_tick()));
        self.entries.push(entry);
    }

    /// Makes the tasks. Not under a lock.
    pub(super) fn make(&mut self, lane: &Arc<LaneShared>) {
        self.tasks.extend(self.entries.drain(..).map(|entry| match entry {
            Entry::Timer(unmade) => unmade.make(lane),
            Entry::Made(made) => made.task,
        }));
    }
}

impl Entry {
    pub(super) const fn is_tick(&self) -> bool {
        matches!(self, Self::Made(Made { is_tick: true, .. }))
    }

    pub(super) fn about(&self) -> Option<unmade::About<'_>> {
        match self {
            Self::Timer(unmade) => unmade.about(),
            Self::Made(made) => Some(made.about()),
        }
    }
}

impl Made {
    pub(super) fn about(&self) -> unmade::About<'_> {
        let header = self.task.header();
        (header.name(), header.site)
    }
}

impl Series {
    /// Its due time has come: what to do, and when to ask again.
    pub(super) fn due(&mut self, now: Moment) -> (Verdict, Moment) {
        self.pace.due(&mut self.recurrence, now)
    }
}

impl About {
    pub(super) fn options(&self) -> Options {
        let mut options = Options::at(self.site).with_priority(self.priority).named(self.name.clone()).scheduled();
        if self.timeout.is_some() {
            options.rare().limits().timeout = self.timeout;
        }
        if let Some(retry) = &self.retry {
            options.retry(retry.clone());
        }
        options
    }

    /// Drops what is the user's; a panic of its `Drop` is reported.
    pub(super) fn drop_value<V>(&self, value: V) {
        if let Err(payload) = drop_caught(value) {
            self.report_drop_panic(&payload);
        }
    }

    fn report_drop_panic(&self, payload: &Payload) {
        self.lane.unobserved.note_timer_drop_panic(&self.lane, self.name.as_ref(), self.site, payload);
    }
}

impl Left {
    pub(super) fn clear(self) {
        match self {
            Self::Task(Taken::Timer(unmade, lane)) => unmade.discard(&lane),
            Self::Task(Taken::Made(made)) => made.task.discard(),
            Self::Task(Taken::InLine(in_line)) => in_line.leave().discard(),
            Self::Timers(mut timers, lane) => {
                std::iter::from_fn(|| timers.pop()).for_each(|(_, unmade)| unmade.discard(&lane));
            }
            Self::Series(series) => {
                let Series { about, make, .. } = *series;
                about.drop_value(make);
            }
        }
    }
}
