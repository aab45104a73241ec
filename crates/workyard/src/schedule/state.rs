//! Owns the timers of a yard, as they stand behind its lock: which are due when, which stand in line before a full lane, and the
//! account of them. Never runs, wakes or drops what is the user's: it is handed out.

use std::collections::BTreeMap;
use std::sync::Arc;

use workyard_core::{Due, DueKey, DueOrder, Moment, TimerAccount, Verdict};

use crate::lane::LaneShared;
use crate::schedule::entry::{Entry, Left, Series, Waiting};

/// The timers of a yard.
#[derive(Default)]
pub(super) struct State {
    pub(super) is_closed: bool,
    /// Whether there is a sleeper.
    pub(super) is_driven: bool,
    next_number: u64,
    order: DueOrder<Waiting>,
    series: BTreeMap<u64, Box<Series>>,
    lanes: Vec<LaneTimers>,
    /// How many entries are being polled.
    on_the_way: usize,
    /// How many timers the end of the yard has cancelled.
    pub(super) cut: u64,
}

/// The timers of one lane: those that are due and wait for room, and the account of all.
struct LaneTimers {
    lane: Arc<LaneShared>,
    /// Only the head stands in the lane's own line, so that a lane has one submitter for any number of timers.
    head: Head,
    behind: DueOrder<Entry>,
    account: TimerAccount,
}

enum Head {
    None,
    /// Being polled.
    Away,
    Here(DueKey, Entry),
}

/// What the sleeper is to do.
pub(super) enum Step {
    /// Poll this entry, and then tell [`settle`](State::settle).
    Enter(DueKey, Entry),
    /// Make this tick, and then tell [`insert_tick`](State::insert_tick).
    Make(DueKey, Due),
    /// Ask again.
    Again,
    /// Nothing, until a timer is due, if one is, or room comes.
    Sleep(Option<Moment>),
    /// Nothing any more.
    End,
}

impl State {
    /// The number of a new timer.
    pub(super) fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    fn lane(&mut self, lane: &Arc<LaneShared>) -> &mut LaneTimers {
        // A yard has few lanes.
        let at = self.lanes.iter().position(|timers| Arc::ptr_eq(&timers.lane, lane)).unwrap_or_else(|| {
            let lane = Arc::clone(lane);
            let behind = DueOrder::new();
            self.lanes.push(LaneTimers { lane, head: Head::None, behind, account: TimerAccount::default() });
            self.lanes.len() - 1
        });
        &mut self.lanes[at]
    }

    /// Sets a timer. `true` if it is the next one now.
    pub(super) fn insert_once(&mut self, key: DueKey, entry: Entry) -> bool {
        self.lane(&entry.about.lane).account.schedule();
        self.order.insert(key, Waiting::Once(entry))
    }

    /// Sets a timer that fires again and again. `true` if it is the next one now.
    pub(super) fn insert_series(&mut self, key: DueKey, mut series: Box<Series>) -> bool {
        series.due = Some(key);
        let _none = self.series.insert(key.number(), series);
        self.order.insert(key, Waiting::Series)
    }

    /// Counts a timer that comes too late.
    pub(super) fn refuse(&mut self, lane: &Arc<LaneShared>) {
        self.lane(lane).account.refuse();
    }

    /// Cancels a timer that fires once, unless its lane has it.
    pub(super) fn cancel_once(&mut self, key: &DueKey, lane: &Arc<LaneShared>) -> Option<Cancelled> {
        let was_next = self.is_next(key, lane);
        let entry = match self.order.remove(key) {
            Some(Waiting::Once(entry)) => entry,
            Some(Waiting::Series) => return None,
            None => self.lane(lane).take(key)?,
        };
        self.lane(lane).account.cancel();
        Some(Cancelled { timer: Left::Entry(entry), tick: None, was_next })
    }

    /// Ends a series, and takes its tick out of the line.
    pub(super) fn cancel_series(&mut self, number: u64) -> Option<Cancelled> {
        let series = self.series.remove(&number)?;
        let lane = &series.about.lane;
        let was_next = series.due.iter().chain(&series.in_line).any(|key| self.is_next(key, lane));
        if let Some(key) = series.due {
            let _place = self.order.remove(&key);
        }
        let tick = series.in_line.and_then(|key| self.lane(lane).take(&key)).map(Left::Entry);
        Some(Cancelled { timer: Left::Series(series), tick, was_next })
    }

    /// Whether the sleeper sleeps until this timer is due, or until there is room for it.
    fn is_next(&self, key: &DueKey, lane: &Arc<LaneShared>) -> bool {
        let mut lines = self.lanes.iter().filter(|timers| Arc::ptr_eq(&timers.lane, lane));
        self.order.next() == Some(*key) || lines.any(|timers| timers.has_head(key))
    }

    /// Ends all timers.
    pub(super) fn clear(&mut self) -> Vec<Left> {
        self.is_closed = true;
        let mut left = Vec::new();
        while let Some((_, waiting)) = self.order.pop() {
            if let Waiting::Once(entry) = waiting {
                self.lane(&entry.about.lane).account.cancel();
                self.cut += 1;
                left.push(Left::Entry(entry));
            }
        }
        for timers in &mut self.lanes {
            while let Some(entry) = timers.pop() {
                if !entry.is_tick {
                    timers.account.cancel();
                    self.cut += 1;
                }
                left.push(Left::Entry(entry));
            }
        }
        let series = std::mem::take(&mut self.series);
        self.cut += series.len() as u64;
        left.extend(series.into_values().map(Left::Series));
        left
    }

    /// What the sleeper does next. `is_blocked` says of a lane that it had no room just now.
    pub(super) fn next_step(&mut self, now: Moment, is_blocked: impl Fn(&Arc<LaneShared>) -> bool) -> Step {
        if let Some(timers) = self.lanes.iter_mut().find(|timers| timers.has_line() && !is_blocked(&timers.lane))
            && let Some((key, entry)) = timers.send()
        {
            return self.leave(key, entry);
        }
        match self.order.pop_due(now) {
            Some((key, Waiting::Once(entry))) => self.enter(key, entry),
            Some((key, Waiting::Series)) => self.tick(key, now),
            None if self.order.is_empty() && self.lanes.iter().all(|timers| !timers.has_line()) => {
                self.is_driven = false;
                Step::End
            }
            None => Step::Sleep(self.order.next().map(|key| key.due())),
        }
    }

    /// An entry is due: it goes into its lane, or behind those that wait for that.
    fn enter(&mut self, key: DueKey, entry: Entry) -> Step {
        let timers = self.lane(&entry.about.lane);
        if timers.has_line() {
            let _first = timers.behind.insert(key, entry);
            return Step::Again;
        }
        timers.head = Head::Away;
        self.leave(key, entry)
    }

    fn leave(&mut self, key: DueKey, entry: Entry) -> Step {
        if !entry.is_tick {
            self.lane(&entry.about.lane).account.leave();
        }
        self.on_the_way += 1;
        Step::Enter(key, entry)
    }

    fn tick(&mut self, key: DueKey, now: Moment) -> Step {
        let Some(series) = self.series.get_mut(&key.number()) else { return Step::Again };
        let (verdict, look_at) = series.due(now);
        series.due = (verdict != Verdict::Hold).then(|| key.at(look_at));
        if let Some(next) = series.due {
            let _first = self.order.insert(next, Waiting::Series);
        }
        match verdict {
            Verdict::Run(due) => Step::Make(key, due),
            Verdict::Pass | Verdict::Hold => Step::Again,
        }
    }

    /// The series of that number, if it goes on.
    pub(super) fn series(&self, number: u64) -> Option<&Series> {
        self.series.get(&number).map(|series| &**series)
    }

    /// A tick was made. It comes back if its series has ended meanwhile.
    pub(super) fn insert_tick(&mut self, key: DueKey, entry: Entry) -> Result<Step, Left> {
        let Some(series) = self.series.get_mut(&key.number()) else { return Err(Left::Entry(entry)) };
        series.in_line = Some(key);
        Ok(self.enter(key, entry))
    }

    /// An entry was polled: it comes back if there was no room, and then waits on, unless it was cancelled meanwhile.
    pub(super) fn settle(&mut self, key: DueKey, lane: &Arc<LaneShared>, polled: Polled) -> Option<Left> {
        self.on_the_way -= 1;
        let is_closed = self.is_closed;
        let (is_tick, is_in, back) = match polled {
            Polled::Over { is_tick, is_in } => (is_tick, is_in, None),
            Polled::NoRoom(entry) => (entry.is_tick, false, Some(entry)),
        };
        let goes_on = !is_closed && (!is_tick || self.series.contains_key(&key.number()));
        let waits_on = goes_on && back.is_some();
        if is_tick
            && !waits_on
            && let Some(series) = self.series.get_mut(&key.number())
        {
            series.in_line = None;
            series.recurrence.entered();
        }
        let timers = self.lane(lane);
        timers.head = Head::None;
        let mut left = None;
        if !is_tick && waits_on {
            timers.account.schedule();
        } else if !is_tick && !is_in {
            timers.account.cancel_on_the_way();
        }
        match back {
            Some(entry) if waits_on => timers.head = Head::Here(key, entry),
            back => left = back.map(Left::Entry),
        }
        self.cut += u64::from(is_closed && !is_tick && !is_in);
        left
    }

    /// The body of a tick is gone. `true` if its series is due now.
    pub(super) fn tick_ended(&mut self, number: u64) -> bool {
        let Some(series) = self.series.get_mut(&number) else { return false };
        if !series.recurrence.ended() {
            return false;
        }
        let key = DueKey::new(series.recurrence.next(), series.about.priority, number);
        series.due = Some(key);
        let _first = self.order.insert(key, Waiting::Series);
        true
    }

    /// Whether no entry is being polled.
    pub(super) const fn is_settled(&self) -> bool {
        self.on_the_way == 0
    }

    pub(super) fn account(&self, lane: &Arc<LaneShared>) -> TimerAccount {
        let timers = self.lanes.iter().find(|timers| Arc::ptr_eq(&timers.lane, lane));
        timers.map(|timers| timers.account).unwrap_or_default()
    }

    /// Where a timer that fires once stands, unless its lane has it.
    pub(super) fn has_once(&self, key: &DueKey, lane: &Arc<LaneShared>) -> bool {
        let in_line = || self.lanes.iter().find(|timers| Arc::ptr_eq(&timers.lane, lane)).is_some_and(|t| t.holds(key));
        self.order.contains(key) || in_line()
    }

    /// All entries that wait for room, then all that wait for their time, in their order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&DueKey, &Entry)> {
        let in_line = self.lanes.iter().flat_map(LaneTimers::entries);
        in_line.chain(self.order.iter().filter_map(|(key, waiting)| match waiting {
            Waiting::Once(entry) => Some((key, entry)),
            Waiting::Series => None,
        }))
    }

    /// All series, with their numbers.
    pub(super) fn all_series(&self) -> impl Iterator<Item = (u64, &Series)> {
        self.series.iter().map(|(number, series)| (*number, &**series))
    }

    /// How many timers there are.
    pub(super) fn len(&self) -> usize {
        self.entries().filter(|(_, entry)| !entry.is_tick).count() + self.series.len()
    }
}

/// What was cancelled.
pub(super) struct Cancelled {
    pub(super) timer: Left,
    /// A tick of it that waited for room.
    pub(super) tick: Option<Left>,
    /// Whether the sleeper waits for it.
    pub(super) was_next: bool,
}

/// What polling an entry has given.
pub(super) enum Polled {
    /// The lane has let it in, or, being closed, has not.
    Over {
        is_tick: bool,
        is_in: bool,
    },
    NoRoom(Entry),
}

impl LaneTimers {
    fn has_line(&self) -> bool {
        !matches!(self.head, Head::None) || !self.behind.is_empty()
    }

    /// Takes the first of the line, to be polled.
    fn send(&mut self) -> Option<(DueKey, Entry)> {
        match std::mem::replace(&mut self.head, Head::Away) {
            Head::Here(key, entry) => return Some((key, entry)),
            Head::Away => return None,
            Head::None => {}
        }
        let first = self.behind.pop();
        if first.is_none() {
            self.head = Head::None;
        }
        first
    }

    /// Takes an entry out of the line, if it stands there.
    fn take(&mut self, key: &DueKey) -> Option<Entry> {
        match std::mem::replace(&mut self.head, Head::None) {
            Head::Here(at, entry) if at == *key => return Some(entry),
            head => self.head = head,
        }
        self.behind.remove(key)
    }

    /// Takes the first of the line for good.
    fn pop(&mut self) -> Option<Entry> {
        match std::mem::replace(&mut self.head, Head::None) {
            Head::Here(_, entry) => return Some(entry),
            head => self.head = head,
        }
        self.behind.pop().map(|(_, entry)| entry)
    }

    fn holds(&self, key: &DueKey) -> bool {
        self.has_head(key) || self.behind.contains(key)
    }

    fn has_head(&self, key: &DueKey) -> bool {
        matches!(&self.head, Head::Here(at, _) if at == key)
    }

    fn entries(&self) -> impl Iterator<Item = (&DueKey, &Entry)> {
        let head = match &self.head {
            Head::Here(key, entry) => Some((key, entry)),
            Head::None | Head::Away => None,
        };
        head.into_iter().chain(self.behind.iter())
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
