//! Owns what makes a series due: an even period, or a calendar. Never decides what becomes of a due time: the policy does.

use std::time::Duration;

use workyard_core::{Even, Moment, Recurrence, Verdict};

use crate::clock::Clock;
#[cfg(feature = "cron")]
use crate::schedule::calendar::Calendar;
use crate::schedule::info::TimerKind;

/// What makes a series due.
#[derive(Clone, Debug)]
pub(super) enum Pace {
    Even(Even),
    #[cfg(feature = "cron")]
    Calendar(Box<Calendar>),
}

impl Pace {
    /// When it is first due, not before this delay has passed, and when to look at it first.
    pub(super) fn first(&mut self, delay: Option<Duration>, clock: &Clock) -> (Moment, Moment) {
        match self {
            Self::Even(even) => {
                let first = clock.now().later(delay.unwrap_or(even.period()));
                (first, first)
            }
            #[cfg(feature = "cron")]
            Self::Calendar(calendar) => calendar.first(delay.unwrap_or_default(), clock),
        }
    }

    /// A due time has come: what to do, and when to ask again.
    pub(super) fn due(&mut self, recurrence: &mut Recurrence, now: Moment) -> (Verdict, Moment) {
        match self {
            Self::Even(even) => {
                let verdict = recurrence.due(|at, missed| even.following(at, now, missed));
                (verdict, recurrence.next())
            }
            #[cfg(feature = "cron")]
            Self::Calendar(calendar) => calendar.due(recurrence, now),
        }
    }

    pub(super) fn kind(&self) -> TimerKind {
        match self {
            Self::Even(even) => TimerKind::Every(even.period()),
            #[cfg(feature = "cron")]
            Self::Calendar(calendar) => TimerKind::Cron(calendar.pattern()),
        }
    }
}
