//! The lane's policy against a plain model that is too slow to use and too simple to be wrong: seeded random commands, and
//! after each of them every number compared.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use workyard_testkit::{Rng, SeedOnPanic, seeds};

use super::*;
use crate::{Ageing, Order};

const STEP: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, Debug)]
struct Queued {
    slot: Slot,
    priority: Priority,
    accepted_at: Moment,
    sequence: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Chair {
    Held,
    Lent,
    Wanted,
}

struct Model {
    config: LaneConfig,
    now: Moment,
    sequence: u64,
    queued: Vec<Queued>,
    /// By slot: whether the task was answered, and what its body has of the limit.
    bodies: BTreeMap<u32, (bool, Chair)>,
    wanted: VecDeque<Slot>,
    /// Tasks between two attempts.
    between: Vec<Slot>,
    /// By slot: how urgent the task is, and whether it is tried again.
    tasks: BTreeMap<u32, (Priority, bool)>,
    line: VecDeque<Ticket>,
    promised: BTreeSet<Ticket>,
    open: bool,
    ledger: Ledger,
    never_started: u64,
    late_results: u64,
    retries: u64,
    ended_between_attempts: u64,
}

impl Model {
    fn new(config: LaneConfig) -> Self {
        Self {
            config,
            now: Moment::default(),
            sequence: 0,
            queued: Vec::new(),
            bodies: BTreeMap::new(),
            wanted: VecDeque::new(),
            between: Vec::new(),
            tasks: BTreeMap::new(),
            line: VecDeque::new(),
            promised: BTreeSet::new(),
            open: true,
            ledger: Ledger::default(),
            never_started: 0,
            late_results: 0,
            retries: 0,
            ended_between_attempts: 0,
        }
    }

    fn body(&self, slot: u32) -> (bool, Chair) {
        *self.bodies.get(&slot).unwrap()
    }

    fn occupied(&self) -> usize {
        self.bodies.values().filter(|(_, chair)| *chair == Chair::Held).count()
    }

    fn has_room(&self) -> bool {
        let taken = self.occupied() + self.queued.len() + self.promised.len() + self.between.len();
        taken < self.config.limit + self.config.queue
    }

    fn refusal(&self) -> Option<Refusal> {
        match (self.open, self.has_room()) {
            (false, _) => Some(Refusal::Closed),
            (true, false) => Some(Refusal::Full),
            (true, true) => None,
        }
    }

    fn accept(&mut self, slot: Slot, priority: Priority) {
        assert!(
            self.queued.iter().all(|task| task.slot != slot)
                && !self.bodies.contains_key(&slot.0)
                && !self.between.contains(&slot),
            "{slot:?} is taken"
        );
        self.tasks.insert(slot.0, (priority, false));
        self.line_up_for_slot(slot, priority);
        self.ledger.accepted += 1;
    }

    fn line_up_for_slot(&mut self, slot: Slot, priority: Priority) {
        self.queued.push(Queued { slot, priority, accepted_at: self.now, sequence: self.sequence });
        self.sequence += 1;
    }

    fn ended_before_a_start(&mut self, slot: Slot, how: Outcome) {
        self.ledger.count_ends(how, 1);
        let ran_before = self.tasks.get(&slot.0).unwrap().1;
        self.never_started += u64::from(!ran_before);
        self.ended_between_attempts += u64::from(ran_before);
    }

    fn next(&self) -> Option<Queued> {
        let queued = self.queued.iter().copied();
        match self.config.order {
            Order::Fifo => queued.min_by_key(|task| task.sequence),
            Order::Lifo => queued.max_by_key(|task| task.sequence),
            Order::Priority => queued.min_by_key(|task| {
                let below_top = Priority::LEVELS - 1 - task.priority.level();
                let rank = task.accepted_at.since_start() + STEP * u32::try_from(below_top).unwrap();
                (rank, below_top, task.sequence)
            }),
        }
    }

    fn started(&mut self, slot: Slot) {
        self.queued.retain(|task| task.slot != slot);
        self.bodies.insert(slot.0, (false, Chair::Held));
    }

    fn counts(&self) -> LaneCounts {
        let overrunning = self.bodies.values().filter(|(answered, _)| *answered).count();
        let running = self.bodies.len() - overrunning;
        LaneCounts {
            ledger: Ledger {
                queued: self.queued.len() as u64,
                running: running as u64,
                retry_waiting: self.between.len() as u64,
                ..self.ledger
            },
            limit: self.config.limit,
            queue: self.config.queue,
            occupied: self.occupied(),
            overrunning,
            lending: self.bodies.len() - self.occupied(),
            submitters: self.line.len() + self.promised.len(),
            promised: self.promised.len(),
            refused: 0,
            never_started: self.never_started,
            late_results: self.late_results,
            retries: self.retries,
            over_budget: 0,
            ended_between_attempts: self.ended_between_attempts,
            open: self.open,
        }
    }
}

/// One random command, given to both.
fn command(policy: &mut LanePolicy<()>, model: &mut Model, rng: &mut Rng) {
    model.now = Moment::new(model.now.since_start() + Duration::from_millis(rng.below(15) as u64));
    match rng.below(24) {
        0..=4 => offer(policy, model, *rng.pick(&Priority::ALL)),
        5 | 6 => line(policy, model, rng),
        7..=9 => start(policy, model, rng),
        10..=12 => end(policy, model, rng),
        13..=15 => lend(policy, model, rng),
        16..=18 => room(policy, model, rng),
        19..=22 => retry(policy, model, rng),
        _ if rng.chance(0.01) => {
            policy.close();
            model.open = false;
        }
        _ => end_queued(policy, model, rng),
    }
}

fn offer(policy: &mut LanePolicy<()>, model: &mut Model, priority: Priority) {
    let offered = policy.offer(model.now, priority);
    assert_eq!(offered.err(), model.refusal());
    if let Ok(slot) = offered {
        model.accept(slot, priority);
    }
}

fn line(policy: &mut LanePolicy<()>, model: &mut Model, rng: &mut Rng) {
    if rng.chance(0.6) {
        let ticket = policy.line_up();
        assert!(!model.line.contains(&ticket) && !model.promised.contains(&ticket), "{ticket:?} is taken");
        model.line.push_back(ticket);
    } else if !model.line.is_empty() {
        let gone = model.line.remove(rng.below(model.line.len())).unwrap();
        policy.leave_line(gone);
        // A ticket that is void does nothing.
        policy.leave_line(gone);
    }
}

fn start(policy: &mut LanePolicy<()>, model: &mut Model, rng: &mut Rng) {
    let is_free = model.occupied() + model.wanted.len() < model.config.limit;
    if rng.chance(0.2) {
        let Some(task) = model.queued.first().copied() else { return };
        // For one that runs in the stack of another, who lent its slot: those that wait for theirs go on later.
        let started = policy.start_this(task.slot, model.now);
        assert_eq!(started, model.occupied() < model.config.limit);
        if started {
            model.started(task.slot);
        }
        return;
    }
    assert_eq!(policy.is_startable(), is_free && !model.queued.is_empty());
    let expected = model.next().filter(|_| is_free).map(|task| task.slot);
    assert_eq!(policy.start_next(model.now), expected);
    if let Some(slot) = expected {
        assert_eq!(policy.state(slot), Some(TaskState::Running));
        assert!(!policy.end_queued(slot, Outcome::Cancelled), "it is not queued any more");
        model.started(slot);
    }
}

fn end(policy: &mut LanePolicy<()>, model: &mut Model, rng: &mut Rng) {
    let slots: Vec<u32> = model.bodies.keys().copied().collect();
    if slots.is_empty() {
        return;
    }
    let slot = *rng.pick(&slots);
    let how = *rng.pick(&Outcome::ALL);
    let (answered, chair) = model.body(slot);
    if rng.chance(0.3) {
        assert_eq!(policy.give_up(Slot(slot), how), !answered, "a task is answered once");
        if !answered {
            model.bodies.insert(slot, (true, chair));
            model.ledger.count_ends(how, 1);
        }
        return;
    }
    let expected = if answered { Ending::Late } else { Ending::Final };
    assert_eq!(policy.end_body(Slot(slot), how, model.now), Some(expected));
    assert_eq!(policy.end_body(Slot(slot), how, model.now), None, "a body ends once");
    model.bodies.remove(&slot);
    model.wanted.retain(|wanted| wanted.0 != slot);
    match expected {
        Ending::Final => model.ledger.count_ends(how, 1),
        Ending::Late => model.late_results += 1,
    }
}

fn end_queued(policy: &mut LanePolicy<()>, model: &mut Model, rng: &mut Rng) {
    if model.queued.is_empty() {
        return;
    }
    let gone = model.queued.remove(rng.below(model.queued.len()));
    assert!(!policy.end_queued(gone.slot, Outcome::Completed), "what never ran cannot complete");
    let how = *rng.pick(&[Outcome::Cancelled, Outcome::TimedOut]);
    assert!(policy.end_queued(gone.slot, how) && !policy.end_queued(gone.slot, how));
    model.ended_before_a_start(gone.slot, how);
}

fn retry(policy: &mut LanePolicy<()>, model: &mut Model, rng: &mut Rng) {
    if rng.chance(0.5) {
        let slots: Vec<u32> = model.bodies.keys().copied().collect();
        if slots.is_empty() {
            return;
        }
        let slot = *rng.pick(&slots);
        let (answered, _) = model.body(slot);
        assert_eq!(policy.wait_for_retry(Slot(slot), model.now), !answered, "what was answered is over");
        if !answered {
            model.bodies.remove(&slot);
            model.wanted.retain(|wanted| wanted.0 != slot);
            model.between.push(Slot(slot));
            model.tasks.get_mut(&slot).unwrap().1 = true;
            assert_eq!(policy.state(Slot(slot)), Some(TaskState::RetryWaiting));
        }
        return;
    }
    if model.between.is_empty() {
        return;
    }
    let slot = model.between.remove(rng.below(model.between.len()));
    assert!(
        policy.end_body(slot, Outcome::Failed, model.now).is_none() && !policy.end_queued(slot, Outcome::Cancelled)
    );
    if rng.chance(0.7) {
        assert!(policy.retry(slot, model.now) && !policy.retry(slot, model.now));
        model.retries += 1;
        let priority = model.tasks.get(&slot.0).unwrap().0;
        model.line_up_for_slot(slot, priority);
    } else {
        let how = *rng.pick(&[Outcome::Cancelled, Outcome::TimedOut]);
        assert!(policy.end_retry_waiting(slot, how) && !policy.end_retry_waiting(slot, how));
        model.ended_before_a_start(slot, how);
    }
}

fn lend(policy: &mut LanePolicy<()>, model: &mut Model, rng: &mut Rng) {
    let slots: Vec<u32> = model.bodies.keys().copied().collect();
    if slots.is_empty() {
        return;
    }
    let slot = *rng.pick(&slots);
    let (answered, chair) = model.body(slot);
    if rng.chance(0.3) {
        assert_eq!(policy.lend(Slot(slot)), chair == Chair::Held);
        if chair == Chair::Held {
            model.bodies.insert(slot, (answered, Chair::Lent));
        }
    } else if rng.chance(0.6) {
        let is_free = model.occupied() < model.config.limit;
        let expected = match (chair, is_free) {
            (Chair::Lent, true) => Chair::Held,
            (Chair::Lent, false) => {
                model.wanted.push_back(Slot(slot));
                Chair::Wanted
            }
            (other, _) => other,
        };
        assert_eq!(policy.reclaim(Slot(slot)), expected == Chair::Held);
        model.bodies.insert(slot, (answered, expected));
    } else {
        let is_free = model.occupied() < model.config.limit;
        let expected = if is_free { model.wanted.pop_front() } else { None };
        assert_eq!(policy.resume_next(), expected);
        if let Some(Slot(first)) = expected {
            model.bodies.get_mut(&first).unwrap().1 = Chair::Held;
        }
    }
}

fn room(policy: &mut LanePolicy<()>, model: &mut Model, rng: &mut Rng) {
    if rng.chance(0.6) {
        let expected = if model.open && model.has_room() { model.line.pop_front() } else { None };
        assert_eq!(policy.promise_next(), expected, "first come, first served");
        model.promised.extend(expected);
        return;
    }
    let tickets: Vec<_> = model.promised.iter().chain(&model.line).copied().collect();
    if tickets.is_empty() {
        return;
    }
    let (ticket, priority) = (*rng.pick(&tickets), *rng.pick(&Priority::ALL));
    let is_promised = model.promised.contains(&ticket);
    if is_promised && rng.chance(0.3) {
        policy.leave_line(ticket);
        model.promised.remove(&ticket);
        return;
    }
    let redeemed = policy.redeem(ticket, model.now, priority);
    match (model.open, is_promised) {
        (false, _) => assert_eq!(redeemed, Err(Refusal::Closed)),
        (true, false) => return assert_eq!(redeemed, Err(Refusal::Full), "its turn has not come"),
        (true, true) => model.accept(redeemed.unwrap(), priority),
    }
    model.promised.remove(&ticket);
    model.line.retain(|waiting| *waiting != ticket);
}

#[test]
fn the_policy_does_what_the_model_does() {
    for seed in seeds(300) {
        let _told = SeedOnPanic::new(seed);
        let mut rng = Rng::new(seed);
        let order = *rng.pick(&[Order::Fifo, Order::Lifo, Order::Priority]);
        let config = LaneConfig::new(1 + rng.below(4), rng.below(8), order, Ageing::new(STEP)).unwrap();
        let (mut policy, mut model) = (LanePolicy::new(config), Model::new(config));
        for _ in 0..1_000 {
            command(&mut policy, &mut model, &mut rng);
            let counts = policy.counts();
            assert_eq!(counts, model.counts());
            assert!(counts.ledger.balances() && counts.occupied <= counts.limit, "{counts:?}");
        }
        settle(&mut policy, &mut model);
    }
}

/// The liveness phase: whatever happened before, all who are in get their turn and leave.
fn settle(policy: &mut LanePolicy<()>, model: &mut Model) {
    policy.close();
    let tickets: Vec<_> = model.promised.iter().chain(&model.line).copied().collect();
    for ticket in tickets {
        assert_eq!(policy.redeem(ticket, model.now, Priority::NORMAL), Err(Refusal::Closed));
    }
    for slot in std::mem::take(&mut model.between) {
        assert!(policy.retry(slot, model.now), "also when the lane is closed");
    }
    let mut running: Vec<Slot> = model.bodies.keys().copied().map(Slot).collect();
    while let Some(slot) = running.pop() {
        assert!(policy.end_body(slot, Outcome::Completed, model.now).is_some());
        while policy.resume_next().is_some() {}
        running.extend(std::iter::from_fn(|| policy.start_next(model.now)));
    }
    running.extend(std::iter::from_fn(|| policy.start_next(model.now)));
    while let Some(slot) = running.pop() {
        assert!(policy.end_body(slot, Outcome::Completed, model.now).is_some());
        running.extend(std::iter::from_fn(|| policy.start_next(model.now)));
    }
    let counts = policy.counts();
    let held = counts.occupied + counts.overrunning + counts.lending + counts.submitters + counts.promised;
    assert!(held == 0 && counts.ledger.live() == 0 && counts.ledger.balances(), "{counts:?}");
    assert_eq!(policy.live(), 0);
}

#[test]
fn a_number_is_reused_so_memory_is_bounded_by_what_is_live() {
    let config = LaneConfig::new(2, 2, Order::Fifo, Ageing::default()).unwrap();
    let mut policy = LanePolicy::<()>::new(config);
    for _ in 0..10_000 {
        let slots: Vec<Slot> = (0..4).map(|_| policy.offer(Moment::default(), Priority::NORMAL).unwrap()).collect();
        assert!(slots.iter().all(|slot| slot.0 < 4), "{slots:?}");
        assert_eq!(policy.offer(Moment::default(), Priority::NORMAL), Err(Refusal::Full));
        let tickets: Vec<Ticket> = (0..5).map(|_| policy.line_up()).collect();
        assert!(tickets.iter().all(|ticket| ticket.number < 5), "{tickets:?}");
        assert!(slots.iter().all(|&slot| policy.end_queued(slot, Outcome::Cancelled)));
        assert_eq!(std::iter::from_fn(|| policy.promise_next()).count(), 4);
        for ticket in tickets {
            policy.leave_line(ticket);
        }
    }
    assert_eq!((policy.counts().submitters, policy.live()), (0, 0));
}

#[test]
fn a_flood_of_urgent_work_delays_a_task_by_its_levels_and_no_more() {
    let step = Duration::from_secs(1);
    for priority in Priority::ALL {
        let config = LaneConfig::new(1, 1_000, Order::Priority, Ageing::new(step)).unwrap();
        let mut policy = LanePolicy::<()>::new(config);
        let at = |millis: u64| Moment::new(Duration::from_millis(millis));
        let low = policy.offer(at(0), priority).unwrap();
        let mut waited = 0;
        // One urgent task comes each 10 ms, and one task is served.
        loop {
            policy.offer(at(waited), Priority::HIGHEST).unwrap();
            let next = policy.start_next(at(waited)).unwrap();
            policy.end_body(next, Outcome::Completed, at(waited)).unwrap();
            if next == low {
                break;
            }
            waited += 10;
        }
        let levels = Priority::LEVELS - 1 - priority.level();
        let bound = u64::try_from(levels).unwrap() * 1_000;
        assert!((bound..=bound + 10).contains(&waited), "{priority:?} waited {waited} ms");
    }
}

#[test]
fn the_times_of_a_task_are_told_until_its_body_has_ended() {
    let mut policy = LanePolicy::<()>::new(LaneConfig::new(1, 1, Order::Fifo, Ageing::default()).unwrap());
    let (at, secs) = (|secs| Moment::new(Duration::from_secs(secs)), Duration::from_secs);
    let first = policy.offer(at(1), Priority::NORMAL).unwrap();
    let second = policy.offer(at(2), Priority::NORMAL).unwrap();
    assert_eq!(policy.start_next(at(4)), Some(first));
    assert_eq!(policy.times_of(first, at(9)), Some((secs(3), Some(secs(5)))));
    assert_eq!(policy.times_of(second, at(9)), Some((secs(7), None)));
    assert!(policy.give_up(first, Outcome::TimedOut) && policy.end_queued(second, Outcome::Cancelled));
    assert_eq!(policy.times_of(first, at(10)), Some((secs(3), Some(secs(6)))), "the body runs on");
    assert_eq!(policy.end_body(first, Outcome::Completed, at(11)), Some(Ending::Late));
    assert_eq!((policy.times_of(first, at(12)), policy.times_of(second, at(12))), (None, None));
}

#[test]
fn what_comes_late_for_who_has_left_is_not_taken_for_the_next_who_has_the_number() {
    let mut policy = LanePolicy::<()>::new(LaneConfig::new(1, 0, Order::Fifo, Ageing::default()).unwrap());
    let left = policy.line_up();
    assert_eq!(policy.promise_next(), Some(left));
    assert!(policy.leave_line(left));
    let next = policy.line_up();
    assert!(next.number == left.number && next != left);
    assert_eq!(policy.promise_next(), Some(next));
    assert_eq!((policy.step_aside(left), policy.come_back(left), policy.leave_line(left)), (None, false, false));
    assert_eq!(policy.redeem(left, Moment::default(), Priority::NORMAL), Err(Refusal::Full));
    assert!(policy.redeem(next, Moment::default(), Priority::NORMAL).is_ok());
}
