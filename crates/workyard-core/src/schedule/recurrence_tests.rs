//! A schedule against a plain model that walks from due time to due time, one by one.

use std::time::Duration;

use workyard_testkit::{Rng, SeedOnPanic, seeds};

use super::*;
use crate::schedule::Even;

fn at(seconds: u64) -> Moment {
    Moment::new(Duration::from_secs(seconds))
}

/// A schedule with an even period.
struct Schedule {
    recurrence: Recurrence,
    even: Even,
}

impl Schedule {
    fn due(&mut self, now: Moment) -> Verdict {
        let Self { recurrence, even } = self;
        recurrence.due(|at, missed| even.following(at, now, missed))
    }

    fn next(&self) -> Moment {
        self.recurrence.next()
    }
}

fn every(period: u64, missed: Missed, overlap: Overlap) -> Schedule {
    from(at(period), Duration::from_secs(period), missed, overlap)
}

fn from(first: Moment, period: Duration, missed: Missed, overlap: Overlap) -> Schedule {
    Schedule { recurrence: Recurrence::new(first, missed, overlap), even: Even::new(period) }
}

fn run(number: u64, due: u64, missed: u64) -> Verdict {
    Verdict::Run(Due { number, at: at(due), missed })
}

struct Model {
    next: u64,
    period: u64,
    missed: Missed,
    overlap: Overlap,
    ticks: u64,
    untold: u64,
    live: u64,
    entering: bool,
}

impl Model {
    fn due(&mut self, now: u64) -> Verdict {
        let due = self.next;
        let busy = if self.overlap == Overlap::Allow { self.entering } else { self.live > 0 };
        if busy && self.overlap == Overlap::Queue {
            return Verdict::Hold;
        }
        let mut passed = 0;
        match self.missed {
            Missed::Burst => self.next += self.period,
            Missed::Delay => self.next = now + self.period,
            Missed::Skip => {
                self.next += self.period;
                while self.next <= now {
                    self.next += self.period;
                    passed += 1;
                }
            }
        }
        self.untold += passed;
        if busy {
            self.untold += 1;
            return Verdict::Pass;
        }
        self.ticks += 1;
        self.live += 1;
        self.entering = true;
        run(self.ticks - 1, due, std::mem::take(&mut self.untold))
    }
}

#[test]
fn agrees_with_a_model_that_walks_from_due_time_to_due_time() {
    let mut seen = [0_u64; 3];
    for seed in seeds(2_000) {
        let _seed = SeedOnPanic::new(seed);
        let mut rng = Rng::new(seed);
        let missed = *rng.pick(&[Missed::Skip, Missed::Burst, Missed::Delay]);
        let overlap = *rng.pick(&[Overlap::Skip, Overlap::Queue, Overlap::Allow]);
        let period = 1 + rng.below(4) as u64;
        let mut schedule = every(period, missed, overlap);
        let mut model = Model { next: period, period, missed, overlap, ticks: 0, untold: 0, live: 0, entering: false };
        let (mut now, mut held) = (0, false);
        for _ in 0..120 {
            match rng.below(4) {
                0 => now += rng.below(12) as u64,
                1 if model.live > 0 => {
                    model.live -= 1;
                    model.entering = false;
                    schedule.recurrence.entered();
                    let is_due = schedule.recurrence.ended();
                    assert_eq!(is_due, held && model.live == 0);
                    held = held && !is_due;
                }
                2 if model.entering => {
                    model.entering = false;
                    schedule.recurrence.entered();
                }
                _ => {}
            }
            while !held && schedule.next() <= at(now) {
                let verdict = schedule.due(at(now));
                assert_eq!(verdict, model.due(now));
                held = verdict == Verdict::Hold;
                seen[match verdict {
                    Verdict::Run(_) => 0,
                    Verdict::Pass => 1,
                    Verdict::Hold => 2,
                }] += 1;
            }
            assert_eq!((schedule.next(), schedule.recurrence.is_held()), (at(model.next), held));
        }
    }
    assert!(seen.iter().all(|&times| times > 100), "each verdict was seen: {seen:?}");
}

#[test]
fn after_an_hour_asleep_one_tick_catches_up() {
    let mut schedule = every(1, Missed::Skip, Overlap::Skip);
    assert_eq!(schedule.due(at(3_600)), run(0, 1, 3_599));
    assert_eq!(schedule.next(), at(3_601));
}

#[test]
fn a_burst_has_a_tick_for_each_due_time() {
    let mut schedule = every(1, Missed::Burst, Overlap::Allow);
    for number in 0..5 {
        assert_eq!(schedule.due(at(5)), run(number, number + 1, 0));
        schedule.recurrence.entered();
    }
    assert_eq!(schedule.next(), at(6));
}

#[test]
fn a_delay_shifts_what_follows() {
    let mut schedule = every(2, Missed::Delay, Overlap::Skip);
    assert_eq!(schedule.due(at(7)), run(0, 2, 0));
    assert_eq!(schedule.next(), at(9));
}

#[test]
fn what_overlaps_is_told_of_as_missed() {
    let mut schedule = every(1, Missed::Skip, Overlap::Skip);
    assert_eq!(schedule.due(at(1)), run(0, 1, 0));
    assert_eq!(schedule.due(at(2)), Verdict::Pass);
    assert_eq!(schedule.due(at(3)), Verdict::Pass);
    assert!(!schedule.recurrence.ended());
    assert_eq!(schedule.due(at(4)), run(1, 4, 2));
}

#[test]
fn a_period_without_end_and_one_of_nothing_overflow_nowhere() {
    let mut never = from(Moment::default(), Duration::MAX, Missed::Skip, Overlap::Allow);
    assert_eq!(never.due(at(1)), run(0, 0, 0));
    assert_eq!(never.next(), Moment::new(Duration::MAX));
    let mut always = from(Moment::default(), Duration::ZERO, Missed::Skip, Overlap::Allow);
    let _all_missed = always.due(Moment::new(Duration::MAX));
    assert_eq!(always.next(), Moment::new(Duration::MAX));
    let _at_the_end_of_time = always.due(Moment::new(Duration::MAX));
}

#[test]
fn a_schedule_that_is_put_off_is_due_then() {
    let mut schedule = every(5, Missed::Skip, Overlap::Allow);
    assert_eq!(schedule.next(), at(5));
    schedule.recurrence.put_off(at(9));
    assert_eq!(schedule.next(), at(9));
    assert_eq!(schedule.due(at(9)), run(0, 9, 0));
}
