//! A lane's policy against a list of what was asked of it: who is let in, who starts next, and every number. It is told nothing of slots
//! that are lent or of runners, which the policy's own tests do.

use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::*;
use workyard_core::{Ageing, Ending, LaneConfig, LanePolicy, Moment, Order, Outcome, Priority, Refusal, Slot, Ticket};

/// One thing that is asked of a lane. Numbers choose among those that there are.
#[derive(Clone, Copy, Debug)]
enum Step {
    Offer(usize),
    LineUp,
    /// Promises what room there is, and has the first who was promised take it.
    Redeem,
    LeaveLine(usize),
    Start,
    EndQueued(usize),
    GiveUp(usize),
    EndBody(usize),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    let which = || 0..8_usize;
    prop_oneof![
        8 => (0..5_usize).prop_map(Step::Offer),
        3 => Just(Step::LineUp),
        3 => Just(Step::Redeem),
        2 => which().prop_map(Step::LeaveLine),
        6 => Just(Step::Start),
        2 => which().prop_map(Step::EndQueued),
        2 => which().prop_map(Step::GiveUp),
        5 => which().prop_map(Step::EndBody),
        1 => Just(Step::Close),
    ]
}

/// What the policy should be.
#[derive(Default)]
struct Model {
    queued: Vec<(Slot, Priority)>,
    /// With whether its task was answered.
    bodies: Vec<(Slot, bool)>,
    line: VecDeque<Ticket>,
    promised: VecDeque<Ticket>,
    closed: bool,
    accepted: u64,
    ended: u64,
    never_started: u64,
    late: u64,
    refused: u64,
}

/// Takes the `which`th, counted around.
fn pick<T>(list: &mut Vec<T>, which: usize) -> Option<T> {
    if list.is_empty() { None } else { Some(list.remove(which % list.len())) }
}

struct Both {
    policy: LanePolicy<()>,
    model: Model,
    config: LaneConfig,
}

impl Both {
    fn has_room(&self) -> bool {
        let Model { queued, bodies, promised, .. } = &self.model;
        queued.len() + bodies.len() + promised.len() < self.config.limit + self.config.queue
    }

    fn accepted(&mut self, slot: Slot, priority: Priority) {
        let Model { queued, bodies, .. } = &self.model;
        let is_taken = queued.iter().any(|&(held, _)| held == slot) || bodies.iter().any(|&(held, _)| held == slot);
        assert!(!is_taken, "{slot:?} is another's");
        self.model.queued.push((slot, priority));
        self.model.accepted += 1;
    }

    /// Who should be next; the clock stands still, so nobody ages.
    fn next(&self) -> Option<usize> {
        let queued = &self.model.queued;
        let first_of = |priority: Priority| queued.iter().position(|&(_, of)| of == priority);
        match self.config.order {
            Order::Fifo => (!queued.is_empty()).then_some(0),
            Order::Lifo => queued.len().checked_sub(1),
            _ => queued.iter().map(|&(_, priority)| priority).max().and_then(first_of),
        }
    }

    fn take(&mut self, step: Step) {
        let now = Moment::default();
        match step {
            Step::Offer(level) => {
                let priority = Priority::ALL[level];
                let expected = match (self.model.closed, self.has_room()) {
                    (true, _) => Some(Refusal::Closed),
                    (false, false) => Some(Refusal::Full),
                    (false, true) => None,
                };
                let offered = self.policy.offer(now, priority);
                assert_eq!(offered.err(), expected);
                if let Ok(slot) = offered {
                    self.accepted(slot, priority);
                } else {
                    self.policy.count_refusal();
                    self.model.refused += 1;
                }
            }
            Step::LineUp => {
                let ticket = self.policy.line_up();
                self.model.line.push_back(ticket);
            }
            Step::Redeem => self.redeem(now),
            Step::LeaveLine(which) => {
                let mut line: Vec<_> = self.model.line.drain(..).collect();
                if let Some(ticket) = pick(&mut line, which) {
                    self.policy.leave_line(ticket);
                }
                self.model.line = line.into();
            }
            Step::Start => {
                let is_free = self.model.bodies.len() < self.config.limit;
                let next = self.next().filter(|_| is_free);
                assert_eq!(self.policy.is_startable(), next.is_some());
                let started = self.policy.start_next(now);
                assert_eq!(started, next.map(|at| self.model.queued[at].0));
                if let Some(at) = next {
                    let (slot, _) = self.model.queued.remove(at);
                    self.model.bodies.push((slot, false));
                }
            }
            Step::EndQueued(which) => {
                if let Some((slot, _)) = pick(&mut self.model.queued, which) {
                    assert!(self.policy.end_queued(slot, Outcome::Cancelled));
                    assert!(!self.policy.end_queued(slot, Outcome::Cancelled), "it ends once");
                    self.model.ended += 1;
                    self.model.never_started += 1;
                }
            }
            Step::GiveUp(which) => {
                let at = which % self.model.bodies.len().max(1);
                if let Some((slot, answered)) = self.model.bodies.get_mut(at) {
                    assert_eq!(self.policy.give_up(*slot, Outcome::TimedOut), !*answered, "it is answered once");
                    self.model.ended += u64::from(!std::mem::replace(answered, true));
                }
            }
            Step::EndBody(which) => {
                if let Some((slot, answered)) = pick(&mut self.model.bodies, which) {
                    let expected = if answered { Ending::Late } else { Ending::Final };
                    assert_eq!(self.policy.end_body(slot, Outcome::Completed, now), Some(expected));
                    self.model.ended += u64::from(!answered);
                    self.model.late += u64::from(answered);
                }
            }
            Step::Close => {
                self.policy.close();
                self.model.closed = true;
            }
        }
    }

    fn redeem(&mut self, now: Moment) {
        while let Some(ticket) = self.policy.promise_next() {
            assert!(!self.model.closed && self.has_room(), "room is promised that there is");
            assert_eq!(self.model.line.pop_front(), Some(ticket), "first come, first served");
            self.model.promised.push_back(ticket);
        }
        assert!(self.model.closed || self.model.line.is_empty() || !self.has_room(), "room is left for who waits");
        let Some(ticket) = self.model.promised.pop_front() else { return };
        match self.policy.redeem(ticket, now, Priority::NORMAL) {
            Ok(slot) => self.accepted(slot, Priority::NORMAL),
            Err(refusal) => assert!(self.model.closed && refusal == Refusal::Closed, "a promise is kept"),
        }
    }

    fn check(&self) {
        let Model { queued, bodies, line, promised, .. } = &self.model;
        let overrunning = bodies.iter().filter(|&&(_, answered)| answered).count();
        let counts = self.policy.counts();
        let ledger = counts.ledger;
        assert!(ledger.balances(), "{ledger}");
        assert_eq!((ledger.accepted, ledger.all_ended()), (self.model.accepted, self.model.ended));
        assert_eq!((ledger.queued, ledger.running), (queued.len() as u64, (bodies.len() - overrunning) as u64));
        assert_eq!((counts.occupied, counts.overrunning, counts.lending), (bodies.len(), overrunning, 0));
        assert_eq!((counts.submitters, counts.promised), (line.len() + promised.len(), promised.len()));
        assert_eq!((counts.never_started, counts.late_results), (self.model.never_started, self.model.late));
        assert_eq!((counts.open, counts.refused), (!self.model.closed, self.model.refused));
        assert!(bodies.len() <= self.config.limit);
    }
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Fifo), Just(Order::Lifo), Just(Order::Priority)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn a_lane_does_what_its_list_does(
        order in order(), limit in 1..5_usize, queue in 0..5_usize, steps in vec(step(), 1..120),
    ) {
        let config = LaneConfig::new(limit, queue, order, Ageing::default()).unwrap();
        let mut both = Both { policy: LanePolicy::new(config), model: Model::default(), config };
        for step in steps {
            both.take(step);
            both.check();
        }
        // Everybody goes on until nobody is left.
        while !both.model.bodies.is_empty() || !both.model.queued.is_empty() {
            both.take(Step::Start);
            both.take(Step::EndBody(0));
            both.check();
        }
        assert_eq!(both.policy.live(), 0);
    }
}
