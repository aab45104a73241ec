//! Owns what stands between the end of a task and its handle: where the result is, if it is there, and the waker of who waits for it. Never
//! touches a result, and never wakes: whoever calls does.
//!
//! A result stays where the body put it, in the task's place, or, if the task was answered while its body goes on, apart. Whoever is told
//! [`Where`] it is has it, and nobody else is told.
//!
//! # Protocol
//! *Who ends the task* has put the result there, and says so by an exchange; if the handle had left a waker, it then takes that, under the
//! lock, to be woken. *The handle's poll* looks; if there is nothing, it puts its waker in, under the lock, and says by an
//! exchange that it did. So of the two exchanges one comes first: either the end finds that there is a waker, or the poll finds that
//! there is a result. A poll that replaces its waker does so under the lock, and looks again after it: if the end took the old waker
//! before, the poll has that lock after it, and sees what the end had said.
//!
//! *A handle that is dropped* says so by an exchange: what was there is the handle's, and who comes with a result later keeps it.
//! *A second result* has nobody to go to: the first one stays.
//!
//! A waker may be foreign code, so none is cloned or dropped under the lock.

use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use workyard_core::mutant;

use crate::primitives::{AtomicU8, Mutex};
use crate::task::handle::OnDrop;

/// What the handle's side knows of a task's result, and says of it. Two parts of the task's cell, each where there is room for it.
#[derive(Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) said: &'a Said,
    pub(super) awaited_by: &'a Mutex<Option<Waker>>,
}

/// How far an answer has come.
#[derive(Default)]
pub(super) struct Said {
    state: AtomicU8,
    /// Here, so that handles are small.
    on_drop: OnDropCell,
}

/// Where a result is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Where {
    /// In the task's place.
    Place,
    /// Apart from it, since the body is still there.
    Apart,
}

/// What became of a result.
#[must_use]
pub(super) enum Given {
    /// It is the handle's. With the waker of who waits.
    Kept(Option<Waker>),
    /// Nobody will ask for it.
    Unwanted,
    /// Another was there before.
    Second,
}

/// An [`OnDrop`] in one byte. Only the handle's side reads and writes it, so loads and stores are relaxed.
#[derive(Default)]
struct OnDropCell(AtomicU8);

impl OnDropCell {
    fn set(&self, on_drop: OnDrop) {
        self.0.store(on_drop as u8, Ordering::Relaxed);
    }

    #[inline]
    fn get(&self) -> OnDrop {
        match self.0.load(Ordering::Relaxed) {
            cancel if cancel == OnDrop::Cancel as u8 => OnDrop::Cancel,
            abort if abort == OnDrop::Abort as u8 => OnDrop::Abort,
            _ => OnDrop::Detach,
        }
    }
}

const PENDING: u8 = 0;
/// As `PENDING`, and there is a waker.
const AWAITED: u8 = 1;
const IN_PLACE: u8 = 2;
const APART: u8 = 3;
const TAKEN: u8 = 4;
/// The handle is gone.
const DETACHED: u8 = 5;

#[inline]
const fn there(state: u8) -> Option<Where> {
    match state {
        IN_PLACE => Some(Where::Place),
        APART => Some(Where::Apart),
        _ => None,
    }
}

impl Answer<'_> {
    /// The result is there.
    #[inline]
    pub(super) fn give(self, place: Where) -> Given {
        let given = match place {
            Where::Place => IN_PLACE,
            Where::Apart => APART,
        };
        // Release, and Acquire where it is read: who is told where the result is sees it.
        let give = |from| self.said.state.compare_exchange(from, given, Ordering::AcqRel, Ordering::Acquire);
        // Between two looks a handle may leave a waker, once, and go.
        let before = give(PENDING).or_else(|now| if now == AWAITED { give(AWAITED) } else { Err(now) });
        match before {
            Ok(PENDING) => Given::Kept(None),
            Ok(_) => Given::Kept(self.awaited_by.lock().take()),
            Err(DETACHED) => Given::Unwanted,
            Err(_) => Given::Second,
        }
    }

    /// Where the result is, which is then the caller's; or leaves a waker for when it is there.
    ///
    /// # Panics
    /// If somebody has it.
    #[inline]
    pub(super) fn poll(self, cx: &Context<'_>) -> Poll<Where> {
        let state = self.said.state.load(Ordering::Acquire);
        if state > AWAITED {
            return self.take(state);
        }
        self.leave(cx.waker());
        match self.said.state.compare_exchange(PENDING, AWAITED, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) | Err(AWAITED) => Poll::Pending,
            Err(state) => self.take(state),
        }
    }

    #[inline]
    fn take(self, state: u8) -> Poll<Where> {
        assert!(state != TAKEN, "a handle was polled after it gave its result");
        let Some(place) = there(state) else { return Poll::Pending };
        // Once a result is there, only the handle's side says anything, which is here.
        self.said.state.store(TAKEN, Ordering::Relaxed);
        Poll::Ready(place)
    }

    #[inline]
    fn leave(self, waker: &Waker) {
        if self.awaited_by.lock().as_ref().is_some_and(|kept| kept.will_wake(waker)) {
            return;
        }
        let fresh = waker.clone();
        let replaced =
            if mutant!("waker-of-handle-lost") { Some(fresh) } else { self.awaited_by.lock().replace(fresh) };
        drop(replaced);
    }

    /// Nobody will ask any more. Where the result is, if there is one, which is then the caller's.
    pub(super) fn detach(self) -> Option<Where> {
        let state = self.said.state.swap(DETACHED, Ordering::AcqRel);
        if state == AWAITED {
            let waker = self.awaited_by.lock().take();
            drop(waker);
        }
        there(state)
    }

    /// The handle is to be dropped: what it wants done with the task then, unless it has its result.
    #[inline]
    pub(super) fn on_drop(self) -> Option<OnDrop> {
        (!self.is_taken()).then(|| self.said.on_drop.get())
    }

    pub(super) fn set_on_drop(self, on_drop: OnDrop) {
        self.said.on_drop.set(on_drop);
    }

    /// Whether the handle's side has the result. It alone needs to know.
    #[inline]
    pub(super) fn is_taken(self) -> bool {
        self.said.state.load(Ordering::Relaxed) == TAKEN
    }

    #[inline]
    pub(super) fn is_detached(self) -> bool {
        self.said.state.load(Ordering::Relaxed) == DETACHED
    }
}

#[cfg(all(test, workyard_loom))]
#[path = "answer_loom_tests.rs"]
mod loom_tests;
