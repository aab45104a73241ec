//! Owns wakes that are held back for some hundred microseconds at most, so that one turn of a waiter takes several results. Never holds back a
//! result: whoever looks finds it.
//!
//! Waking costs as much as many a body. While bodies are short, or the queue is long, whoever ends them one after the other holds the wakes of those
//! who wait for them, and lets them go when it has nothing more to run, when the [patience](workyard_core::patience) with one of them is over, or when
//! there are many. The next body may be a long one all the same, and wait for whoever is not woken; so the yard's [guard](super::guard), which looks
//! each millisecond, lets go of them, too.
//!
//! # Protocol
//! *Who holds a wake back*, under the lock: puts it with the others and, if they are not guarded, says that they are; after the lock it
//! has the guard look after them. *The guard* takes all wakes under the lock; if there were none, they are, in the same critical section, guarded
//! no more, so whoever comes later calls it again. *Who lets go* may miss a wake that another thread is just holding back: that one is guarded, and
//! its worker lets go itself when it has nothing more to run. So no wake stays for ever, and none is made under the lock.

use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::Duration;

use workyard_core::{Moment, mutant};

use crate::lane::LaneShared;
use crate::primitives::{AtomicBool, Mutex};
use crate::task::use_up_caught;

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
}

/// Until when a wake may be held back of futures that a driver has polled: a few of its hands.
#[inline]
pub(super) fn of_futures(now: Moment) -> Moment {
    now.later(Duration::from_micros(20))
}

/// Mostly one, that of a task which waits for the oldest result, and then without an allocation.
#[derive(Default)]
struct Wakers {
    first: Option<Waker>,
    rest: Vec<Waker>,
}

impl LaneShared {
    /// A body has ended, and others follow. `waker` is that of who waits for it, if somebody does, which may be held back until then. Whether
    /// anything was woken or spawned: on a worker of a runtime that may wait for this thread.
    #[inline]
    pub(super) fn wake_with_others(&self, waker: Option<Waker>, until: Moment, now: Moment) -> bool {
        if waker.is_none() && !self.wakes.are_any() {
            return false;
        }
        let (due, needs_guard) = self.wakes.hold(waker, until, now);
        let are_due = due.first.is_some();
        due.wake();
        if needs_guard {
            self.yard.guard.look_after(&self.wakes, &self.yard.runtime);
        }
        are_due || needs_guard
    }
}

impl Wakes {
    /// Relaxed: whoever has held one back sees it, and looks again itself.
    #[inline]
    pub(super) fn are_any(&self) -> bool {
        self.are_any.load(Ordering::Relaxed)
    }

    /// Holds a wake back with those that are, if there is one. Gives those that are due, and whether the guard is to look after the others.
    fn hold(&self, waker: Option<Waker>, until: Moment, now: Moment) -> (Wakers, bool) {
        let mut held = self.held.lock();
        if let Some(waker) = waker {
            held.until = if held.wakers.first.is_none() { until } else { held.until.min(until) };
            held.wakers.push(waker);
        }
        let are_due = held.wakers.are_many() || now >= held.until;
        let due = if are_due { std::mem::take(&mut held.wakers) } else { Wakers::default() };
        let are_any = held.wakers.first.is_some();
        self.are_any.store(are_any, Ordering::Relaxed);
        (due, are_any && !std::mem::replace(&mut held.is_guarded, true))
    }

    /// Holds a wake back for as long as it may be. Whether the guard is to look after it.
    #[cfg(all(test, workyard_loom))]
    pub(super) fn hold_for_ever(&self, waker: Waker) -> bool {
        let now = Moment::default();
        let (due, needs_guard) = self.hold(Some(waker), now.later(Duration::from_secs(1)), now);
        assert!(due.first.is_none(), "it is not due");
        needs_guard
    }

    /// The guard looks, and lets go of all. `false`: there were none, and it looks no more.
    pub(super) fn guard_looks(&self) -> bool {
        let (due, goes_on) = {
            let mut held = self.held.lock();
            held.is_guarded = held.wakers.first.is_some();
            (self.take(&mut held), held.is_guarded)
        };
        if !mutant!("held-wake-lost") {
            due.wake();
        }
        goes_on
    }

    /// Lets go of all, which nobody guards.
    pub(super) fn let_go_unguarded(&self) {
        let due = {
            let mut held = self.held.lock();
            held.is_guarded = false;
            self.take(&mut held)
        };
        due.wake();
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
        self.first.into_iter().chain(self.rest).for_each(use_up_caught);
    }
}

/// How many wakes are held back at most, beside the first.
const MANY: usize = 512;

/// How many there is room for at once.
const MOSTLY: usize = 64;

#[cfg(all(test, workyard_loom))]
#[path = "wakes_loom_tests.rs"]
mod loom_tests;
