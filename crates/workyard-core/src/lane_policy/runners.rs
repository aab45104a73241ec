//! Owns what a lane decides about runners. A runner works through the items of a map: it enters the lane as a task does, by its queue,
//! and what it works on is counted item by item. Never knows an item.
//!
//! An item is accepted when a runner takes it, and of all items that were taken as many are *running* as the runners have
//! slots; the others wait for the one that holds them. So the conservation law holds for items and tasks alike, in each
//! snapshot, at the cost of a few steps for a whole batch.

use super::policy::{LanePolicy, Refusal, Slot, Ticket};
use crate::slots::{Holds, Seat};
use crate::{Ledger, Moment, Priority, Tally, TaskState};

/// The items of all runners.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// Accepted, and not ended.
    pub(super) live: u64,
    /// How many of them can run at once: the slots of the runners that run and were not given up.
    pub(super) at_once: usize,
}

impl Items {
    pub(super) fn added_to(&self, mut ledger: Ledger) -> Ledger {
        let running = self.live.min(self.at_once as u64);
        ledger.running += running;
        ledger.queued += self.live - running;
        ledger
    }
}

impl<T> LanePolicy<T> {
    /// As [`offer`](Self::offer), for a runner.
    ///
    /// # Errors
    /// As [`offer`](Self::offer).
    pub fn offer_runner(&mut self, now: Moment, priority: Priority) -> Result<Slot, Refusal> {
        self.check_room().and_then(|()| self.accept(now, priority, Holds::Items))
    }

    /// As [`redeem`](Self::redeem), for a runner.
    ///
    /// # Errors
    /// As [`redeem`](Self::redeem).
    pub fn redeem_runner(&mut self, ticket: Ticket, now: Moment, priority: Priority) -> Result<Slot, Refusal> {
        self.take_turn(ticket).and_then(|()| self.accept(now, priority, Holds::Items))
    }

    /// Accepts items that a runner has taken. `false` if the lane takes nothing in any more; then they are no items of the lane.
    pub fn take_in(&mut self, items: u64) -> bool {
        if self.open {
            self.ledger.accepted += items;
            self.items.live += items;
        }
        self.open
    }

    /// Items have ended.
    pub fn settle(&mut self, tally: &Tally) {
        self.items.live -= tally.total();
        self.never_started += tally.never_started();
        for (outcome, times) in tally.ends() {
            self.ledger.count_ends(outcome, times);
        }
    }

    /// Gives a running runner up to `want` slots beside the one of its seat, as far as they are free and nobody waits for one.
    /// Says how many it got.
    pub fn add_slots(&mut self, runner: Slot, want: usize) -> usize {
        if self.is_contended() {
            return 0;
        }
        let free = self.limit.saturating_sub(self.occupied + self.submitters.promises);
        let Some(record) = self.tasks.get_mut(runner.0).filter(|record| record.state == TaskState::Running) else {
            return 0;
        };
        if record.is_task() {
            return 0;
        }
        let got = u32::try_from(want.min(free)).unwrap_or(u32::MAX);
        record.more_slots += got;
        self.occupied += got as usize;
        self.items.at_once += got as usize;
        got as usize
    }

    /// Takes slots back from a runner that has more than `keep` beside the one of its seat.
    pub fn keep_slots(&mut self, runner: Slot, keep: usize) {
        let Some(record) = self.tasks.get_mut(runner.0) else { return };
        let freed = (record.more_slots as usize).saturating_sub(keep);
        record.more_slots -= u32::try_from(freed).unwrap_or(record.more_slots);
        self.occupied -= freed;
        if record.state == TaskState::Running {
            self.items.at_once -= freed;
        }
    }

    /// The item that a runner of closures is at was answered, and runs on.
    pub fn overrun(&mut self, runner: Slot) {
        let Some(record) = self.tasks.get_mut(runner.0) else { return };
        if (record.state, record.holds) == (TaskState::Running, Holds::Items) {
            let at_once = record.at_once();
            record.holds = Holds::OverrunningItem;
            self.items.at_once -= at_once;
            self.overrunning += 1;
        }
    }

    /// An item that had been answered has returned; what it came to is dropped.
    pub fn item_returned(&mut self, runner: Slot) {
        self.late_results += 1;
        self.catch_up(runner);
    }

    /// Undoes [`overrun`](Self::overrun): the item was not answered after all.
    pub fn catch_up(&mut self, runner: Slot) {
        let Some(record) = self.tasks.get_mut(runner.0) else { return };
        if (record.state, record.holds) == (TaskState::Running, Holds::OverrunningItem) {
            record.holds = Holds::Items;
            self.items.at_once += record.at_once();
            self.overrunning -= 1;
        }
    }

    /// Puts a running runner that holds no slot but its seat's behind all who wait. `false` if it is no such runner.
    pub fn give_way(&mut self, runner: Slot, now: Moment) -> bool {
        let Some(record) = self.tasks.get_mut(runner.0) else { return false };
        let is_alone = (record.holds, record.more_slots, record.seat) == (Holds::Items, 0, Seat::Held);
        if record.state != TaskState::Running || !is_alone {
            return false;
        }
        record.state = TaskState::Queued;
        record.seat = Seat::None;
        record.accepted_at = now;
        let priority = record.priority;
        self.waiting.push_behind(&mut self.tasks, runner.0, priority);
        self.occupied -= 1;
        self.items.at_once -= 1;
        true
    }

    /// Whether a slot is free that nobody waits for.
    pub const fn has_spare_slot(&self) -> bool {
        !self.is_contended() && self.occupied + self.submitters.promises < self.limit
    }

    /// Whether anybody waits for a slot: a task, another runner, or a body that lent its own.
    pub const fn is_contended(&self) -> bool {
        self.waiting.len() > 0 || self.resuming.len() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ending, LaneConfig, Order, Outcome};

    fn lane(limit: usize, queue: usize) -> LanePolicy<()> {
        LanePolicy::new(LaneConfig::new(limit, queue, Order::Fifo, crate::Ageing::default()).unwrap())
    }

    fn runner(lane: &mut LanePolicy<()>) -> Slot {
        let slot = lane.offer_runner(Moment::default(), Priority::NORMAL).unwrap();
        assert_eq!(lane.start_next(Moment::default()), Some(slot));
        slot
    }

    fn tally(completed: u64, never_started: u64) -> Tally {
        let mut tally = Tally::NONE;
        (0..completed).for_each(|_| tally.count(Outcome::Completed));
        (0..never_started).for_each(|_| tally.count_never_started(Outcome::Cancelled));
        tally
    }

    #[test]
    fn items_are_counted_and_runners_are_not() {
        let mut lane = lane(2, 4);
        let runner = runner(&mut lane);
        assert!(lane.take_in(64));
        let ledger = lane.counts().ledger;
        assert_eq!((ledger.accepted, ledger.running, ledger.queued), (64, 1, 63));
        lane.settle(&tally(60, 4));
        assert_eq!(lane.end_body(runner, Outcome::Completed, Moment::default()), Some(Ending::Final));
        let counts = lane.counts();
        assert!(counts.ledger.balances() && counts.ledger.live() == 0 && lane.live() == 0);
        assert_eq!((counts.ledger.completed, counts.ledger.cancelled, counts.never_started), (60, 4, 4));
        assert_eq!(counts.occupied, 0);
    }

    #[test]
    fn a_closed_lane_takes_no_items_in() {
        let mut lane = lane(1, 0);
        let _runner = runner(&mut lane);
        lane.close();
        assert!(!lane.take_in(5));
        assert_eq!(lane.counts().ledger.accepted, 0);
    }

    #[test]
    fn a_runner_gets_what_is_free_and_nobody_waits_for() {
        let mut lane = lane(4, 4);
        let runner = runner(&mut lane);
        assert_eq!(lane.add_slots(runner, 9), 3, "the limit holds");
        assert_eq!(lane.counts().occupied, 4);
        let waiting = lane.offer(Moment::default(), Priority::NORMAL).unwrap();
        assert_eq!(lane.start_next(Moment::default()), None);
        lane.keep_slots(runner, 1);
        assert_eq!(lane.add_slots(runner, 9), 0, "a task waits");
        assert_eq!(lane.start_next(Moment::default()), Some(waiting));
        assert_eq!(lane.add_slots(runner, 9), 1);
        lane.take_in(3);
        assert_eq!(lane.counts().ledger.running, 4);
        lane.settle(&tally(3, 0));
        lane.end_body(runner, Outcome::Completed, Moment::default());
        assert_eq!(lane.counts().occupied, 1);
    }

    #[test]
    fn a_runner_that_gives_way_is_behind_all_who_wait() {
        let mut lane = lane(1, 4);
        let runner = runner(&mut lane);
        lane.take_in(10);
        let task = lane.offer(Moment::default(), Priority::NORMAL).unwrap();
        assert!(lane.is_contended() && lane.give_way(runner, Moment::default()));
        assert!(!lane.give_way(runner, Moment::default()), "it waits already");
        assert_eq!((lane.counts().ledger.running, lane.counts().ledger.queued), (0, 11));
        assert_eq!(lane.start_next(Moment::default()), Some(task));
        lane.end_body(task, Outcome::Completed, Moment::default());
        assert_eq!(lane.start_next(Moment::default()), Some(runner));
        lane.settle(&tally(10, 0));
        lane.end_body(runner, Outcome::Completed, Moment::default());
        assert!(lane.counts().ledger.balances() && lane.counts().ledger.live() == 0);
    }

    #[test]
    fn giving_way_is_behind_all_in_each_order() {
        for order in [Order::Fifo, Order::Lifo, Order::Priority] {
            let config = LaneConfig::new(1, 4, order, crate::Ageing::default()).unwrap();
            let mut lane = LanePolicy::<()>::new(config);
            let runner = runner(&mut lane);
            let mut tasks = [(); 2].map(|()| lane.offer(Moment::default(), Priority::NORMAL).unwrap());
            assert!(lane.give_way(runner, Moment::default()));
            if order == Order::Lifo {
                tasks.reverse();
            }
            for next in [tasks[0], tasks[1], runner] {
                assert_eq!(lane.start_next(Moment::default()), Some(next), "{order:?}");
                lane.end_body(next, Outcome::Completed, Moment::default());
            }
        }
    }

    #[test]
    fn an_item_that_overruns_is_seen_until_it_returns() {
        let mut lane = lane(1, 4);
        let runner = runner(&mut lane);
        lane.take_in(3);
        let mut timed_out = Tally::NONE;
        timed_out.count(Outcome::TimedOut);
        lane.settle(&timed_out);
        lane.overrun(runner);
        lane.overrun(runner);
        let counts = lane.counts();
        assert_eq!((counts.overrunning, counts.occupied, counts.ledger.running, counts.ledger.queued), (1, 1, 0, 2));
        lane.item_returned(runner);
        let counts = lane.counts();
        assert_eq!((counts.overrunning, counts.ledger.running, counts.late_results), (0, 1, 1));
        lane.overrun(runner);
        assert!(lane.give_up(runner, Outcome::Abandoned));
        assert_eq!(lane.counts().overrunning, 1);
        lane.item_returned(runner);
        lane.settle(&tally(0, 2));
        lane.end_body(runner, Outcome::Completed, Moment::default());
        let counts = lane.counts();
        assert_eq!((counts.overrunning, counts.occupied), (0, 0));
        assert!(counts.ledger.balances() && counts.ledger.live() == 0);
    }

    #[test]
    fn a_runner_that_was_given_up_keeps_its_slots_until_it_ends() {
        let mut lane = lane(3, 0);
        let runner = runner(&mut lane);
        assert_eq!(lane.add_slots(runner, 1), 1);
        lane.take_in(2);
        assert!(lane.give_up(runner, Outcome::Abandoned));
        lane.settle(&tally(0, 2));
        let counts = lane.counts();
        assert!(counts.ledger.balances());
        assert_eq!((counts.occupied, counts.overrunning, counts.ledger.running), (2, 1, 0));
        assert_eq!(lane.end_body(runner, Outcome::Completed, Moment::default()), Some(Ending::Late));
        let counts = lane.counts();
        assert_eq!((counts.occupied, counts.overrunning, counts.late_results), (0, 0, 0));
    }
}
