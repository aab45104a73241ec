//! Owns the timers of one lane, as they stand behind the lock of all: which are due when, which stand in line before the full lane, and the
//! account of them. Never knows of other lanes.

use std::sync::Arc;

use workyard_core::{DueKey, DueOrder, TimerAccount};

use crate::lane::LaneShared;
use crate::schedule::entry::{Batch, Entry, InLine, Left, Made};
use crate::schedule::unmade::{About, Unmade};

/// The timers of one lane that fire once, and the ticks that wait for room there.
pub(super) struct LaneTimers {
    pub(super) lane: Arc<LaneShared>,
    /// Those whose time has not come, as far as anybody has looked.
    pub(super) order: DueOrder<Unmade>,
    /// Only the head stands in the lane's own line, so that a lane has one submitter for any number of timers.
    pub(super) head: Head,
    pub(super) behind: DueOrder<Entry>,
    pub(super) account: TimerAccount,
}

/// The first of those that are due.
pub(super) enum Head {
    None,
    /// On its way into the lane, alone or with others.
    Away,
    Here(DueKey, InLine),
}

/// The first of the line.
pub(super) enum First {
    /// It stands in the lane's line.
    InLine(DueKey, InLine),
    /// It and those that follow are to be offered to the lane.
    Batch,
}

impl LaneTimers {
    pub(super) fn new(lane: &Arc<LaneShared>) -> Self {
        let (order, behind) = (DueOrder::new(), DueOrder::new());
        Self { lane: Arc::clone(lane), order, head: Head::None, behind, account: TimerAccount::default() }
    }

    pub(super) fn has_line(&self) -> bool {
        !matches!(self.head, Head::None) || !self.behind.is_empty()
    }

    /// Takes the first of the line, if there is one that is not on its way, and counts it and what goes with it as such.
    pub(super) fn send(&mut self, batch: &mut Batch) -> Option<First> {
        match std::mem::replace(&mut self.head, Head::Away) {
            Head::Here(key, in_line) => {
                self.leave(in_line.made.is_tick);
                return Some(First::InLine(key, in_line));
            }
            Head::Away => return None,
            Head::None => {}
        }
        while batch.has_room()
            && let Some((key, entry)) = self.behind.pop()
        {
            self.leave(entry.is_tick());
            batch.push(key, entry);
        }
        if batch.is_empty() {
            self.head = Head::None;
            return None;
        }
        Some(First::Batch)
    }

    fn leave(&mut self, is_tick: bool) {
        if !is_tick {
            self.account.leave();
        }
    }

    /// Takes a timer or a tick out, wherever it stands, unless the lane has it.
    pub(super) fn take(&mut self, key: &DueKey) -> Option<Taken> {
        match std::mem::replace(&mut self.head, Head::None) {
            Head::Here(at, in_line) if at == *key => return Some(Taken::InLine(in_line)),
            head => self.head = head,
        }
        let entry = self.order.remove(key).map(Entry::Timer).or_else(|| self.behind.remove(key));
        entry.map(|entry| self.taken(entry))
    }

    /// Takes all out for good.
    pub(super) fn clear(&mut self, left: &mut Vec<Left>) {
        match std::mem::replace(&mut self.head, Head::None) {
            Head::Here(_, in_line) => left.push(Left::Task(Taken::InLine(in_line))),
            head => self.head = head,
        }
        while let Some((_, entry)) = self.behind.pop() {
            left.push(Left::Task(self.taken(entry)));
        }
        if !self.order.is_empty() {
            left.push(Left::Timers(std::mem::take(&mut self.order), Arc::clone(&self.lane)));
        }
    }

    fn taken(&self, entry: Entry) -> Taken {
        match entry {
            Entry::Timer(unmade) => Taken::Timer(unmade, Arc::clone(&self.lane)),
            Entry::Made(made) => Taken::Made(made),
        }
    }

    /// Whether a timer or a tick is here, and not on its way.
    pub(super) fn holds(&self, key: &DueKey) -> bool {
        self.has_head(key) || self.order.contains(key) || self.behind.contains(key)
    }

    pub(super) fn has_head(&self, key: &DueKey) -> bool {
        matches!(&self.head, Head::Here(at, _) if at == key)
    }

    /// All timers that are here, without ticks: their names, and where they were set.
    pub(super) fn timers(&self) -> impl Iterator<Item = (&DueKey, About<'_>)> {
        let head = match &self.head {
            Head::Here(key, in_line) if !in_line.made.is_tick => Some((key, in_line.made.about())),
            Head::Here(..) | Head::None | Head::Away => None,
        };
        let behind = self.behind.iter().filter(|(_, entry)| !entry.is_tick());
        let behind = behind.filter_map(|(key, entry)| Some((key, entry.about()?)));
        let order = self.order.iter().filter_map(|(key, unmade)| Some((key, unmade.about()?)));
        head.into_iter().chain(behind).chain(order)
    }
}

/// What was taken out.
pub(super) enum Taken {
    /// With its lane.
    Timer(Unmade, Arc<LaneShared>),
    Made(Made),
    InLine(InLine),
}
