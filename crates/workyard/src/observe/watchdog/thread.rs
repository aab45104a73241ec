//! Owns the thread that looks after a yard: when it starts, sleeps, and ends. Never runs anything of a lane's, so that nothing
//! which a lane holds up holds it up.
//!
//! # Protocol
//! *The thread* looks four times a bound. When it finds nothing at work twice, it clears `awake`, looks once more, and, if that finds
//! nothing either, sleeps without a time limit. *Who brings work* (a task that is let in, a submitter that joins the line, the first
//! poll of a lane's futures since a look) does so first, and then looks at `awake`: if it is clear, it sets it and wakes the thread,
//! or starts it. One of the two sees the other: what a lane knows changes under its lock, which the thread takes for its last look; and
//! the marks of polls, which have no lock, are `SeqCst` on both sides, as `awake` is.
//!
//! A yard that never has a task never has the thread. It ends with the yard, or with its shutdown.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use workyard_core::{Moment, NextLook, mutant};

use super::alarm::Alarm;
use super::suspects::{self, Suspect};
use crate::lane::LaneShared;
use crate::observe::record;

/// The watchdog of one yard.
pub(crate) struct Watchdog {
    /// Whether nobody needs to wake it: it is awake, or there is none.
    awake: AtomicBool,
    shared: Arc<Shared>,
}

struct Shared {
    bound: Duration,
    control: Mutex<Control>,
    changed: Condvar,
    /// What was told and lasts.
    alarms: Mutex<Vec<Alarm>>,
}

struct Control {
    lanes: Vec<Weak<LaneShared>>,
    has_thread: bool,
    is_woken: bool,
    has_ended: bool,
}

impl Watchdog {
    /// One that tells of what has lasted for `bound`; none without.
    pub(crate) fn new(bound: Option<Duration>) -> Self {
        let control = Control { lanes: Vec::new(), has_thread: false, is_woken: false, has_ended: bound.is_none() };
        let shared = Shared {
            bound: bound.unwrap_or_default(),
            control: Mutex::new(control),
            changed: Condvar::new(),
            alarms: Mutex::new(Vec::new()),
        };
        Self { awake: AtomicBool::new(bound.is_none()), shared: Arc::new(shared) }
    }

    /// Names the lanes to look at.
    pub(crate) fn look_after(&self, lanes: Vec<Weak<LaneShared>>) {
        self.shared.control.lock().lanes = lanes;
    }

    /// Something is at work, or is about to be.
    #[inline]
    pub(crate) fn something_runs(&self) {
        // SeqCst is a plain load where it matters.
        if !self.awake.load(Ordering::SeqCst) && !mutant!("watchdog-not-woken") {
            self.wake();
        }
    }

    /// What was told and lasts.
    pub(crate) fn alarms(&self) -> Vec<Alarm> {
        self.shared.alarms.lock().clone()
    }

    /// Ends the thread. It goes at once, unless it is just telling something.
    pub(crate) fn end(&self) {
        self.awake.store(true, Ordering::SeqCst);
        let mut control = self.shared.control.lock();
        control.has_ended = true;
        control.lanes = Vec::new();
        drop(control);
        self.shared.changed.notify_all();
    }

    #[cold]
    fn wake(&self) {
        let starts = {
            let mut control = self.shared.control.lock();
            // Also if it has ended: then nobody needs to ask again.
            self.awake.store(true, Ordering::SeqCst);
            if control.has_ended {
                return;
            }
            control.is_woken = true;
            !std::mem::replace(&mut control.has_thread, true)
        };
        if starts {
            self.start();
        } else {
            self.shared.changed.notify_all();
        }
    }

    fn start(&self) {
        let lane = self.shared.control.lock().lanes.iter().find_map(Weak::upgrade);
        let Some(lane) = lane else { return };
        let yard = Arc::downgrade(&lane.yard);
        let round = Round { shared: Arc::clone(&self.shared), yard, began: Instant::now() };
        let thread = std::thread::Builder::new().name("workyard-watch".to_owned());
        if let Err(error) = thread.stack_size(STACK_BYTES).spawn(move || round.run()) {
            let error = &error as &dyn std::error::Error;
            record(|| {
                tracing::warn!(target: "workyard", error, "the watchdog could not be started: nobody tells of what is stuck");
            });
        }
    }
}

/// It formats records, and calls whoever listens to them.
const STACK_BYTES: usize = 512 << 10;

/// The thread's own.
struct Round {
    shared: Arc<Shared>,
    yard: Weak<crate::ground::YardShared>,
    began: Instant,
}

impl Round {
    fn run(self) {
        let mut dog = workyard_core::Watchdog::new(self.shared.bound);
        let mut told: Vec<(Suspect, Alarm)> = Vec::new();
        let mut next = NextLook::In(dog.period());
        while self.wait(next) {
            let Some(lanes) = self.lanes() else { return };
            let found = suspects::look(&lanes);
            let now = Moment::new(self.began.elapsed());
            let is_busy = found.is_busy;
            for suspect in dog.look(now, found.suspects) {
                let Some(lane) = lanes.iter().find(|lane| lane.number == suspect.lane()) else { continue };
                let mut alarm = suspects::alarm(&suspect, lane);
                alarm.lasted = dog.lasted(&suspect);
                if let Some(held_back) = dog.pass(now) {
                    record(|| tell(&alarm, held_back));
                }
                told.push((suspect, alarm));
            }
            next = dog.next_look(is_busy);
            if next == NextLook::WhenWoken && self.must_stay_awake(&lanes) {
                next = NextLook::In(dog.period());
            }
            told.retain_mut(|(suspect, alarm)| {
                alarm.lasted = dog.lasted(suspect);
                dog.is_told(suspect)
            });
            let alarms = told.iter().map(|(_, alarm)| alarm.clone()).collect();
            let old = std::mem::replace(&mut *self.shared.alarms.lock(), alarms);
            drop(old);
        }
    }

    /// Clears `awake` and looks once more: whether something has come meanwhile.
    fn must_stay_awake(&self, lanes: &[Arc<LaneShared>]) -> bool {
        let Some(yard) = self.yard.upgrade() else { return false };
        yard.watchdog.awake.store(false, Ordering::SeqCst);
        let stays = suspects::is_busy(lanes);
        if stays {
            yard.watchdog.awake.store(true, Ordering::SeqCst);
        }
        stays
    }

    /// `false` at the end.
    fn wait(&self, next: NextLook) -> bool {
        let mut control = self.shared.control.lock();
        match next {
            NextLook::In(period) => {
                let by = Instant::now() + period;
                while !control.has_ended && !self.shared.changed.wait_until(&mut control, by).timed_out() {}
                control.is_woken = false;
            }
            NextLook::WhenWoken => {
                while !control.has_ended && !control.is_woken {
                    self.shared.changed.wait(&mut control);
                }
                control.is_woken = false;
            }
        }
        !control.has_ended
    }

    /// `None` if they are gone.
    fn lanes(&self) -> Option<Vec<Arc<LaneShared>>> {
        let lanes: Vec<_> = self.shared.control.lock().lanes.iter().filter_map(Weak::upgrade).collect();
        (!lanes.is_empty()).then_some(lanes)
    }
}

fn tell(alarm: &Alarm, held_back: u64) {
    let Alarm { kind, lane, tasks, lasted } = alarm;
    let first = tasks.first();
    let id = first.map(|task| tracing::field::display(task.id));
    let name = first.and_then(|task| task.name.as_deref());
    let submitted_at = first.map(|task| tracing::field::display(task.submitted_at));
    let others = tasks.iter().skip(1).map(ToString::to_string).collect::<Vec<_>>();
    let others = (!others.is_empty()).then(|| others.join("; "));
    let (what, message) = (tracing::field::display(kind), kind.message());
    if held_back == 0 {
        tracing::warn!(target: "workyard", alarm = what, id, name, lane = &**lane, submitted_at, ?lasted, others, "{message}");
    } else {
        tracing::warn!(
            target: "workyard", alarm = what, id, name, lane = &**lane, submitted_at, ?lasted, others,
            "{message} (and {held_back} more)"
        );
    }
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchdog").field("bound", &self.shared.bound).finish_non_exhaustive()
    }
}
