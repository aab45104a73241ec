//! Owns what of a yard may be stuck, as one look finds it, and whom that is about. Never decides what is told: the core's
//! [`Watchdog`](workyard_core::Watchdog) does.

use std::sync::Arc;
use std::time::Duration;

use workyard_core::{Moment, TaskState};

use super::alarm::{Alarm, AlarmKind};
use super::beats::{self, Seen};
use crate::lane::{LaneLook, LaneShared};
use crate::observe::TaskInfo;
use crate::task::TaskId;
use crate::task::cell::Task;

/// Something that may be stuck, named so that it has another name as soon as anything goes on.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Suspect {
    Poll { lane: usize, by: Seen },
    Overrunning { lane: usize, task: TaskId },
    NoWorker { lane: usize, started: u64 },
    Standstill { lane: usize, started: u64, ended: u64, ticks: u64 },
    TurnNotTaken { lane: usize, accepted: u64, refused: u64, promised: usize, submitters: usize },
}

impl Suspect {
    pub(super) fn kind(&self) -> AlarmKind {
        match self {
            Self::Poll { .. } => AlarmKind::LongPoll,
            Self::Overrunning { .. } => AlarmKind::Overrunning,
            Self::NoWorker { .. } => AlarmKind::NoWorker,
            Self::Standstill { .. } => AlarmKind::Standstill,
            Self::TurnNotTaken { .. } => AlarmKind::TurnNotTaken,
        }
    }

    /// The number of its lane.
    pub(super) fn lane(&self) -> usize {
        match *self {
            Self::Poll { lane, .. }
            | Self::Overrunning { lane, .. }
            | Self::NoWorker { lane, .. }
            | Self::Standstill { lane, .. }
            | Self::TurnNotTaken { lane, .. } => lane,
        }
    }

    /// How many bounds it lasts before it is told. Who waits for a slow database waits as one who waits for ever does, so a
    /// standstill has more time. So has a submitter, whose thread may be busy.
    fn bounds(&self) -> u32 {
        if matches!(self, Self::Standstill { .. } | Self::TurnNotTaken { .. }) { 5 } else { 1 }
    }
}

/// What one look found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) suspects: Vec<(Suspect, u32)>,
    /// Whether anything is at work that may get stuck. Futures that wait are not, while nobody waits for their slots.
    pub(super) is_busy: bool,
}

/// Looks at all lanes.
pub(super) fn look(lanes: &[Arc<LaneShared>]) -> Found {
    let at_work = beats::look();
    let mut found = Found::default();
    for lane in lanes {
        let here = at_work.iter().copied().filter(|seen| seen.is_in(lane)).collect::<Vec<_>>();
        look_at(lane, &here, &mut found);
    }
    found
}

/// Whether anything is at work: as [`look`] says, and leaves all marks where they are.
pub(super) fn is_busy(lanes: &[Arc<LaneShared>]) -> bool {
    let at_work = beats::look();
    lanes.iter().any(|lane| {
        let is_polled = lane.stirs.is_noted() || at_work.iter().any(|seen| seen.is_in(lane));
        is_polled || is_busy_by(lane, &lane.look())
    })
}

/// Whether a lane is at work, by what itself knows.
fn is_busy_by(lane: &LaneShared, seen: &LaneLook) -> bool {
    seen.is_wanted || seen.overrunning > 0 || (lane.executor.runs_closures() && seen.occupied > 0)
}

fn look_at(lane: &Arc<LaneShared>, here: &[Seen], found: &mut Found) {
    let stirred = lane.stirs.take();
    let seen = lane.look();
    let number = lane.number;
    let closures = lane.executor.runs_closures();
    found.is_busy |= stirred || !here.is_empty() || is_busy_by(lane, &seen);
    let mut suspects = Vec::new();
    if !closures {
        suspects.extend(here.iter().map(|&by| Suspect::Poll { lane: number, by }));
    }
    if seen.overrunning > 0 {
        let overrunning = overrunning(lane).into_iter();
        suspects.extend(overrunning.map(|(task, ..)| Suspect::Overrunning { lane: number, task: task.header().id }));
    }
    if seen.is_startable {
        suspects.push(Suspect::NoWorker { lane: number, started: seen.started });
    }
    if seen.is_wanted && seen.occupied >= lane.limit {
        let ticks = if closures { asleep(&seen, here) } else { (here.is_empty() && !stirred).then_some(0) };
        let LaneLook { started, ended, .. } = seen;
        suspects.extend(ticks.map(|ticks| Suspect::Standstill { lane: number, started, ended, ticks }));
    }
    if seen.is_wanted && seen.promised > 0 {
        let LaneLook { accepted, refused, promised, submitters, .. } = seen;
        suspects.push(Suspect::TurnNotTaken { lane: number, accepted, refused, promised, submitters });
    }
    found.suspects.extend(suspects.into_iter().map(|suspect| {
        let bounds = suspect.bounds();
        (suspect, bounds)
    }));
}

/// How much time on CPUs the threads of all closures that hold a slot have had, if all of them sleep now.
fn asleep(seen: &LaneLook, here: &[Seen]) -> Option<u64> {
    if here.len() < seen.occupied {
        return None;
    }
    here.iter().map(|seen| beats::asleep_after(seen.thread)).sum()
}

/// Whom this is about, and what is to be told.
pub(super) fn alarm(suspect: &Suspect, lane: &Arc<LaneShared>) -> Alarm {
    let tasks: Vec<_> = match suspect {
        Suspect::Poll { by, .. } => {
            let task = lane.tasks().into_iter().find(|(task, ..)| task.header().slot() == by.slot);
            // It is still in that poll, so it is that task which has the slot.
            task.filter(|_| beats::look().contains(by)).into_iter().collect()
        }
        Suspect::Overrunning { task, .. } => {
            overrunning(lane).into_iter().filter(|(held, ..)| held.header().id == *task).collect()
        }
        Suspect::NoWorker { .. } => {
            let queued = lane.tasks().into_iter().filter(|&(_, state, _)| state == TaskState::Queued);
            queued.min_by_key(|&(.., since)| since).into_iter().collect()
        }
        Suspect::Standstill { .. } => {
            let holds_slot = |(task, state, _): &(Arc<dyn Task>, TaskState, Moment)| {
                *state != TaskState::Queued && task.header().is_seated()
            };
            lane.tasks().into_iter().filter(holds_slot).collect()
        }
        Suspect::TurnNotTaken { .. } => Vec::new(),
    };
    let now = lane.yard.clock.now();
    let tasks = tasks.into_iter().take(Alarm::TASKS).map(|held| TaskInfo::of(lane, held, now)).collect();
    Alarm { kind: suspect.kind(), lane: Arc::clone(&lane.name), tasks, lasted: Duration::ZERO }
}

/// The tasks that were answered and whose bodies go on.
fn overrunning(lane: &LaneShared) -> Vec<(Arc<dyn Task>, TaskState, Moment)> {
    lane.tasks().into_iter().filter(|(_, state, _)| state.is_ended()).collect()
}
