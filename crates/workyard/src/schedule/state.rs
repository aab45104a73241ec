//! Owns the timers of a yard, as they stand behind its lock: those of each lane, and those that fire again and again. Never runs, wakes or
//! drops what is the user's: it is handed out.

use std::collections::BTreeMap;
use std::sync::Arc;

use workyard_core::{Due, DueKey, DueOrder, Moment, Ticket, TimerAccount, Verdict, mutant};

use crate::lane::LaneShared;
use crate::schedule::TimerInfo;
use crate::schedule::entry::{Batch, Entry, InLine, Left, Made, Series};
use crate::schedule::lane_timers::{First, Head, LaneTimers, Taken};
use crate::schedule::unmade::{About, Unmade};
use crate::task::cell::Task;

/// The timers of a yard.
#[derive(Default)]
pub(super) struct State {
    pub(super) is_closed: bool,
    /// Whether there is a sleeper.
    pub(super) is_driven: bool,
    next_number: u64,
    /// Those that ever had a timer; a yard has few lanes.
    lanes: Vec<LaneTimers>,
    /// When the series are due.
    series_due: DueOrder<()>,
    series: BTreeMap<u64, Box<Series>>,
    /// How many entries are on their way into their lanes.
    on_the_way: usize,
    /// How many timers the end of the yard has cancelled.
    pub(super) cut: u64,
}

/// What the sleeper is to do.
pub(super) enum Step {
    /// Offer the batch to this lane, and then tell [`settle`](State::settle).
    Offer(Arc<LaneShared>),
    /// Ask the lane for the room that this one waits for, and then tell [`settle`](State::settle).
    Redeem(DueKey, InLine),
    /// Make this tick, and then tell [`insert_tick`](State::insert_tick).
    Make(DueKey, Due),
    /// Ask again.
    Again,
    /// Nothing, until a timer is due, if one is, or room comes.
    Sleep(Option<Moment>),
    /// Nothing any more.
    End,
}

/// What a lane said to those of a batch that it did not take.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    /// There are none.
    In,
    /// It had no room for the first of them, which stands in line now.
    Full(Ticket),
    /// It takes nothing in any more.
    Closed,
}

impl State {
    /// The number of a new timer.
    pub(super) fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    fn find(&self, lane: &Arc<LaneShared>) -> Option<usize> {
        self.lanes.iter().position(|timers| Arc::ptr_eq(&timers.lane, lane))
    }

    /// Which one of the lanes this is, for as long as there are timers.
    pub(super) fn lane_number(&mut self, lane: &Arc<LaneShared>) -> usize {
        self.find(lane).unwrap_or_else(|| {
            self.lanes.push(LaneTimers::new(lane));
            self.lanes.len() - 1
        })
    }

    fn lane(&mut self, lane: &Arc<LaneShared>) -> &mut LaneTimers {
        let at = self.lane_number(lane);
        &mut self.lanes[at]
    }

    /// The first due time of all.
    fn next(&self) -> Option<DueKey> {
        self.lanes.iter().map(|timers| &timers.order).filter_map(DueOrder::next).chain(self.series_due.next()).min()
    }

    /// Sets a timer. `true` if it is the next one now.
    pub(super) fn insert_once(&mut self, key: DueKey, lane: usize, timer: Unmade) -> bool {
        let is_next = self.next().is_none_or(|next| key < next);
        let timers = &mut self.lanes[lane];
        timers.account.schedule();
        let _first = timers.order.insert(key, timer);
        is_next
    }

    /// Sets a timer that fires again and again. `true` if it is the next one now.
    pub(super) fn insert_series(&mut self, key: DueKey, mut series: Box<Series>) -> bool {
        let is_next = self.next().is_none_or(|next| key < next);
        series.due = Some(key);
        let _none = self.series.insert(key.number(), series);
        let _first = self.series_due.insert(key, ());
        is_next
    }

    /// Counts a timer that comes too late.
    pub(super) fn refuse(&mut self, lane: usize) {
        self.lanes[lane].account.refuse();
    }

    /// Cancels a timer that fires once, unless its lane has it.
    pub(super) fn cancel_once(&mut self, key: &DueKey, lane: usize) -> Option<Cancelled> {
        let was_next = self.is_next(key);
        let timers = self.lanes.get_mut(lane)?;
        let timer = Left::Task(timers.take(key)?);
        if !mutant!("cancelled-timer-uncounted") {
            timers.account.cancel();
        }
        Some(Cancelled { timer, tick: None, was_next })
    }

    /// Ends a series, and takes its tick out of the line.
    pub(super) fn cancel_series(&mut self, number: u64) -> Option<Cancelled> {
        let series = self.series.remove(&number)?;
        let was_next = series.due.iter().chain(&series.in_line).any(|key| self.is_next(key));
        if let Some(key) = series.due {
            let _place = self.series_due.remove(&key);
        }
        let tick = series.in_line.and_then(|key| self.lane(&series.about.lane).take(&key)).map(Left::Task);
        Some(Cancelled { timer: Left::Series(series), tick, was_next })
    }

    /// Whether the sleeper sleeps until this timer is due, or until there is room for it.
    fn is_next(&self, key: &DueKey) -> bool {
        self.next() == Some(*key) || self.lanes.iter().any(|timers| timers.has_head(key))
    }

    /// Ends all timers.
    pub(super) fn clear(&mut self) -> Vec<Left> {
        self.is_closed = true;
        let mut left = Vec::new();
        for LaneTimers { account, .. } in &mut self.lanes {
            self.cut += account.ledger.scheduled;
            account.cancel_all();
        }
        for timers in &mut self.lanes {
            timers.clear(&mut left);
        }
        self.series_due = DueOrder::new();
        let series = std::mem::take(&mut self.series);
        self.cut += series.len() as u64;
        left.extend(series.into_values().map(Left::Series));
        left
    }

    /// What the sleeper does next; the batch, which is empty, is filled with what it is to offer. `is_blocked` says of a lane that it had no
    /// room just now.
    pub(super) fn next_step(
        &mut self,
        now: Moment,
        batch: &mut Batch,
        is_blocked: impl Fn(&Arc<LaneShared>) -> bool,
    ) -> Step {
        if let Some(timers) = self.lanes.iter_mut().find(|timers| timers.has_line() && !is_blocked(&timers.lane))
            && let Some(first) = timers.send(batch)
        {
            let step = match first {
                First::InLine(key, in_line) => Step::Redeem(key, in_line),
                First::Batch => Step::Offer(Arc::clone(&timers.lane)),
            };
            self.on_the_way += 1.max(batch.keys.len());
            return step;
        }
        let next = self.next();
        if let Some(key) = next.filter(|key| key.due() <= now) {
            if self.series_due.next() == next {
                let _place = self.series_due.pop();
                return self.tick(key, now);
            }
            return self.take_due(now, batch);
        }
        if next.is_none() && self.lanes.iter().all(|timers| !timers.has_line()) {
            self.is_driven = false;
            return Step::End;
        }
        Step::Sleep(next.map(|key| key.due()))
    }

    /// Takes those that are due of the lane whose timer is the first, up to the first timer of another one. They go into their lane,
    /// or behind those that wait for that.
    fn take_due(&mut self, now: Moment, batch: &mut Batch) -> Step {
        let firsts = || self.lanes.iter().enumerate().filter_map(|(at, timers)| Some((timers.order.next()?, at)));
        let Some((_, at)) = firsts().min() else { return Step::Again };
        let others = firsts().filter(|&(_, other)| other != at).map(|(key, _)| key).chain(self.series_due.next()).min();
        let is_before = |key: DueKey| key.due() <= now && others.is_none_or(|other| key < other);
        let timers = &mut self.lanes[at];
        let joins_line = timers.has_line();
        while batch.has_room()
            && timers.order.next().is_some_and(is_before)
            && let Some((key, timer)) = timers.order.pop()
        {
            let entry = Entry::Timer(timer);
            if joins_line {
                let _first = timers.behind.insert(key, entry);
            } else {
                timers.account.leave();
                batch.push(key, entry);
            }
        }
        if batch.is_empty() {
            return Step::Again;
        }
        timers.head = Head::Away;
        self.on_the_way += batch.keys.len();
        Step::Offer(Arc::clone(&timers.lane))
    }

    fn tick(&mut self, key: DueKey, now: Moment) -> Step {
        let Some(series) = self.series.get_mut(&key.number()) else { return Step::Again };
        let (verdict, look_at) = series.due(now);
        series.due = (verdict != Verdict::Hold).then(|| key.at(look_at));
        if let Some(next) = series.due {
            let _first = self.series_due.insert(next, ());
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

    /// A tick was made: it goes into its lane, or behind those that wait for that. It comes back if its series has ended meanwhile.
    pub(super) fn insert_tick(&mut self, key: DueKey, task: Arc<dyn Task>, batch: &mut Batch) -> Result<Step, Left> {
        let made = Made { task, is_tick: true };
        let Some(series) = self.series.get_mut(&key.number()) else { return Err(Left::Task(Taken::Made(made))) };
        let entry = Entry::Made(made);
        series.in_line = Some(key);
        let lane = Arc::clone(&series.about.lane);
        let timers = self.lane(&lane);
        if timers.has_line() {
            let _first = timers.behind.insert(key, entry);
            return Ok(Step::Again);
        }
        timers.head = Head::Away;
        batch.push(key, entry);
        self.on_the_way += 1;
        Ok(Step::Offer(lane))
    }

    /// A batch was offered, and is empty again after this. What the lane has not taken of it waits on, unless the lane or the yard is closed or
    /// it was cancelled meanwhile: then it comes back, to be dropped.
    pub(super) fn settle(&mut self, lane: &Arc<LaneShared>, batch: &mut Batch, answer: Answer) -> Vec<Left> {
        self.on_the_way -= batch.keys.len();
        let at = self.lane_number(lane);
        self.lanes[at].head = Head::None;
        let mut left = Vec::new();
        let (is_full, mut ticket) = match answer {
            Answer::Full(ticket) => (true, Some(ticket)),
            Answer::In | Answer::Closed => (false, None),
        };
        let taken = batch.keys.len() - batch.tasks.len();
        for (number, (key, is_tick)) in batch.keys.drain(..).enumerate() {
            let back = if number < taken { None } else { batch.tasks.pop_front() };
            let goes_on = !self.is_closed && (!is_tick || self.series.contains_key(&key.number()));
            let waits_on = back.is_some() && goes_on && is_full;
            let timers = &mut self.lanes[at];
            if is_tick {
                if !waits_on && let Some(series) = self.series.get_mut(&key.number()) {
                    series.in_line = None;
                    series.recurrence.entered();
                }
            } else if waits_on {
                timers.account.schedule();
            } else if back.is_some() {
                timers.account.cancel_on_the_way();
                self.cut += u64::from(self.is_closed);
            }
            let Some(made) = back.map(|task| Made { task, is_tick }) else { continue };
            match (ticket.take(), waits_on) {
                (Some(ticket), true) => timers.head = Head::Here(key, InLine { made, ticket }),
                (None, true) => {
                    let _first = timers.behind.insert(key, Entry::Made(made));
                }
                (Some(ticket), false) => left.push(Left::Task(Taken::InLine(InLine { made, ticket }))),
                (None, false) => left.push(Left::Task(Taken::Made(made))),
            }
        }
        left
    }

    /// Whether the first of those who wait for this lane stands in its line, so that room there wakes the sleeper.
    pub(super) fn stands_in_line(&self, lane: &Arc<LaneShared>) -> bool {
        self.find(lane).is_some_and(|at| matches!(self.lanes[at].head, Head::Here(..)))
    }

    /// The body of a tick is gone. `true` if its series is due now.
    pub(super) fn tick_ended(&mut self, number: u64) -> bool {
        let Some(series) = self.series.get_mut(&number) else { return false };
        if !series.recurrence.ended() {
            return false;
        }
        let key = DueKey::new(series.recurrence.next(), series.about.priority, number);
        series.due = Some(key);
        let _first = self.series_due.insert(key, ());
        true
    }

    /// Whether no entry is on its way.
    pub(super) const fn is_settled(&self) -> bool {
        self.on_the_way == 0
    }

    pub(super) fn account(&self, lane: &Arc<LaneShared>) -> TimerAccount {
        self.find(lane).map(|at| self.lanes[at].account).unwrap_or_default()
    }

    /// Whether a timer that fires once is here, and its lane does not have it.
    pub(super) fn has_once(&self, key: &DueKey, lane: usize) -> bool {
        self.lanes.get(lane).is_some_and(|timers| timers.holds(key))
    }

    /// All timers that fire once, in no order, as of this moment.
    pub(super) fn timers(&self, now: Moment) -> impl Iterator<Item = (DueKey, TimerInfo)> {
        self.lanes.iter().flat_map(move |timers| {
            let info = move |(key, (name, site)): (&DueKey, About<'_>)| {
                (*key, TimerInfo::once(name, &timers.lane, site, key.due(), now))
            };
            timers.timers().map(info)
        })
    }

    /// All series, with their numbers.
    pub(super) fn all_series(&self) -> impl Iterator<Item = (u64, &Series)> {
        self.series.iter().map(|(number, series)| (*number, &**series))
    }

    /// How many timers there are.
    pub(super) fn len(&self) -> usize {
        self.lanes.iter().map(|timers| timers.timers().count()).sum::<usize>() + self.series.len()
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

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
