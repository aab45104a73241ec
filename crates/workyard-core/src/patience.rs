//! Owns how long the wake of who waits for a result may be held back, so that one wake is for several. Never holds back a result.
//!
//! A wake costs as much as many a body: it takes some ten microseconds of the kernel's, mostly from a body that is at work. How long a task
//! took in all says how much of that nobody will notice: what has waited for its slot for milliseconds, since others were before
//! it, may as well be told of with those that end next.

use std::time::Duration;

/// At most such a part of what a task took is added to it.
const PART: u32 = 8;

/// Less is not worth it, and not noticed.
const LEAST: Duration = Duration::from_micros(20);

/// More gains nothing.
const MOST: Duration = Duration::from_micros(500);

/// As many ends are to come meanwhile, or nothing would be told of together.
const ENDS: u32 = 2;

/// How long the wake of who waits for a task may be held back that took so long from when it was accepted, and whose body `ran` for so long, as
/// do those beside it, `at_once` in all. `None`: it is not worth it, or the next body would take longer. `are_short`: as the lane
/// [expects](crate::ShortBodies) of its next bodies.
#[inline]
pub fn patience(took: Duration, ran: Duration, at_once: usize, are_short: bool) -> Option<Duration> {
    let part = (took / PART).min(MOST);
    let every = ran / u32::try_from(at_once).unwrap_or(u32::MAX).max(1);
    let is_worth_it = || part >= LEAST.max(ran).max(every.saturating_mul(ENDS));
    (are_short || is_worth_it()).then(|| part.max(LEAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(took: u64, ran: u64, at_once: usize, are_short: bool) -> Option<u128> {
        let of = Duration::from_micros;
        patience(of(took), of(ran), at_once, are_short).map(|held| held.as_micros())
    }

    #[test]
    fn an_eighth_is_added_between_two_bounds() {
        let held = [0, 160, 161, 800, 4_000, 4_001, 1_000_000].map(|took| micros(took, 1, 1, true));
        assert_eq!(held, [20, 20, 20, 100, 500, 500, 500].map(Some));
    }

    #[test]
    fn longer_bodies_are_told_of_together_where_two_end_meanwhile() {
        assert_eq!(micros(3_200, 200, 1, false), Some(400));
        assert_eq!(micros(3_199, 200, 1, false), None, "one ends meanwhile");
        assert_eq!(micros(1_600, 200, 2, false), Some(200));
        assert_eq!(micros(160, 1, 1, false), Some(20));
        assert_eq!(micros(159, 1, 1, false), None, "it has hardly waited");
        assert_eq!(micros(0, 0, 1, false), None, "a clock that stands says nothing");
    }

    #[test]
    fn nobody_waits_for_a_body_that_is_longer() {
        assert_eq!(micros(60_000_000, 500, 64, false), Some(500));
        assert_eq!(micros(60_000_000, 501, 64, false), None, "though some of 64 may end meanwhile");
        assert_eq!(micros(1_599, 200, 64, false), None);
        assert_eq!(micros(5, 5, 0, false), None);
    }
}
