//! Owns cron patterns: when they match next, by the clock on the wall, in which zone. The only place that knows croner and jiff.
//!
//! A due time is kept as a time on the wall, and found anew on the monotonic clock each time it is looked at: at the latest
//! after an hour, so a clock that was set, or a machine that was asleep, is noticed by then.

use std::fmt;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use croner::Cron;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use workyard_core::{Following, Missed, Moment, Recurrence, Verdict};

use crate::clock::Clock;

/// How far ahead a due time is trusted.
const LOOK_AGAIN: Duration = Duration::from_hours(1);

/// How many missed times are counted: what takes longer to count is not worth the time.
const COUNTED: u64 = 1_000;

/// The times at which a pattern matches.
#[derive(Clone)]
pub(super) struct Calendar {
    pattern: Arc<str>,
    cron: Cron,
    zone: TimeZone,
    /// None if it never matches again.
    due: Option<Timestamp>,
}

impl Calendar {
    pub(super) fn parse(pattern: &str, zone: Option<&str>) -> Result<Self, CronError> {
        let error = |what| CronError { pattern: pattern.to_owned(), what };
        let cron = Cron::from_str(pattern).map_err(|why| error(What::Pattern(why.to_string())))?;
        let zone = match zone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name)
                .or_else(|_| TimeZone::posix(name))
                .map_err(|_| error(What::Zone(name.to_owned())))?,
        };
        let calendar = Self { pattern: pattern.into(), cron, zone, due: None };
        let now = Timestamp::try_from(Clock::wall()).map_err(|_| error(What::Never))?;
        if calendar.after(now).is_none() {
            return Err(error(What::Never));
        }
        Ok(calendar)
    }

    pub(super) fn pattern(&self) -> Arc<str> {
        Arc::clone(&self.pattern)
    }

    fn after(&self, time: Timestamp) -> Option<Timestamp> {
        let next = self.cron.find_next_occurrence(&time.to_zoned(self.zone.clone()), false).ok()?.timestamp();
        // Else it would be due for ever.
        (next > time).then_some(next)
    }

    /// When it is first due, not before this delay has passed, and when to look at it first.
    pub(super) fn first(&mut self, delay: Duration, clock: &Clock) -> (Moment, Moment) {
        let (now, wall) = (clock.now(), Clock::wall());
        let from = wall.checked_add(delay).and_then(|from| Timestamp::try_from(from).ok());
        self.due = from.and_then(|from| self.after(from));
        let first = self.moment(now, wall);
        (first, Self::look_at(first, now))
    }

    /// A due time has come, or an hour has passed: what to do, and when to ask again.
    pub(super) fn due(&mut self, recurrence: &mut Recurrence, now: Moment) -> (Verdict, Moment) {
        self.due_by(recurrence, now, Clock::wall())
    }

    fn due_by(&mut self, recurrence: &mut Recurrence, now: Moment, wall: SystemTime) -> (Verdict, Moment) {
        recurrence.put_off(self.moment(now, wall));
        if recurrence.next() > now {
            return (Verdict::Pass, Self::look_at(recurrence.next(), now));
        }
        let verdict = recurrence.due(|_, missed| self.following(missed, now, wall));
        (verdict, Self::look_at(recurrence.next(), now))
    }

    fn following(&mut self, missed: Missed, now: Moment, wall: SystemTime) -> Following {
        let mut next = self.due.and_then(|due| self.after(due));
        let mut passed = 0;
        if missed != Missed::Burst
            && let Ok(wall) = Timestamp::try_from(wall)
        {
            while passed < COUNTED
                && let Some(past) = next.filter(|&next| next <= wall)
            {
                passed += 1;
                next = self.after(past);
            }
            if next.is_some_and(|next| next <= wall) {
                next = self.after(wall);
            }
        }
        self.due = next;
        Following { next: self.moment(now, wall), passed }
    }

    /// The due time on the monotonic clock, by what both clocks show now.
    fn moment(&self, now: Moment, wall: SystemTime) -> Moment {
        let Some(due) = self.due.map(SystemTime::from) else { return Moment::new(Duration::MAX) };
        match due.duration_since(wall) {
            Ok(ahead) => now.later(ahead),
            Err(past) => Moment::new(now.since_start().saturating_sub(past.duration())),
        }
    }

    fn look_at(next: Moment, now: Moment) -> Moment {
        // What never comes needs no look.
        if next == Moment::new(Duration::MAX) { next } else { next.min(now.later(LOOK_AGAIN)) }
    }
}

impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calendar").field("pattern", &self.pattern).field("zone", &self.zone).finish_non_exhaustive()
    }
}

/// Not a cron pattern, or not a time zone.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("cron pattern {pattern:?}: {what}")]
pub struct CronError {
    pattern: String,
    what: What,
}

#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
enum What {
    #[error("{0}")]
    Pattern(String),
    #[error("there is no time zone {0:?}")]
    Zone(String),
    #[error("no time to come matches it")]
    Never,
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
