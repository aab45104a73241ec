//! Owns when a line is due where lines are written and not bars. Never writes one, and never decides about the last one,
//! which is always written.

use std::time::Duration;

use super::Tally;
use crate::Moment;

/// A line for each tenth of a known total, and one after 30 seconds in which an item ended and no line came.
///
/// A tenth is said once, also when the total changes later. That all items have ended is left to the last line.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    // Of the last line.
    at: Moment,
    ended: u64,
    tenths: u64,
}

impl Lines {
    pub(super) const fn new(now: Moment) -> Self {
        Self { at: now, ended: 0, tenths: 0 }
    }

    /// Whether to write a line now. If so, it counts as written.
    pub(super) fn poll(&mut self, now: Moment, tally: &Tally) -> bool {
        // That all have ended is for the last line to say.
        let tenths = tally.tenths().filter(|tenths| *tenths < 10).unwrap_or_default();
        let is_silent = now.since(self.at) >= SILENCE && tally.ended() > self.ended;
        let is_due = tenths > self.tenths || is_silent;
        if is_due {
            *self = Self { at: now, ended: tally.ended(), tenths: self.tenths.max(tenths) };
        }
        is_due
    }

    /// How many items have ended when the next tenth is reached, if there is one to be said.
    pub(super) fn next_ended(&self, total: Option<u64>) -> Option<u64> {
        let total = total?;
        let ended = (u128::from(self.tenths + 1) * u128::from(total)).div_ceil(10);
        u64::try_from(ended).ok().filter(|ended| *ended < total)
    }
}

const SILENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::new(Duration::from_secs(seconds))
    }

    fn tally(ended: u64, total: Option<u64>) -> Tally {
        Tally { done: ended, failed: 0, total }
    }

    /// The counts at which a line comes, when items end one by one within a second.
    fn said(total: u64) -> Vec<u64> {
        let mut lines = Lines::new(at(0));
        let mut due = lines.next_ended(Some(total));
        let mut said = Vec::new();
        for ended in 0..=total {
            let is_said = lines.poll(at(1), &tally(ended, Some(total)));
            assert_eq!(is_said, due.is_some_and(|due| ended >= due), "{ended} of {total}, due at {due:?}");
            if is_said {
                said.push(ended);
                due = lines.next_ended(Some(total));
            }
        }
        said
    }

    #[test]
    fn every_tenth_is_said_once_when_it_is_reached() {
        assert_eq!(said(100), [10, 20, 30, 40, 50, 60, 70, 80, 90]);
        assert_eq!(said(255), [26, 51, 77, 102, 128, 153, 179, 204, 230]);
        assert_eq!(said(256), [26, 52, 77, 103, 128, 154, 180, 205, 231]);
        assert_eq!(said(300), [30, 60, 90, 120, 150, 180, 210, 240, 270]);
        assert_eq!(said(100_000).len(), 9);
        assert_eq!(said(3), [1, 2]);
        assert_eq!(said(1), [0; 0]);
        assert_eq!(said(0), [0; 0]);
    }

    #[test]
    fn many_tenths_at_once_are_one_line() {
        let mut lines = Lines::new(at(0));
        assert!(lines.poll(at(0), &tally(57, Some(100))));
        assert!(!lines.poll(at(0), &tally(59, Some(100))));
        assert_eq!(lines.next_ended(Some(100)), Some(60));
        assert!(!lines.poll(at(0), &tally(100, Some(100))), "the last line says it");
        assert!(lines.poll(at(0), &tally(99, Some(100))));
        assert_eq!(lines.next_ended(Some(100)), None);
    }

    #[test]
    fn thirty_seconds_are_the_longest_silence_while_items_end() {
        let mut lines = Lines::new(at(5));
        let said: Vec<u64> = (5..=100).filter(|second| lines.poll(at(*second), &tally(*second, None))).collect();
        assert_eq!(said, [35, 65, 95]);
        assert_eq!(lines.next_ended(None), None);
        assert!(!lines.poll(at(1_000), &tally(95, None)), "nothing has ended since");
        assert!(lines.poll(at(1_000), &tally(96, None)));
    }

    #[test]
    fn a_tenth_starts_the_thirty_seconds_again() {
        let mut lines = Lines::new(at(0));
        assert!(lines.poll(at(29), &tally(10, Some(100))));
        assert!(!lines.poll(at(58), &tally(11, Some(100))));
        assert!(lines.poll(at(59), &tally(12, Some(100))));
    }

    #[test]
    fn a_total_that_comes_late_or_changes_repeats_nothing() {
        let mut lines = Lines::new(at(0));
        assert!(!lines.poll(at(0), &tally(45, None)));
        assert!(lines.poll(at(0), &tally(45, Some(100))));
        assert!(!lines.poll(at(0), &tally(46, Some(1_000))));
        assert!(!lines.poll(at(0), &tally(499, Some(1_000))));
        assert!(lines.poll(at(0), &tally(500, Some(1_000))));
        assert!(!lines.poll(at(0), &tally(500, None)));
    }

    #[test]
    fn the_largest_total_fits() {
        let lines = Lines { at: at(0), ended: 0, tenths: 8 };
        assert_eq!(lines.next_ended(Some(u64::MAX)), Some(16_602_069_666_338_596_454));
    }
}
