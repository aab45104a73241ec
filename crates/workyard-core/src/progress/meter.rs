//! Owns what is known of one piece of work between two looks at it, and what can be said of it. Never says it.

use std::time::Duration;

use super::Tally;
use super::lines::Lines;
use super::rate::Rate;
use super::units::real;
use crate::Moment;

/// How a piece of work goes on, learnt from looks at its counts.
///
/// # Order
/// [`observe`](Self::observe) first, then [`poll_line`](Self::poll_line) and [`view`](Self::view), with the same `now` and
/// the same counts.
#[derive(Clone, Debug)]
pub struct Meter {
    began: Moment,
    rate: Rate,
    lines: Lines,
}

impl Meter {
    /// Of work that begins now.
    pub const fn new(now: Moment) -> Self {
        Self { began: now, rate: Rate::new(now), lines: Lines::new(now) }
    }

    /// Takes note of how far it has come.
    pub fn observe(&mut self, now: Moment, tally: &Tally) {
        self.rate.observe(now, tally.ended());
    }

    /// Whether a line is due, where lines are written: each tenth of a known total, and after 30 seconds without one in
    /// which an item ended. If so, it counts as written.
    pub fn poll_line(&mut self, now: Moment, tally: &Tally) -> bool {
        self.lines.poll(now, tally)
    }

    /// How many items have ended when the next tenth is reached; `None` if there is none to wait for.
    pub fn next_line(&self, tally: &Tally) -> Option<u64> {
        self.lines.next_ended(tally.total)
    }

    /// What can be said now. The rate of what goes on is the moving average; of what has ended, that of all its time.
    pub fn view(&self, now: Moment, tally: Tally, state: State) -> View {
        let elapsed = now.since(self.began);
        let (per_second, eta) = match state {
            State::Running => (self.rate.per_second(), tally.remaining().and_then(|items| self.rate.eta(items))),
            State::Done | State::Stopped => {
                let is_known = !elapsed.is_zero() && tally.ended() > 0;
                (is_known.then(|| real(tally.ended()) / elapsed.as_secs_f64()), None)
            }
        };
        View { tally, state, elapsed, per_second, eta }
    }
}

/// Whether a piece of work goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It goes on.
    Running,
    /// It was said to be finished, or all of a known total has ended.
    Done,
    /// It was given up before.
    Stopped,
}

impl State {
    /// Of what has ended: `is_finished` if somebody said so, or else it was merely let go.
    pub fn at_end(tally: &Tally, is_finished: bool) -> Self {
        if is_finished || tally.is_complete() { Self::Done } else { Self::Stopped }
    }
}

/// What can be said of a piece of work at one moment.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct View {
    /// The counts.
    pub tally: Tally,
    /// Whether it goes on.
    pub state: State,
    /// Since it began.
    pub elapsed: Duration,
    /// Items a second, if that is known.
    pub per_second: Option<f64>,
    /// How long the rest will take, if that can be said.
    pub eta: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::new(Duration::from_millis(ms))
    }

    #[test]
    fn a_steady_run_is_told_with_rate_and_estimate() {
        let mut meter = Meter::new(at(1_000));
        let mut tally = Tally { done: 0, failed: 0, total: Some(100) };
        for step in 1..=40 {
            tally.done = step;
            meter.observe(at(1_000 + step * 100), &tally);
        }
        let view = meter.view(at(5_000), tally, State::Running);
        assert_eq!((view.elapsed, view.eta), (Duration::from_secs(4), Some(Duration::from_secs(6))));
        assert!((view.per_second.unwrap() - 10.0).abs() < 1e-6);
        let unknown = Tally { total: None, ..tally };
        assert_eq!(meter.view(at(5_000), unknown, State::Running).eta, None);
    }

    #[test]
    fn the_end_tells_the_mean_of_all() {
        let meter = Meter::new(at(0));
        let tally = Tally { done: 30, failed: 10, total: None };
        let view = meter.view(at(8_000), tally, State::Done);
        assert_eq!((view.per_second, view.eta), (Some(5.0), None));
        assert_eq!(meter.view(at(0), tally, State::Done).per_second, None);
        assert_eq!(meter.view(at(8_000), Tally::default(), State::Stopped).per_second, None);
    }

    #[test]
    fn a_line_is_due_at_each_tenth_and_counts_as_written() {
        let mut meter = Meter::new(at(0));
        let so_far = |done| Tally { done, failed: 0, total: Some(100) };
        assert_eq!(meter.next_line(&so_far(0)), Some(10));
        let due: Vec<_> =
            [9, 10, 11, 19, 20].iter().filter(|&&done| meter.poll_line(at(done), &so_far(done))).collect();
        assert_eq!(due, [&10, &20]);
        assert_eq!(meter.next_line(&so_far(20)), Some(30));
        assert_eq!(meter.next_line(&Tally { total: None, ..so_far(20) }), None);
    }

    #[test]
    fn what_is_let_go_is_done_only_if_all_has_ended() {
        let part = Tally { done: 33, failed: 1, total: Some(100) };
        assert_eq!(State::at_end(&part, false), State::Stopped);
        assert_eq!(State::at_end(&part, true), State::Done);
        assert_eq!(State::at_end(&Tally { done: 99, ..part }, false), State::Done);
        assert_eq!(State::at_end(&Tally { total: None, ..part }, false), State::Stopped);
        assert_eq!(State::at_end(&Tally { done: 0, failed: 0, total: Some(0) }, false), State::Done);
    }
}
