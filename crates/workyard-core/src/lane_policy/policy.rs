//! Owns every decision of one lane: who is let in, who starts, who ends, and the count of it all. Never acts on one.
//!
//! The shell keeps one of these behind a short lock, calls it, and does what the returned value says once the lock is
//! released. Three numbers bound a lane: `limit` slots for bodies, `queue` places behind them, and nothing else. A
//! place that is promised to a waiting submitter counts as taken, so the sum never exceeds `limit + queue`.

use std::time::Duration;

use super::runners::Items;
use super::submitters::Submitters;
use crate::histogram::Histogram;
use crate::order::{Line, Waiting};
use crate::slots::{Holds, Record, Seat, Slots};
use crate::{LaneConfig, Ledger, Moment, Outcome, Percentiles, Priority, Step, TaskState, mutant};

/// The number of a live task in its lane. It is reused after the body has ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Slot(pub u32);

/// The place of a submitter in the line for room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket {
    /// Reused after the submitter has left.
    pub number: u32,
    /// Tells those apart that had the number one after the other: what comes late for one is not taken for the next.
    pub turn: u32,
}

/// Why a task was not let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// All slots and places are taken or promised.
    Full,
    /// The lane takes nothing in any more.
    Closed,
}

/// What the end of a body meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// It was the end of the task.
    Final,
    /// The task had been answered before: the result comes too late and is dropped.
    Late,
}

/// The decisions of one lane.
///
/// Commands first ([`offer`](Self::offer) and what follows it), getters last. The order to call them in: a task enters by
/// `offer` or `redeem`, may leave by `end_queued`, is handed out by `start_next`, may be answered early by `give_up`, and
/// leaves by `end_body`, which must be called exactly once for each start. After whatever frees room, call
/// [`promise_next`](Self::promise_next) until it returns `None`.
///
/// `T` is what the shell keeps of each task, under the task's number; it is never looked at here.
// In this order, what every task needs stands together in a few cache lines.
#[derive(Debug)]
#[repr(C)]
pub struct LanePolicy<T> {
    pub(super) open: bool,
    pub(super) tasks: Slots<T>,
    pub(super) waiting: Waiting,
    /// Bodies that hold a slot: running or overrunning, and not lending it.
    pub(super) occupied: usize,
    /// Bodies that lent their slot and want one back: before any task that has not started.
    pub(super) resuming: Line,
    pub(super) limit: usize,
    pub(super) queue: usize,
    pub(super) ledger: Ledger,
    pub(super) submitters: Submitters,
    pub(super) wait: Histogram,
    pub(super) run: Histogram,
    /// What the lane's runners work on: counted apart, and added to the ledger when somebody looks.
    pub(super) items: Items,
    /// Bodies that run though their task has ended.
    pub(super) overrunning: usize,
    /// Bodies that lent their slot.
    pub(super) lending: usize,
    pub(super) never_started: u64,
    pub(super) late_results: u64,
    pub(super) refused: u64,
    pub(super) retries: u64,
    pub(super) over_budget: u64,
    pub(super) ended_between_attempts: u64,
}

impl<T> LanePolicy<T> {
    /// An open, empty lane.
    pub fn new(config: LaneConfig) -> Self {
        Self {
            tasks: Slots::default(),
            waiting: Waiting::new(config.order, config.ageing),
            occupied: 0,
            overrunning: 0,
            lending: 0,
            resuming: Line::new(),
            submitters: Submitters::new(),
            open: true,
            ledger: Ledger::default(),
            items: Items::default(),
            never_started: 0,
            late_results: 0,
            refused: 0,
            retries: 0,
            over_budget: 0,
            ended_between_attempts: 0,
            wait: Histogram::new(),
            run: Histogram::new(),
            limit: config.limit,
            queue: config.queue,
        }
    }

    /// Lets a task in, if there is room that is promised to nobody.
    ///
    /// # Errors
    /// [`Refusal::Full`] or [`Refusal::Closed`]; the task was not accepted and nothing changed.
    #[inline]
    pub fn offer(&mut self, now: Moment, priority: Priority) -> Result<Slot, Refusal> {
        self.check_room().and_then(|()| self.accept(now, priority, Holds::OneTask))
    }

    /// A submitter was turned away for good. Only the caller knows, since one that is refused may line up.
    pub const fn count_refusal(&mut self) {
        self.refused += 1;
    }

    #[inline]
    pub(super) fn check_room(&self) -> Result<(), Refusal> {
        match (self.open, self.has_room()) {
            (false, _) => Err(Refusal::Closed),
            (true, false) => Err(Refusal::Full),
            (true, true) => Ok(()),
        }
    }

    /// Joins the line for room, behind all who wait already.
    pub fn line_up(&mut self) -> Ticket {
        self.submitters.line_up()
    }

    /// Leaves the line, or gives a promised place back: `true` if it had one.
    pub fn leave_line(&mut self, ticket: Ticket) -> bool {
        let promises = self.submitters.promises;
        self.submitters.leave(ticket);
        self.submitters.promises < promises
    }

    /// Promises free room to the first in line, who is to be woken. Call it until it returns `None`.
    #[inline]
    pub fn promise_next(&mut self) -> Option<Ticket> {
        if self.open && self.has_room() && !mutant!("promise-lost") { self.submitters.promise_first() } else { None }
    }

    /// A submitter cannot take the room that it was promised. It goes to the next in line, who is to be woken; this one is the
    /// first in line once it [comes back](Self::come_back).
    pub fn step_aside(&mut self, ticket: Ticket) -> Option<Ticket> {
        let had_room = self.submitters.step_aside(ticket) && self.open;
        if had_room { self.submitters.promise_first() } else { None }
    }

    /// A submitter that stepped aside can take its room again, if there is some. `false` if it had not stepped aside.
    pub fn come_back(&mut self, ticket: Ticket) -> bool {
        let came_back = self.submitters.come_back(ticket);
        if came_back {
            let _itself = self.promise_next();
        }
        came_back
    }

    /// Lets in the task of a submitter whose turn has come.
    ///
    /// # Errors
    /// [`Refusal::Full`] if it has not: the ticket stays good. [`Refusal::Closed`]: the ticket is void.
    pub fn redeem(&mut self, ticket: Ticket, now: Moment, priority: Priority) -> Result<Slot, Refusal> {
        self.take_turn(ticket).and_then(|()| self.accept(now, priority, Holds::OneTask))
    }

    pub(super) fn take_turn(&mut self, ticket: Ticket) -> Result<(), Refusal> {
        if !self.open {
            self.submitters.leave(ticket);
            return Err(Refusal::Closed);
        }
        if !self.submitters.is_promised(ticket) {
            return Err(Refusal::Full);
        }
        self.submitters.leave(ticket);
        Ok(())
    }

    /// Gives the next waiting task a slot, if one is free. Its body must be started, and [`end_body`](Self::end_body)
    /// called when that has ended or was dropped.
    #[inline]
    pub fn start_next(&mut self, now: Moment) -> Option<Slot> {
        if self.has_free_slot() { self.start_first(now) } else { None }
    }

    /// Gives a slot that was just [lent](Self::lend) to the next waiting task, also before bodies that want theirs back: bodies that
    /// are polled while they wait would else pass one slot around among themselves, and what they wait for would never start.
    pub fn start_on_lent(&mut self, now: Moment) -> Option<Slot> {
        if self.occupied < self.limit { self.start_first(now) } else { None }
    }

    #[inline]
    fn start_first(&mut self, now: Moment) -> Option<Slot> {
        if mutant!("queue-lost-at-close") && !self.open {
            return None;
        }
        let slot = self.waiting.pop(&mut self.tasks)?;
        self.start(slot, now);
        Some(Slot(slot))
    }

    /// Gives this waiting task a slot before its turn: for one that is to run in the stack, and on the slot, of a task that
    /// waits for it and has just [lent](Self::lend) its own. `false` if it does not wait here or no slot is free.
    pub fn start_this(&mut self, slot: Slot, now: Moment) -> bool {
        let Some(&task) = self.tasks.get(slot.0) else { return false };
        if task.state != TaskState::Queued || self.occupied >= self.limit {
            return false;
        }
        self.waiting.remove(&mut self.tasks, slot.0, task.priority);
        self.start(slot.0, now);
        true
    }

    /// Lends the slot of a body that waits for another task to whoever is next. `false` if it holds none.
    pub fn lend(&mut self, slot: Slot) -> bool {
        let Some(task) = self.tasks.get_mut(slot.0).filter(|task| task.seat == Seat::Held) else { return false };
        task.seat = Seat::None;
        self.occupied -= 1;
        self.lending += 1;
        true
    }

    /// Takes a slot for a body that lent its own and is to go on. `false` if none is free: it then stands in line, and
    /// [`resume_next`](Self::resume_next) will name it.
    pub fn reclaim(&mut self, slot: Slot) -> bool {
        let free = self.occupied < self.limit;
        let Some(task) = self.tasks.get_mut(slot.0) else { return false };
        match (task.seat, free) {
            (Seat::Held, _) => return true,
            (Seat::Awaited, _) => return false,
            (Seat::None, true) => task.seat = Seat::Held,
            (Seat::None, false) => {
                task.seat = Seat::Awaited;
                self.resuming.push(&mut self.tasks, slot.0);
                return false;
            }
        }
        self.occupied += 1;
        self.lending -= 1;
        true
    }

    /// Gives a free slot back to the first body in line that lent its own, which is to be woken. Call it until it
    /// returns `None`, before [`start_next`](Self::start_next).
    #[inline]
    pub fn resume_next(&mut self) -> Option<Slot> {
        if self.occupied >= self.limit {
            return None;
        }
        let first = self.resuming.pop_first(&mut self.tasks)?;
        self.tasks.get_mut(first)?.seat = Seat::Held;
        self.occupied += 1;
        self.lending -= 1;
        Some(Slot(first))
    }

    /// Ends a waiting task; its place is free at once. `false` if it does not wait here.
    pub fn end_queued(&mut self, slot: Slot, how: Outcome) -> bool {
        let Some(task) = self.tasks.get(slot.0).copied() else { return false };
        let (TaskState::Queued, Ok(TaskState::Ended(_))) = (task.state, task.state.after(Step::End(how))) else {
            return false;
        };
        self.waiting.remove(&mut self.tasks, slot.0, task.priority);
        self.tasks.remove(slot.0);
        if task.is_task() {
            self.ledger.queued -= 1;
            self.ledger.count_ends(how, 1);
            let again = task.holds == Holds::TaskAgain;
            self.never_started += u64::from(!again);
            self.ended_between_attempts += u64::from(again);
        }
        true
    }

    /// Answers a running task whose body cannot be stopped: it has ended, but its body keeps the slot until
    /// [`end_body`](Self::end_body). `false` if it does not run here or was answered before.
    pub fn give_up(&mut self, slot: Slot, how: Outcome) -> bool {
        let Some(task) = self.tasks.get_mut(slot.0) else { return false };
        let (TaskState::Running, Ok(ended)) = (task.state, task.state.after(Step::End(how))) else { return false };
        task.state = ended;
        self.items.at_once -= task.at_once();
        match task.holds {
            Holds::OneTask | Holds::TaskAgain => {
                self.overrunning += 1;
                self.ledger.running -= 1;
                self.ledger.count_ends(how, 1);
                self.occupied -= usize::from(mutant!("slot-freed-early"));
            }
            // It is among the overrunning already if its item is.
            Holds::Items => self.overrunning += 1,
            Holds::OverrunningItem => {}
        }
        true
    }

    /// A body has ended or was dropped, and its slot is free. `None` if no body runs in this slot.
    #[inline]
    pub fn end_body(&mut self, slot: Slot, how: Outcome, now: Moment) -> Option<Ending> {
        let task = *self.tasks.get(slot.0)?;
        let ending = match task.state {
            TaskState::Queued | TaskState::RetryWaiting => return None,
            TaskState::Running => Ending::Final,
            TaskState::Ended(_) => Ending::Late,
        };
        match (task.holds, ending) {
            (Holds::OneTask | Holds::TaskAgain, Ending::Final) => {
                self.ledger.running -= 1;
                self.ledger.count_ends(how, 1);
            }
            (Holds::OneTask | Holds::TaskAgain, Ending::Late) => {
                self.late_results += 1;
                self.ledger.count_ends(how, u64::from(mutant!("settled-twice")));
            }
            (Holds::Items, Ending::Final) => self.items.at_once -= task.at_once(),
            (Holds::OverrunningItem, Ending::Final) => self.overrunning -= 1,
            (Holds::Items | Holds::OverrunningItem, Ending::Late) => {}
        }
        if ending == Ending::Late {
            self.overrunning -= 1;
        }
        self.occupied -= task.more_slots as usize;
        match task.seat {
            Seat::Held => self.occupied -= 1,
            Seat::None => self.lending -= 1,
            Seat::Awaited => {
                self.resuming.remove(&mut self.tasks, slot.0);
                self.lending -= 1;
            }
        }
        // Out of all lists by now: the entry's link is that of the free ones.
        self.tasks.remove(slot.0);
        if task.is_task() {
            self.run.record(now.since(task.started_at));
        }
        Some(ending)
    }

    /// Takes nothing in from now on. What was accepted goes on; who waits for room finds the lane closed.
    pub fn close(&mut self) {
        self.open = false;
    }

    /// Keeps what the shell has of a task under its number.
    #[inline]
    pub fn keep(&mut self, slot: Slot, value: T) {
        self.tasks.keep(slot.0, value);
    }

    /// What is kept under a number.
    #[inline]
    pub fn kept(&self, slot: Slot) -> Option<&T> {
        self.tasks.kept(slot.0)
    }

    /// All that is kept, with no order.
    pub fn all_kept(&self) -> impl Iterator<Item = &T> {
        self.tasks.all_kept()
    }

    /// Takes out what is kept under a number. To be called when the task's body has ended, before another task is let in, which may
    /// have the same number.
    #[inline]
    pub fn let_go(&mut self, slot: Slot) -> Option<T> {
        self.tasks.let_go(slot.0)
    }

    /// How many bodies may run at once.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Whether tasks are still let in.
    #[inline]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// Whether a task could be given a slot now.
    pub const fn is_startable(&self) -> bool {
        self.waiting.len() > 0 && self.has_free_slot()
    }

    /// Whether a task waits for a slot.
    pub const fn has_queued(&self) -> bool {
        self.waiting.len() > 0
    }

    /// Whether anybody wants a slot or a place: a task that waits, a body that lent its slot, a submitter in line.
    pub const fn is_wanted(&self) -> bool {
        self.waiting.len() > 0 || self.lending > 0 || self.has_line()
    }

    /// Whether submitters wait for room.
    #[inline]
    pub const fn has_line(&self) -> bool {
        self.submitters.line.len() > 0
    }

    /// How many tasks have not ended.
    pub const fn live(&self) -> u64 {
        self.ledger.live() + self.items.live
    }

    /// The state of a task whose body has not ended.
    pub fn state(&self, slot: Slot) -> Option<TaskState> {
        self.tasks.get(slot.0).map(|task| task.state)
    }

    /// Since when a task is what it is: accepted, started, or waiting for its next attempt.
    pub fn since(&self, slot: Slot) -> Option<Moment> {
        self.tasks.get(slot.0).map(|task| match task.state {
            TaskState::Queued | TaskState::RetryWaiting => task.accepted_at,
            TaskState::Running | TaskState::Ended(_) => task.started_at,
        })
    }

    /// How long ago a task was accepted whose body has not ended, or is queued again; zero if there is none.
    #[inline]
    pub fn age(&self, slot: Slot, now: Moment) -> Duration {
        self.tasks.get(slot.0).map_or(Duration::ZERO, |task| now.since(task.accepted_at))
    }

    /// How long a task whose body has not ended waited for its slot, and how long its body has run; `None` if it waits for a slot.
    /// Between two attempts: how long it has waited there, and how long the last one ran.
    pub fn times_of(&self, slot: Slot, now: Moment) -> Option<(Duration, Option<Duration>)> {
        self.tasks.get(slot.0).map(|task| match task.state {
            TaskState::Queued => (now.since(task.accepted_at), None),
            TaskState::RetryWaiting => (now.since(task.accepted_at), Some(task.accepted_at.since(task.started_at))),
            TaskState::Running | TaskState::Ended(_) => {
                (task.started_at.since(task.accepted_at), Some(now.since(task.started_at)))
            }
        })
    }

    /// The numbers of the lane, now.
    pub fn counts(&self) -> LaneCounts {
        LaneCounts {
            ledger: self.items.added_to(self.ledger),
            limit: self.limit,
            queue: self.queue,
            overrunning: self.overrunning,
            lending: self.lending,
            occupied: self.occupied,
            submitters: self.submitters.line.len() + self.submitters.promises + self.submitters.aside,
            promised: self.submitters.promises,
            refused: self.refused,
            never_started: self.never_started,
            late_results: self.late_results,
            retries: self.retries,
            over_budget: self.over_budget,
            ended_between_attempts: self.ended_between_attempts,
            open: self.open,
        }
    }

    /// How long tasks waited and how long bodies ran.
    pub fn times(&mut self) -> (Percentiles, Percentiles) {
        (self.wait.percentiles(), self.run.percentiles())
    }

    /// Whether a slot is free that no resuming body waits for.
    #[inline]
    const fn has_free_slot(&self) -> bool {
        self.occupied + self.resuming.len() < self.limit
    }

    #[inline]
    fn has_room(&self) -> bool {
        let between_attempts = if mutant!("retry-without-place") { 0 } else { self.ledger.retry_waiting };
        let between_attempts = usize::try_from(between_attempts).unwrap_or(usize::MAX);
        let taken = self.occupied + self.waiting.len() + self.submitters.promises + between_attempts;
        taken < self.limit + self.queue
    }

    #[inline]
    pub(super) fn accept(&mut self, now: Moment, priority: Priority, holds: Holds) -> Result<Slot, Refusal> {
        let (state, seat) = (TaskState::Queued, Seat::None);
        let record = Record { state, priority, accepted_at: now, started_at: now, more_slots: 0, seat, holds };
        let slot = self.tasks.insert(record).ok_or(Refusal::Full)?;
        self.waiting.push(&mut self.tasks, slot, priority);
        if holds == Holds::OneTask {
            self.ledger.accepted += 1 + u64::from(mutant!("ledger-off-by-one") && slot == 1);
            self.ledger.queued += 1;
        }
        Ok(Slot(slot))
    }

    #[inline]
    fn start(&mut self, slot: u32, now: Moment) {
        let Some(task) = self.tasks.get_mut(slot) else { return };
        task.state = TaskState::Running;
        task.started_at = now;
        task.seat = Seat::Held;
        match task.holds {
            Holds::OneTask | Holds::TaskAgain => {
                self.wait.record(now.since(task.accepted_at));
                self.ledger.queued -= 1;
                self.ledger.running += 1;
            }
            Holds::Items | Holds::OverrunningItem => self.items.at_once += task.at_once(),
        }
        self.occupied += 1;
    }
}

/// The numbers of a lane at one moment. [`Ledger::balances`] holds in each of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LaneCounts {
    /// What was accepted and how it ended.
    pub ledger: Ledger,
    /// How many bodies may run at once.
    pub limit: usize,
    /// How many tasks may wait behind them.
    pub queue: usize,
    /// Bodies that hold a slot; never more than `limit`.
    pub occupied: usize,
    /// Bodies that run though their task was answered: past a timeout, aborted, abandoned.
    pub overrunning: usize,
    /// Bodies that lent their slot to another task, for which they wait.
    pub lending: usize,
    /// Submitters that wait for room.
    pub submitters: usize,
    /// Places that are promised to some of them.
    pub promised: usize,
    /// Submitters that were turned away: no room, or a closed lane.
    pub refused: u64,
    /// Tasks that ended before their body was given a slot; the ledger counts them as cancelled or timed out.
    pub never_started: u64,
    /// Results that came after their task had been answered.
    pub late_results: u64,
    /// Times a task was queued for another attempt.
    pub retries: u64,
    /// Tasks that were given up because the budget of retries was used up.
    pub over_budget: u64,
    /// Tasks that ended while they waited for their next attempt; the ledger counts them as cancelled or timed out.
    pub ended_between_attempts: u64,
    /// Whether tasks are let in.
    pub open: bool,
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
