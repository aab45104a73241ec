//! Owns what is told of something that does not go on. Never looks for it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::observe::TaskInfo;

/// What does not go on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AlarmKind {
    /// One poll of a future takes long. It holds a thread of the runtime, and all that waits to be polled there.
    LongPoll,
    /// A body goes on though its task was answered: past its timeout, aborted, abandoned. It holds a slot.
    Overrunning,
    /// Tasks are queued, slots are free, and no worker takes one: the threads that should are held by something else.
    NoWorker,
    /// Tasks are queued, and all who hold the slots wait for something that is not this yard's. They may wait for those in the queue, by
    /// way of a channel or a lock.
    Standstill,
    /// Submitters wait, and one whose turn has come does not take it: its future is kept and not polled, as by a `select!` on
    /// `&mut submit` that went on to wait for something else.
    TurnNotTaken,
}

impl AlarmKind {
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::LongPoll => "one poll of a future takes long, and holds a thread of the runtime",
            Self::Overrunning => "a body goes on though its task was answered, and holds a slot",
            Self::NoWorker => "tasks are queued and slots are free, but no worker comes",
            Self::Standstill => "tasks are queued, and all who hold the slots wait: maybe for those in the queue",
            Self::TurnNotTaken => "submitters wait behind one whose turn has come, and who neither takes it nor goes",
        }
    }
}

/// As a word for logs: `long_poll`, `overrunning`, `no_worker`, `standstill`, `turn_not_taken`.
impl fmt::Display for AlarmKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LongPoll => "long_poll",
            Self::Overrunning => "overrunning",
            Self::NoWorker => "no_worker",
            Self::Standstill => "standstill",
            Self::TurnNotTaken => "turn_not_taken",
        })
    }
}

/// Something that does not go on, as the watchdog of a yard sees it: see [`Builder::watchdog`](crate::Builder::watchdog).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Alarm {
    /// What does not go on.
    pub kind: AlarmKind,
    /// The name of the lane.
    pub lane: Arc<str>,
    /// Whom it is about, as they were when it was told: the one that polls or overruns, the one that has been queued longest, or up to eight of
    /// those that hold the slots. Empty if they had gone on by then, and where it is about a submitter, whose work is no task yet.
    pub tasks: Vec<TaskInfo>,
    /// For how long at least.
    pub lasted: Duration,
}

impl Alarm {
    /// How many tasks it names at most.
    pub(super) const TASKS: usize = 8;
}

/// `long_poll on io for 1.2s: #3 "fetch" on io, running for 1.2s, submitted at src/main.rs:10:5`
impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, lane, tasks, lasted } = self;
        write!(f, "{kind} on {lane} for {lasted:.1?}")?;
        for (at, task) in tasks.iter().enumerate() {
            write!(f, "{} {task}", if at == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}
