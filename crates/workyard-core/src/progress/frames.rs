//! Owns how often bars are redrawn. Never draws.

use std::time::Duration;

use crate::Moment;

/// The pace of redraws, all bars together: at most ten a second.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frames {
    last: Option<Moment>,
}

impl Frames {
    /// The least time between two redraws.
    pub const APART: Duration = Duration::from_millis(100);

    /// Nothing was drawn yet.
    pub const fn new() -> Self {
        Self { last: None }
    }

    /// Whether to redraw now. If so, it counts as done.
    pub fn poll(&mut self, now: Moment) -> bool {
        let is_due = self.last.is_none_or(|last| now.since(last) >= Self::APART);
        if is_due {
            self.last = Some(now);
        }
        is_due
    }

    /// Takes note of a redraw that could not wait: a bar ended, or something was written above the bars.
    pub const fn drawn(&mut self, now: Moment) {
        self.last = Some(now);
    }

    /// When the next one may be.
    pub fn next(&self) -> Moment {
        self.last.map_or(Moment::default(), |last| last.later(Self::APART))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::new(Duration::from_millis(ms))
    }

    #[test]
    fn ten_a_second_and_the_first_at_once() {
        let mut frames = Frames::new();
        assert!(frames.next() <= at(3));
        let drawn: Vec<u64> = (3..2_003).filter(|ms| frames.poll(at(*ms))).collect();
        assert_eq!(drawn, (0..20).map(|frame| 3 + 100 * frame).collect::<Vec<_>>());
        assert_eq!(frames.next(), at(2_003));
    }

    #[test]
    fn one_that_could_not_wait_counts() {
        let mut frames = Frames::new();
        assert!(frames.poll(at(0)));
        frames.drawn(at(90));
        assert!(!frames.poll(at(189)));
        assert!(frames.poll(at(190)));
    }
}
