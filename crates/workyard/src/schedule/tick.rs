//! Owns what a tick is told of itself, and how its end is noticed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use workyard_core::{Due, mutant};

use crate::clock::Clock;
use crate::schedule::shared::Schedule;

/// One of the times at which a timer fires that was set with [`Scheduler::every`](crate::Scheduler::every).
#[derive(Clone, Copy, Debug)]
pub struct Tick {
    number: u64,
    due: Instant,
    late: Duration,
    missed: u64,
}

impl Tick {
    /// How many ticks there were before this one: 0, 1, 2, ... What was missed is not counted.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// When it was due.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// How long after that its body began: the wait for a suspended process, a runtime that was held up, a tick before it, room
    /// in the lane, and a slot.
    pub fn late(&self) -> Duration {
        self.late
    }

    /// How many due times have no tick, between the tick before this one and now: skipped because the one before had not ended,
    /// or passed while this one was late.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

/// What a tick will be, once its body begins.
pub(super) struct Seed {
    due: Due,
    clock: Clock,
}

impl Seed {
    pub(super) const fn new(due: Due, clock: Clock) -> Self {
        Self { due, clock }
    }

    pub(super) fn begin(&self) -> Tick {
        let Due { number, at, missed } = self.due;
        let now = self.clock.now();
        // A due time that has come is one that the clock reaches.
        let due = self.clock.instant(at).unwrap_or_else(Instant::now);
        Tick { number, due, late: now.since(at), missed }
    }
}

/// The tick of a body that may be tried again: late is what the first attempt was.
pub(super) struct Attempts {
    seed: Seed,
    tick: Option<Tick>,
}

impl Attempts {
    pub(super) const fn new(seed: Seed) -> Self {
        Self { seed, tick: None }
    }

    pub(super) fn tick(&mut self) -> Tick {
        *self.tick.get_or_insert_with(|| self.seed.begin())
    }
}

/// Is part of a tick's body, so that it is dropped with it: then the next tick does not overlap.
pub(super) struct EndOfTick {
    schedule: Arc<Schedule>,
    series: u64,
}

impl EndOfTick {
    pub(super) const fn new(schedule: Arc<Schedule>, series: u64) -> Self {
        Self { schedule, series }
    }
}

impl Drop for EndOfTick {
    fn drop(&mut self) {
        if mutant!("end-of-tick-untold") {
            return;
        }
        self.schedule.tick_ended(self.series);
    }
}

impl fmt::Debug for EndOfTick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EndOfTick").field(&self.series).finish()
    }
}
