//! What a lane shows of itself, step by step: each answer changes with the one thing that it is about.

use std::time::Duration;

use workyard_core::{
    Ageing, Ending, LaneConfig, LanePolicy, Moment, Order, Outcome, Percentiles, Priority, Refusal, Slot, Tally,
    TaskState,
};

fn at(ms: u64) -> Moment {
    Moment::new(Duration::from_millis(ms))
}

fn lane(limit: usize, queue: usize) -> LanePolicy<()> {
    LanePolicy::new(LaneConfig::new(limit, queue, Order::Fifo, Ageing::default()).unwrap())
}

fn offer(lane: &mut LanePolicy<()>, ms: u64) -> Slot {
    lane.offer(at(ms), Priority::NORMAL).unwrap()
}

#[test]
fn who_wants_a_slot_or_a_place_is_seen() {
    let mut lane = lane(1, 0);
    assert!(!lane.is_wanted() && !lane.is_startable() && !lane.has_line());
    let task = offer(&mut lane, 0);
    assert!(lane.is_wanted() && lane.is_startable() && lane.is_contended(), "it is queued");
    assert_eq!(lane.start_next(at(0)), Some(task));
    assert!(!lane.is_wanted() && !lane.is_startable() && !lane.is_contended(), "it runs, and nobody else is there");
    assert!(lane.lend(task));
    assert!(lane.is_wanted() && !lane.is_startable() && !lane.is_contended(), "it lent its slot");
    assert!(lane.reclaim(task));
    assert!(!lane.is_wanted());
    let ticket = lane.line_up();
    assert!(lane.is_wanted() && lane.has_line(), "a submitter waits");
    lane.leave_line(ticket);
    assert!(!lane.is_wanted() && !lane.has_line());
    lane.end_body(task, Outcome::Completed, at(0));
    assert!(!lane.is_wanted() && lane.live() == 0);
}

#[test]
fn a_slot_that_is_lent_is_one_and_no_more() {
    let mut lane = lane(2, 4);
    let [first, second, third, fourth] = [(); 4].map(|()| offer(&mut lane, 0));
    assert_eq!([lane.start_next(at(0)), lane.start_next(at(0))], [Some(first), Some(second)]);
    assert_eq!((lane.start_next(at(0)), lane.start_on_lent(at(0))), (None, None), "both slots are held");
    assert!(!lane.start_this(third, at(0)), "also for one before its turn");
    assert!(lane.lend(first) && !lane.lend(first), "it is lent once");
    assert_eq!(lane.counts().lending, 1);
    assert_eq!(lane.start_on_lent(at(0)), Some(third));
    assert_eq!(lane.start_on_lent(at(0)), None);
    assert!(!lane.reclaim(first) && !lane.reclaim(first), "it stands in line, once");
    assert_eq!((lane.resume_next(), lane.start_next(at(0))), (None, None));
    lane.end_body(second, Outcome::Completed, at(0));
    assert_eq!(lane.start_next(at(0)), None, "the slot is for who lent its own");
    assert_eq!((lane.resume_next(), lane.resume_next()), (Some(first), None));
    assert!(lane.reclaim(first), "it has it");
    assert_eq!((lane.counts().lending, lane.counts().occupied), (0, 2));
    lane.end_body(first, Outcome::Completed, at(0));
    assert!(lane.start_this(fourth, at(0)) && !lane.start_this(fourth, at(0)), "it starts once");
    assert_eq!(
        (lane.end_body(third, Outcome::Failed, at(0)), lane.end_body(third, Outcome::Failed, at(0))),
        (Some(Ending::Final), None)
    );
}

#[test]
fn states_and_times_are_those_of_the_steps() {
    let mut lane = lane(1, 4);
    let (first, second) = (offer(&mut lane, 10), offer(&mut lane, 20));
    assert_eq!((lane.state(first), lane.since(first)), (Some(TaskState::Queued), Some(at(10))));
    assert_eq!((lane.state(Slot(9)), lane.since(Slot(9))), (None, None));
    lane.start_next(at(13));
    assert_eq!((lane.state(first), lane.since(first)), (Some(TaskState::Running), Some(at(13))));
    let (wait, run) = lane.times();
    assert_eq!((wait.seen, wait.max, run.seen), (1, Duration::from_millis(3), 0));
    assert!(lane.give_up(first, Outcome::TimedOut));
    assert_eq!(lane.since(first), Some(at(13)), "its body runs since then");
    assert_eq!(lane.end_body(first, Outcome::Completed, at(63)), Some(Ending::Late));
    lane.start_next(at(120));
    lane.end_body(second, Outcome::Completed, at(121));
    let (wait, run) = lane.times();
    assert_eq!((wait.seen, wait.max), (2, Duration::from_millis(100)));
    assert_eq!((run.seen, run.max), (2, Duration::from_millis(50)));
    let Percentiles { p50, p99, .. } = run;
    assert!(p50 >= Duration::from_millis(1) && p50 < Duration::from_millis(2) && p99 >= Duration::from_millis(50));
}

#[test]
fn a_closed_lane_promises_nothing_and_keeps_what_it_has() {
    let mut lane = lane(1, 1);
    let (running, queued) = (offer(&mut lane, 0), offer(&mut lane, 0));
    lane.start_next(at(0));
    assert_eq!(lane.offer(at(0), Priority::NORMAL), Err(Refusal::Full));
    let (first, second) = (lane.line_up(), lane.line_up());
    assert_eq!(lane.promise_next(), None, "there is no room");
    assert!(lane.end_queued(queued, Outcome::Cancelled));
    assert_eq!((lane.promise_next(), lane.promise_next()), (Some(first), None));
    assert_eq!(lane.redeem(second, at(0), Priority::NORMAL), Err(Refusal::Full), "it is not its turn");
    assert_eq!(lane.step_aside(first), Some(second), "who cannot take it lets the next");
    assert!(!lane.come_back(second) && lane.come_back(first));
    lane.leave_line(second);
    assert_eq!(lane.promise_next(), Some(first));
    lane.close();
    assert!(!lane.is_open() && lane.counts().promised == 1);
    assert_eq!(lane.redeem(first, at(0), Priority::NORMAL), Err(Refusal::Closed));
    assert_eq!((lane.counts().submitters, lane.counts().promised), (0, 0));
    let late = lane.line_up();
    assert_eq!(lane.promise_next(), None);
    lane.leave_line(late);
    assert_eq!(lane.end_body(running, Outcome::Completed, at(0)), Some(Ending::Final));
}

#[test]
fn a_place_that_is_promised_is_no_spare_slot() {
    let mut lane = lane(2, 0);
    let [first, second] = [(); 2].map(|()| {
        offer(&mut lane, 0);
        lane.start_next(at(0)).unwrap()
    });
    let ticket = lane.line_up();
    assert_eq!(lane.promise_next(), None);
    lane.end_body(first, Outcome::Completed, at(0));
    assert!(lane.has_spare_slot(), "nobody has it yet");
    assert_eq!(lane.promise_next(), Some(ticket));
    assert!(!lane.has_spare_slot());
    let third = lane.redeem(ticket, at(0), Priority::NORMAL).unwrap();
    assert_eq!(lane.start_next(at(0)), Some(third));
    for task in [second, third] {
        lane.end_body(task, Outcome::Completed, at(0));
    }
    assert!(lane.has_spare_slot() && lane.counts().occupied == 0);
}

#[test]
fn a_runner_that_is_given_up_has_no_items_running() {
    let mut lane = lane(3, 0);
    let runner = lane.offer_runner(at(0), Priority::NORMAL).unwrap();
    lane.start_next(at(0));
    assert!(lane.take_in(2) && lane.counts().ledger.running == 1);
    assert!(lane.give_up(runner, Outcome::Abandoned));
    assert_eq!((lane.counts().ledger.running, lane.counts().ledger.queued, lane.counts().overrunning), (0, 2, 1));
    let next = lane.offer_runner(at(0), Priority::NORMAL).unwrap();
    lane.start_next(at(0));
    assert_eq!(lane.counts().ledger.running, 1, "that of the other runner");
    for runner in [runner, next] {
        lane.end_body(runner, Outcome::Completed, at(0));
    }
    assert_eq!((lane.counts().ledger.running, lane.counts().overrunning, lane.counts().occupied), (0, 0, 0));
}

#[test]
fn spare_slots_are_those_that_nobody_waits_for() {
    let mut lane = lane(3, 2);
    let runner = lane.offer_runner(at(0), Priority::NORMAL).unwrap();
    assert!(!lane.has_spare_slot(), "the runner waits");
    assert_eq!(lane.start_next(at(0)), Some(runner));
    assert!(lane.has_spare_slot());
    assert_eq!(lane.add_slots(runner, 1), 1);
    assert!(lane.has_spare_slot());
    assert_eq!(lane.add_slots(runner, 5), 1);
    assert!(!lane.has_spare_slot() && lane.add_slots(runner, 1) == 0);
    lane.keep_slots(runner, 1);
    assert!(lane.has_spare_slot() && lane.counts().occupied == 2);
    assert!(!lane.give_way(runner, at(0)), "it has more than its seat");
    assert!(lane.take_in(5));
    assert_eq!((lane.live(), lane.counts().ledger.running, lane.counts().ledger.queued), (5, 2, 3));
    let mut tally = Tally::NONE;
    (0..4).for_each(|_| tally.count(Outcome::Completed));
    tally.count_never_started(Outcome::Cancelled);
    lane.settle(&tally);
    let counts = lane.counts();
    assert_eq!((counts.ledger.completed, counts.ledger.cancelled, counts.never_started, lane.live()), (4, 1, 1, 0));
    assert_eq!(lane.end_body(runner, Outcome::Completed, at(0)), Some(Ending::Final));
    assert_eq!(lane.counts().occupied, 0);
}

#[test]
fn a_lane_says_its_limit_and_whether_it_is_open() {
    let mut lane = lane(3, 0);
    assert_eq!((lane.limit(), lane.is_open()), (3, true));
    lane.close();
    assert_eq!((lane.limit(), lane.is_open()), (3, false));
}

#[test]
fn who_was_promised_nothing_cannot_step_aside_and_who_did_may_leave() {
    let mut lane = lane(1, 0);
    let running = offer(&mut lane, 0);
    lane.start_next(at(0));
    let (first, second) = (lane.line_up(), lane.line_up());
    lane.end_body(running, Outcome::Completed, at(0));
    assert_eq!(lane.step_aside(first), None, "it is in line, and room is promised to nobody");
    assert_eq!((lane.counts().submitters, lane.counts().promised), (2, 0));
    assert_eq!(lane.promise_next(), Some(first));
    assert_eq!(lane.step_aside(first), Some(second));
    assert_eq!((lane.counts().submitters, lane.counts().promised), (2, 1));
    assert!(!lane.leave_line(first), "it had no room");
    assert_eq!(lane.counts().submitters, 1);
    assert!(lane.leave_line(second));
    assert_eq!((lane.counts().submitters, lane.counts().promised), (0, 0));
}

#[test]
fn what_the_budget_of_retries_ended_is_counted() {
    let mut lane = lane(1, 0);
    for times in 0..3 {
        assert_eq!(lane.counts().over_budget, times);
        lane.count_over_budget();
    }
}

#[test]
fn a_runner_gets_no_slot_that_is_promised_or_that_a_body_wants_back() {
    let mut lane = lane(4, 0);
    let runner = lane.offer_runner(at(0), Priority::NORMAL).unwrap();
    lane.start_next(at(0));
    let ticket = lane.line_up();
    assert!(lane.promise_next().is_some());
    assert_eq!((lane.add_slots(runner, 9), lane.counts().occupied), (2, 3), "one of four is promised");
    lane.keep_slots(runner, 0);
    let task = offer(&mut lane, 0);
    lane.start_next(at(0));
    assert!(!lane.is_contended() && lane.lend(task));
    assert_eq!(lane.add_slots(runner, 2), 2);
    assert!(!lane.is_contended());
    let last = lane.redeem(ticket, at(0), Priority::NORMAL).unwrap();
    assert_eq!(lane.start_next(at(0)), Some(last));
    assert!(!lane.reclaim(task) && lane.is_contended(), "it wants its slot back");
    lane.keep_slots(runner, 1);
    assert_eq!(lane.add_slots(runner, 1), 0, "the free one is for the body");
}

#[test]
fn an_item_that_overruns_does_so_no_longer_than_its_runner() {
    let mut lane = lane(1, 0);
    let runner = lane.offer_runner(at(0), Priority::NORMAL).unwrap();
    lane.start_next(at(0));
    assert!(lane.take_in(1));
    lane.overrun(runner);
    assert_eq!((lane.counts().overrunning, lane.counts().ledger.running), (1, 0));
    assert_eq!(lane.end_body(runner, Outcome::Completed, at(0)), Some(Ending::Final));
    assert_eq!((lane.counts().overrunning, lane.counts().occupied), (0, 0));
}
