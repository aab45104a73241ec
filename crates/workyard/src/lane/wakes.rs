//! Owns wakes that are held back for some hundred microseconds at most, so that one turn of a waiter takes several results. Never holds back a
//! result: whoever looks finds it.
//!
//! Waking costs as much as many a body. While bodies are short, or the queue is long, whoever ends them one after the other holds the wakes of those
//! who wait for them, and lets them go when it has nothing more to run, when the [patience](workyard_core::patience) with one of them is over, or when
//! there are many. The next body may be a long one all the same; so the lane's guard, which looks each millisecond, lets
//! go of them, too.
//!
//! # Protocol
//! *Who holds a wake back*, under the lock: puts it with the others and, if there is no guard, counts itself as one; after the lock it
//! starts the guard. *The guard* takes all wakes under the lock; if there were none, and nobody asked for it, it is, in the same critical section, the guard no
//! more, so whoever comes later starts another. If it is dropped, as its runtime goes, it is so at once. *Who lets go* may miss a wake that another thread
//! is just holding back: that one has a guard, and lets go itself when it has nothing more to run. So no wake stays for ever, and none is made under the lock.
//!
//! A guard is a task of the runtime, which may stand still: nobody drives it, or its threads are blocked. So where bodies are not known to be short, only the wakes
//! are held back that a guard will see that has just looked; else they are made at once, and a guard is asked for.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::Duration;

use workyard_core::{Moment, mutant};

use crate::lane::LaneShared;
use crate::primitives::{AtomicBool, Mutex};
use crate::task::wake_caught;

/// The wakes that a lane holds back.
#[derive(Default)]
pub(super) struct Wakes {
    held: Mutex<Held>,
    /// Whether there are any, so that nobody asks for none. Set under the lock.
    are_any: AtomicBool,
}

#[derive(Default)]
struct Held {
    wakers: Wakers,
    /// When the first of them is to be let go of.
    until: Moment,
    is_guarded: bool,
    /// Somebody would hold wakes back if there was a guard that looks.
    wants_guard: bool,
    /// When a guard looked last.
    looked: Option<Moment>,
}

/// How long a wake may be held back.
#[derive(Clone, Copy)]
pub(super) struct Until {
    pub(super) at: Moment,
    /// Only if there is a guard that looks.
    pub(super) needs_guard: bool,
}

impl Until {
    /// For futures that a driver has polled: a few of its hands.
    #[inline]
    pub(super) fn of_futures(now: Moment) -> Self {
        Self { at: now.later(Duration::from_micros(20)), needs_guard: false }
    }
}

/// Mostly one, that of a task which waits for the oldest result, and then without an allocation.
#[derive(Default)]
struct Wakers {
    first: Option<Waker>,
    rest: Vec<Waker>,
}

impl LaneShared {
    /// A body has ended, and others follow. `waker` is that of who waits for it, if somebody does, which may be held back. Whether
    /// anything was woken or spawned: on a worker of a runtime that may wait for this thread.
    #[inline]
    pub(super) fn wake_with_others(self: &Arc<Self>, waker: Option<Waker>, until: Until, now: Moment) -> bool {
        if waker.is_none() && !self.wakes.are_any() {
            return false;
        }
        let (due, needs_guard) = self.wakes.hold(waker, until, now);
        let are_due = due.first.is_some();
        due.wake();
        if needs_guard {
            drop(self.yard.runtime.spawn(Guard(Some(Arc::clone(self))).look()));
        }
        are_due || needs_guard
    }
}

impl Wakes {
    /// Relaxed: whoever has held one back sees it, and looks again itself.
    #[inline]
    fn are_any(&self) -> bool {
        self.are_any.load(Ordering::Relaxed)
    }

    /// Holds a wake back with those that are, if there is one. Gives those that are due, and whether somebody is to become the guard.
    fn hold(&self, waker: Option<Waker>, until: Until, now: Moment) -> (Wakers, bool) {
        let mut held = self.held.lock();
        if let Some(waker) = waker {
            held.until = if held.wakers.first.is_none() { until.at } else { held.until.min(until.at) };
            held.wakers.push(waker);
        }
        held.wants_guard |= until.needs_guard;
        let is_seen = !until.needs_guard || (held.is_guarded && held.looked.is_some_and(|at| now.since(at) <= LATELY));
        let are_due = !is_seen || held.wakers.are_many() || now >= held.until;
        let due = if are_due { std::mem::take(&mut held.wakers) } else { Wakers::default() };
        let are_any = held.wakers.first.is_some();
        self.are_any.store(are_any, Ordering::Relaxed);
        let needs_guard = are_any || held.wants_guard;
        (due, needs_guard && !std::mem::replace(&mut held.is_guarded, true))
    }

    /// The guard looks: what it is to let go of. `None`: it is the guard no more.
    fn guard_looks(&self, now: Moment) -> Option<Wakers> {
        let mut held = self.held.lock();
        held.looked = Some(now);
        held.is_guarded = held.wakers.first.is_some() | std::mem::take(&mut held.wants_guard);
        let (due, goes_on) = (self.take(&mut held), held.is_guarded);
        (goes_on && !mutant!("held-wake-lost")).then_some(due)
    }

    /// The guard is dropped before its time.
    fn guard_goes(&self) -> Wakers {
        let mut held = self.held.lock();
        held.is_guarded = false;
        self.take(&mut held)
    }

    /// Lets go of all.
    #[inline]
    pub(super) fn let_go(&self) {
        if self.are_any() {
            let due = self.take(&mut self.held.lock());
            due.wake();
        }
    }

    fn take(&self, held: &mut Held) -> Wakers {
        self.are_any.store(false, Ordering::Relaxed);
        std::mem::take(&mut held.wakers)
    }
}

/// Who looks, until it finds nothing.
struct Guard(Option<Arc<LaneShared>>);

impl Guard {
    async fn look(mut self) {
        while let Some(lane) = &self.0 {
            tokio::time::sleep(LOOK).await;
            match lane.wakes.guard_looks(lane.yard.clock.now()) {
                Some(due) => due.wake(),
                None => self.0 = None,
            }
        }
    }
}

impl Drop for Guard {
    /// Its runtime goes, and there is none that could look later.
    fn drop(&mut self) {
        if let Some(lane) = &self.0 {
            lane.wakes.guard_goes().wake();
        }
    }
}

impl Wakers {
    fn push(&mut self, waker: Waker) {
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            if self.rest.is_empty() {
                self.rest.reserve_exact(MOSTLY);
            }
            self.rest.push(waker);
        }
    }

    fn are_many(&self) -> bool {
        self.rest.len() >= MANY
    }

    fn wake(self) {
        for waker in self.first.iter().chain(&self.rest) {
            wake_caught(waker);
        }
    }
}

/// How many wakes are held back at most, beside the first.
const MANY: usize = 512;

/// How many there is room for at once.
const MOSTLY: usize = 64;

/// How often the guard looks.
const LOOK: Duration = Duration::from_millis(1);

/// A guard that has looked so lately will look again soon.
const LATELY: Duration = Duration::from_millis(5);

#[cfg(all(test, workyard_loom))]
#[path = "wakes_loom_tests.rs"]
mod loom_tests;
