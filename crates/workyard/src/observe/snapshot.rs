//! Owns what a yard looks like from outside at one moment.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use workyard_core::{Grouped, LaneCounts, Ledger, Moment, Percentiles, TaskState, TimerAccount};

use crate::lane::LaneShared;
use crate::observe::Alarm;
use crate::task::cell::Task;
use crate::task::{Name, TaskId, TaskStatus};

/// All lanes of a yard, one after the other: each lane's numbers are of one moment, those of two lanes are not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// The lanes: io, cpu, blocking, then the named ones in the order in which they were given.
    pub lanes: Vec<LaneSnapshot>,
    /// What does not go on and was told: see [`Builder::watchdog`](crate::Builder::watchdog). As of the watchdog's last look.
    pub alarms: Vec<Alarm>,
}

impl Snapshot {
    /// The lane of that name.
    pub fn lane(&self, name: &str) -> Option<&LaneSnapshot> {
        self.lanes.iter().find(|lane| &*lane.name == name)
    }

    /// The sum over all lanes.
    pub fn ledger(&self) -> Ledger {
        self.lanes.iter().map(|lane| lane.counts.ledger).sum()
    }
}

/// One lane at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LaneSnapshot {
    /// The lane's name.
    pub name: Arc<str>,
    /// `io`, `cpu` or `blocking`.
    pub kind: &'static str,
    /// The numbers.
    pub counts: LaneCounts,
    /// How long tasks waited for their slot, since the yard was built.
    pub wait: Percentiles,
    /// How long bodies held their slot, since the yard was built.
    pub run: Percentiles,
    /// Tasks that did not end well, and nobody took their result.
    pub unobserved_failures: u64,
}

impl LaneSnapshot {
    pub(crate) fn of(lane: &LaneShared) -> Self {
        let (wait, run) = lane.times();
        Self {
            name: Arc::clone(&lane.name),
            kind: lane.executor.word(),
            counts: lane.counts(),
            wait,
            run,
            unobserved_failures: lane.unobserved.failures(),
        }
    }

    /// With the timers that the lane does not know of yet.
    pub(crate) fn with(mut self, timers: &TimerAccount) -> Self {
        self.counts.ledger += timers.ledger;
        self.counts.never_started += timers.never_started;
        self.counts.refused += timers.refused;
        self
    }
}

/// A line a lane, see [`LaneSnapshot`], and then a line an [`Alarm`].
impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, lane) in self.lanes.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            write!(f, "{lane}")?;
        }
        for alarm in &self.alarms {
            write!(f, "\n{alarm}")?;
        }
        Ok(())
    }
}

/// `cpu: accepted 3 = 1 completed + 2 running; 2 of 2 slots and 0 of 1_024 places taken; wait p50 12.0µs, p99 75.3µs, max
/// 75.3µs; run p50 ..`, and what else there is: submitters waiting, bodies overrunning, submissions refused, ...
///
/// The times are left out while there are none, the rest while it is zero.
impl fmt::Display for LaneSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LaneCounts { ledger, limit, queue, occupied, .. } = &self.counts;
        let kind = if *self.name == *self.kind { String::new() } else { format!(" ({})", self.kind) };
        write!(f, "{}{kind}: {ledger}; {} of ", self.name, Grouped(*occupied as u64))?;
        write!(f, "{} slots and {} of ", Grouped(*limit as u64), Grouped(ledger.queued))?;
        write!(f, "{} places taken", Grouped(*queue as u64))?;
        self.write_rest(f)?;
        for (what, times) in [("wait", &self.wait), ("run", &self.run)] {
            if times.seen > 0 {
                let Percentiles { p50, p99, max, .. } = times;
                write!(f, "; {what} p50 {p50:.1?}, p99 {p99:.1?}, max {max:.1?}")?;
            }
        }
        Ok(())
    }
}

impl LaneSnapshot {
    /// What is mostly zero.
    fn write_rest(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        if !counts.open {
            f.write_str("; closed")?;
        }
        let rest = [
            (counts.submitters as u64, "submitters waiting"),
            (counts.overrunning as u64, "bodies overrunning"),
            (counts.lending as u64, "slots lent"),
            (counts.refused, "refused"),
            (counts.never_started, "never started"),
            (counts.late_results, "results too late"),
            (counts.retries, "tried again"),
            (counts.over_budget, "not tried again for lack of budget"),
            (counts.ended_between_attempts, "ended between attempts"),
            (self.unobserved_failures, "failures unobserved"),
        ];
        for (count, what) in rest.into_iter().filter(|&(count, _)| count > 0) {
            write!(f, "; {} {what}", Grouped(count))?;
        }
        Ok(())
    }
}

/// One task that a lane holds: queued, running, between two attempts, or overrunning.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskInfo {
    /// The task's number.
    pub id: TaskId,
    /// The name that was given with `task(name)`.
    pub name: Option<String>,
    /// The name of its lane.
    pub lane: Arc<str>,
    /// Queued, running, waiting for its next attempt, or, if its body overruns, how it has ended.
    pub status: TaskStatus,
    /// How long it has been queued or has waited for its next attempt, or its body has been running.
    pub age: Duration,
    /// The line that submitted it.
    pub submitted_at: &'static Location<'static>,
}

impl TaskInfo {
    pub(crate) fn all_of(lane: &LaneShared) -> Vec<Self> {
        let held = lane.tasks();
        let now = lane.yard.clock.now();
        held.into_iter().map(|held| Self::of(lane, held, now)).collect()
    }

    /// Of what the lane says of one of its tasks.
    pub(super) fn of(lane: &LaneShared, held: (Arc<dyn Task>, TaskState, Moment), now: Moment) -> Self {
        let (task, status, since) = held;
        let header = task.header();
        Self {
            id: header.id,
            name: header.name().map(|name| Name::as_str(name).to_owned()),
            lane: Arc::clone(&lane.name),
            status,
            age: now.since(since),
            submitted_at: header.site,
        }
    }
}

/// `#3 "resize" on cpu, running for 1.2s, submitted at src/main.rs:10:5`
impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, lane, status, age, submitted_at } = self;
        write!(f, "{id} ")?;
        if let Some(name) = name {
            write!(f, "\"{}\" ", name.escape_debug())?;
        }
        write!(f, "on {lane}, ")?;
        if status.is_ended() {
            write!(f, "{status}, its body still running after {age:.1?}")?;
        } else {
            write!(f, "{status} for {age:.1?}")?;
        }
        write!(f, ", submitted at {submitted_at}")
    }
}
