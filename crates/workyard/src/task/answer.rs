//! Owns what stands between the end of a task and its handle: the result, or the waker of who waits for it. Never drops a result, and never
//! wakes: whoever calls does, after the lock.
//!
//! # Protocol
//! *Who ends the task* gives the result: under the lock it puts it in, and takes the waker that is there, to be woken. *The handle's poll*
//! looks under the lock: it takes the result, or leaves its waker. So either the poll finds the result, or who gives it finds
//! the waker. A waker may be foreign code, so none is cloned or dropped under the lock: a poll that has to leave one looks, clones, and looks
//! again.
//!
//! *A handle that is dropped* says so under the lock: it takes out a result that is there, and who comes with one later keeps it. So
//! exactly one of the two has it. *A second result* has nobody to go to: the first one stays.

use std::task::{Context, Poll, Waker};

use workyard_core::mutant;

use crate::primitives::Mutex;

/// What the handle's side knows of a task's result.
pub(super) struct Answer<T>(Mutex<State<T>>);

enum State<T> {
    Pending(Option<Waker>),
    Ready(T),
    Taken,
    /// The handle is gone.
    Detached,
}

/// What became of a result.
#[must_use]
pub(super) enum Given<T> {
    /// It is there for the handle. With the waker of who waits.
    Kept(Option<Waker>),
    /// Nobody will ask for it.
    Unwanted(T),
    /// Another was there before.
    Second(T),
}

impl<T> Answer<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State::Pending(None)))
    }

    /// Gives the result.
    pub(super) fn give(&self, result: T) -> Given<T> {
        let mut state = self.0.lock();
        match &mut *state {
            State::Pending(waker) => {
                let waker = waker.take();
                *state = State::Ready(result);
                Given::Kept(waker)
            }
            State::Detached => Given::Unwanted(result),
            State::Ready(_) | State::Taken => Given::Second(result),
        }
    }

    /// Takes the result, or leaves a waker for when it is there.
    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<T> {
        let mut fresh = None;
        loop {
            let mut replaced = None;
            let mut state = self.0.lock();
            let poll = match &mut *state {
                State::Pending(Some(kept)) if kept.will_wake(cx.waker()) => Some(Poll::Pending),
                State::Pending(kept) => fresh.take().map(|fresh| {
                    replaced = if mutant!("waker-of-handle-lost") { Some(fresh) } else { kept.replace(fresh) };
                    Poll::Pending
                }),
                State::Ready(_) => match std::mem::replace(&mut *state, State::Taken) {
                    State::Ready(result) => Some(Poll::Ready(result)),
                    _ => Some(Poll::Pending),
                },
                State::Taken | State::Detached => Some(Poll::Pending),
            };
            drop(state);
            drop(replaced);
            if let Some(poll) = poll {
                return poll;
            }
            fresh = Some(cx.waker().clone());
        }
    }

    /// Nobody will ask any more. Gives the result that is there.
    pub(super) fn detach(&self) -> Option<T> {
        let state = std::mem::replace(&mut *self.0.lock(), State::Detached);
        if let State::Ready(result) = state { Some(result) } else { None }
    }

    pub(super) fn is_detached(&self) -> bool {
        matches!(*self.0.lock(), State::Detached)
    }
}

#[cfg(all(test, workyard_loom))]
#[path = "answer_loom_tests.rs"]
mod loom_tests;
