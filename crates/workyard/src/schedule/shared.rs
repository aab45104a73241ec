//! Owns the way to the timers of a yard: the lock before them, and who has to be woken when they change. Never keeps the yard alive.
//!
//! # Protocol
//! One lock, a leaf, stands before all timers; it is never held while a lane's is. What polls, makes or drops something of the user's takes
//! that out first. A *sleeper*, a tokio task that is there only while there is a timer, sleeps until the first of them is due, lets
//! what is due into its lane, and stands in line for room there, once a lane. It is woken by a timer that is set before all
//! others, by the end of the first one, and by room.
//!
//! The task of a timer is made when it is offered: until then there is what it is made of alone. Those of a lane that are due together
//! are offered together, so the lock of the timers, that of the lane and the clock are asked once for up to 64 of them.
//!
//! What is on its way is in no account of the timers: it is either in its lane's by then, or comes back. Shutdown waits
//! for that moment, so the report has each timer once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use workyard_core::{DueKey, Priority, Recurrence, TimerAccount, mutant};

use crate::ground::YardShared;
use crate::lane::LaneShared;
use crate::primitives::whole::Mutex;
use crate::schedule::entry::{About, Left, MakeTick, Series};
use crate::schedule::info::TimerInfo;
use crate::schedule::options::Rhythm;
use crate::schedule::sleeper::Sleeper;
use crate::schedule::state::{Cancelled, State};
use crate::schedule::timer::{Place, Timer};
use crate::schedule::unmade::Unmade;

/// The timers of a yard, as the yard, its timers' handles and the sleeper share them.
pub(crate) struct Schedule {
    pub(super) state: Mutex<State>,
    pub(super) sleeper: AtomicWaker,
    pub(super) yard: Arc<YardShared>,
}

impl Schedule {
    pub(crate) fn new(yard: &Arc<YardShared>) -> Arc<Self> {
        let (state, sleeper) = (Mutex::new(State::default()), AtomicWaker::new());
        Arc::new(Self { state, sleeper, yard: Arc::clone(yard) })
    }

    /// Sets a timer that fires once: its task, which nobody holds a handle of, is made and offered to its lane when it is due.
    pub(super) fn once(
        self: &Arc<Self>,
        delay: Duration,
        to: &Arc<LaneShared>,
        priority: Priority,
        timer: Unmade,
    ) -> Timer {
        let due = self.yard.clock.now().later(delay);
        let mut state = self.state.lock();
        let lane = state.lane_number(to);
        let key = DueKey::new(due, priority, state.number());
        if state.is_closed {
            state.refuse(lane);
            drop(state);
            timer.discard(to);
        } else {
            let is_first = state.insert_once(key, lane, timer);
            let wake = Wake::after_insert(&mut state, is_first);
            drop(state);
            self.wake(wake);
        }
        Timer::new(self, Place::Once(key, lane))
    }

    /// Sets a timer that fires again and again.
    pub(super) fn series(self: &Arc<Self>, rhythm: Rhythm, about: About, make: Arc<MakeTick>) -> Timer {
        let Rhythm { first_after, mut pace, missed, overlap } = rhythm;
        let clock = &self.yard.clock;
        let (first, look_at) = pace.first(first_after, clock);
        let priority = about.priority;
        let lane = Arc::clone(&about.lane);
        let recurrence = Recurrence::new(first, missed, overlap);
        let mut series = Some(Box::new(Series { about, recurrence, pace, make, due: None, in_line: None }));
        let (number, wake) = {
            let mut state = self.state.lock();
            let key = DueKey::new(look_at, priority, state.number());
            let wake = if state.is_closed {
                let lane = state.lane_number(&lane);
                state.refuse(lane);
                Wake::Nobody
            } else {
                let is_first = series.take().is_some_and(|series| state.insert_series(key, series));
                Wake::after_insert(&mut state, is_first)
            };
            (key.number(), wake)
        };
        self.wake(wake);
        if let Some(refused) = series {
            Left::Series(refused).clear();
        }
        Timer::new(self, Place::Series(number))
    }

    /// Cancels a timer. `false` if it comes too late.
    pub(super) fn cancel(&self, place: &Place) -> bool {
        let cancelled = {
            let mut state = self.state.lock();
            match place {
                Place::Once(key, lane) => state.cancel_once(key, *lane),
                Place::Series(number) => state.cancel_series(*number),
            }
        };
        let Some(Cancelled { timer, tick, was_next }) = cancelled else { return false };
        // Else it would wake for nothing, or never.
        if was_next {
            self.sleeper.wake();
        }
        timer.clear();
        if let Some(tick) = tick {
            tick.clear();
        }
        true
    }

    /// How long until the timer is due; `None` if it is over, or in the hands of its lane.
    pub(super) fn due_in(&self, place: &Place) -> Option<Duration> {
        let now = self.yard.clock.now();
        let state = self.state.lock();
        match place {
            Place::Once(key, lane) => state.has_once(key, *lane).then(|| key.due().since(now)),
            Place::Series(number) => state.series(*number).map(|series| series.recurrence.next().since(now)),
        }
    }

    /// Ends all timers, now and for good, and says how many there were.
    pub(crate) fn close(&self) -> usize {
        let (left, count) = {
            let mut state = self.state.lock();
            let before = state.cut;
            (state.clear(), state.cut - before)
        };
        self.sleeper.wake();
        left.into_iter().for_each(Left::clear);
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    /// How many timers the end of the yard has cancelled.
    pub(crate) fn cut(&self) -> u64 {
        self.state.lock().cut
    }

    /// Whether no timer is on its way into its lane at this instant.
    pub(crate) fn is_settled(&self) -> bool {
        self.state.lock().is_settled()
    }

    /// What was scheduled for this lane and is not in the lane's own account.
    pub(crate) fn account(&self, lane: &Arc<LaneShared>) -> TimerAccount {
        self.state.lock().account(lane)
    }

    /// All timers, the next one first. O(timers), under their lock.
    pub(crate) fn infos(&self) -> Vec<TimerInfo> {
        let now = self.yard.clock.now();
        let state = self.state.lock();
        let mut infos: Vec<(DueKey, TimerInfo)> = state.timers(now).collect();
        infos.extend(state.all_series().map(|(number, series)| TimerInfo::series(number, series, now)));
        drop(state);
        infos.sort_by_key(|(key, _)| *key);
        infos.into_iter().map(|(_, info)| info).collect()
    }

    /// The body of a tick is gone.
    pub(super) fn tick_ended(self: &Arc<Self>, series: u64) {
        let wake = {
            let mut state = self.state.lock();
            let is_due = state.tick_ended(series);
            if is_due { Wake::after_insert(&mut state, true) } else { Wake::Nobody }
        };
        self.wake(wake);
    }

    fn wake(self: &Arc<Self>, wake: Wake) {
        match wake {
            Wake::Nobody => {}
            Wake::Sleeper => self.sleeper.wake(),
            Wake::NewSleeper => Sleeper::start(self),
        }
    }
}

/// Who has to know that a timer was set.
#[derive(Clone, Copy)]
enum Wake {
    Nobody,
    Sleeper,
    NewSleeper,
}

impl Wake {
    fn after_insert(state: &mut State, is_first: bool) -> Self {
        match (std::mem::replace(&mut state.is_driven, true), is_first) {
            (false, _) => Self::NewSleeper,
            (true, true) if !mutant!("sleeper-not-woken") => Self::Sleeper,
            (true, _) => Self::Nobody,
        }
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule").field("timers", &self.state.lock().len()).finish_non_exhaustive()
    }
}
