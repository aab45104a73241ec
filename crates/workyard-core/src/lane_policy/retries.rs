//! Owns what a lane decides about tasks between two attempts. Such a task has no slot, and keeps one of the lane's places, so that
//! the lane is bounded whatever fails. Never decides whether there is another attempt: a [`RetryPolicy`](crate::RetryPolicy) does.

use super::policy::{LanePolicy, Slot};
use crate::slots::{Holds, Seat};
use crate::{Moment, Outcome, Step, TaskState, mutant};

impl<T> LanePolicy<T> {
    /// An attempt of this task has ended, and another is to come: the slot is free, the place is kept. `false` if the task has been
    /// answered, or does not run here.
    pub fn wait_for_retry(&mut self, slot: Slot, now: Moment) -> bool {
        let Some(task) = self.tasks.get_mut(slot.0).filter(|task| task.is_task()) else { return false };
        let Ok(state) = task.state.after(Step::Wait) else { return false };
        let (ran, seat) = (now.since(task.started_at), task.seat);
        task.state = state;
        task.holds = Holds::TaskAgain;
        task.accepted_at = now;
        task.seat = Seat::None;
        match seat {
            Seat::Held => self.occupied -= usize::from(!mutant!("retry-keeps-slot")),
            Seat::None => self.lending -= 1,
            Seat::Awaited => {
                self.resuming.remove(&mut self.tasks, slot.0);
                self.lending -= 1;
            }
        }
        self.run.record(ran);
        self.ledger.running -= 1;
        self.ledger.retry_waiting += 1;
        true
    }

    /// The time of the next attempt has come: the task waits for a slot as if it came now. `false` if it does not wait between two
    /// attempts.
    pub fn retry(&mut self, slot: Slot, now: Moment) -> bool {
        let Some(task) = self.tasks.get_mut(slot.0) else { return false };
        let Ok(state) = task.state.after(Step::Again) else { return false };
        task.state = state;
        task.accepted_at = now;
        let priority = task.priority;
        self.waiting.push(&mut self.tasks, slot.0, priority);
        self.ledger.retry_waiting -= 1;
        self.ledger.queued += 1;
        self.retries += 1;
        true
    }

    /// Ends a task between two attempts; its place is free at once. `false` if it does not wait there.
    pub fn end_retry_waiting(&mut self, slot: Slot, how: Outcome) -> bool {
        let Some(task) = self.tasks.get(slot.0) else { return false };
        let (TaskState::RetryWaiting, Ok(TaskState::Ended(_))) = (task.state, task.state.after(Step::End(how))) else {
            return false;
        };
        self.tasks.remove(slot.0);
        self.ledger.retry_waiting -= 1;
        self.ledger.count_ends(how, 1);
        self.ended_between_attempts += 1;
        true
    }

    /// A task is given up, since the budget of retries is used up.
    pub const fn count_over_budget(&mut self) {
        self.over_budget += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Ending, LaneConfig, Order, Priority, Refusal};

    fn lane(limit: usize, queue: usize) -> LanePolicy<()> {
        LanePolicy::new(LaneConfig::new(limit, queue, Order::Fifo, crate::Ageing::default()).unwrap())
    }

    fn at(seconds: u64) -> Moment {
        Moment::new(Duration::from_secs(seconds))
    }

    fn running(lane: &mut LanePolicy<()>) -> Slot {
        let slot = lane.offer(at(0), Priority::NORMAL).unwrap();
        assert_eq!(lane.start_next(at(0)), Some(slot));
        slot
    }

    #[test]
    fn between_attempts_a_task_has_a_place_and_no_slot() {
        let mut lane = lane(1, 1);
        let task = running(&mut lane);
        assert!(lane.wait_for_retry(task, at(1)));
        let counts = lane.counts();
        assert_eq!((counts.ledger.running, counts.ledger.retry_waiting, counts.occupied), (0, 1, 0));
        assert!(counts.ledger.balances() && lane.live() == 1);
        let other = running(&mut lane);
        assert_eq!(lane.offer(at(1), Priority::NORMAL), Err(Refusal::Full), "two are here, and there is room for two");
        assert!(lane.retry(task, at(5)));
        assert_eq!(lane.start_next(at(5)), None, "the other has the slot");
        assert_eq!(lane.times_of(task, at(7)), Some((Duration::from_secs(2), None)));
        assert_eq!(lane.end_body(other, Outcome::Completed, at(8)), Some(Ending::Final));
        assert_eq!(lane.start_next(at(8)), Some(task));
        assert_eq!(lane.end_body(task, Outcome::Failed, at(9)), Some(Ending::Final));
        let counts = lane.counts();
        assert_eq!((counts.ledger.completed, counts.ledger.failed, counts.retries), (1, 1, 1));
        assert!(counts.ledger.balances() && counts.never_started == 0 && lane.live() == 0);
    }

    #[test]
    fn it_may_end_there() {
        for how in Outcome::ALL {
            let mut lane = lane(1, 0);
            let task = running(&mut lane);
            assert!(!lane.end_retry_waiting(task, how) && lane.wait_for_retry(task, at(1)));
            let ends = matches!(how, Outcome::Cancelled | Outcome::TimedOut);
            assert_eq!(lane.end_retry_waiting(task, how), ends, "{how}");
            let counts = lane.counts();
            assert_eq!((counts.ledger.ended(how), counts.ended_between_attempts), (u64::from(ends), u64::from(ends)));
            assert!(counts.ledger.balances() && counts.never_started == 0);
            assert!(!ends || (lane.live() == 0 && lane.offer(at(2), Priority::NORMAL).is_ok()), "the place is free");
        }
    }

    #[test]
    fn what_ran_and_ends_in_the_queue_did_start() {
        let mut lane = lane(1, 1);
        let task = running(&mut lane);
        assert!(lane.wait_for_retry(task, at(1)) && lane.retry(task, at(2)));
        assert!(lane.end_queued(task, Outcome::Cancelled));
        let counts = lane.counts();
        assert_eq!((counts.ledger.cancelled, counts.never_started, counts.ended_between_attempts), (1, 0, 1));
    }

    #[test]
    fn what_was_answered_is_not_tried_again() {
        let mut lane = lane(1, 1);
        let task = running(&mut lane);
        assert!(lane.give_up(task, Outcome::Abandoned) && !lane.wait_for_retry(task, at(1)));
        assert_eq!(lane.end_body(task, Outcome::Failed, at(1)), Some(Ending::Late));
        assert!(!lane.retry(task, at(2)), "it is gone");
    }

    #[test]
    fn a_slot_that_was_lent_is_accounted_for() {
        let mut lane = lane(1, 2);
        let waiter = running(&mut lane);
        assert!(lane.lend(waiter));
        let other = running(&mut lane);
        assert!(!lane.reclaim(waiter), "it stands in line");
        assert!(lane.wait_for_retry(waiter, at(1)));
        assert_eq!((lane.counts().lending, lane.counts().occupied), (0, 1));
        assert_eq!(lane.end_body(other, Outcome::Completed, at(1)), Some(Ending::Final));
        assert_eq!((lane.resume_next(), lane.counts().occupied), (None, 0));
    }
}
