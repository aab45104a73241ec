//! Owns where the body of a task is, from its work to its result: in one place of the task's cell, which it never leaves. The
//! only file of this crate with `unsafe` of its own.
//!
//! A future is polled where it stands, so that a task needs no second allocation. It has to stay there until it is dropped,
//! and it does: a place is a field of a [`Cell`](super::cell::Cell), cells are made in an `Arc`, no code takes one out of it
//! (`cargo xtask check` looks for the words), and nothing in here moves a body that has begun.
//!
//! The lane hands a body to one thread at a time, so nobody ever waits for a place. That is checked, not believed: a place that
//! is entered twice panics. The mark is cheaper than a mutex, since leaving is a plain store.

use std::cell::UnsafeCell;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use crate::primitives::AtomicBool;
use crate::task::answer::Said;
use crate::task::cell::{Task, Work};
use crate::task::error::{BoxError, TaskError};
use crate::task::panic::{Payload, catch};

/// The place of one body.
pub(super) struct Place<W: Work> {
    mark: Mark,
    /// Of the result; it stands here, where there is room.
    said: Said,
    body: UnsafeCell<Body<W>>,
}

// SAFETY: the body is reached by `enter` alone, which lets one thread in at a time. So sharing a place is handing its body from
// thread to thread, and a body can be sent: `Work` and what it consists of are `Send`. The mark and
// what is said of the result are atomic.
#[expect(unsafe_code, reason = "the mark is a lock, which the compiler does not know")]
unsafe impl<W: Work> Sync for Place<W> {}

pin_project_lite::pin_project! {
    #[project = Pinned]
    #[project_replace = Taken]
    enum Body<W: Work> {
        Waiting { work: W },
        /// A future, at work.
        Begun { #[pin] begun: W::Begun },
        /// The result of a body that has ended, for its handle, or to be dropped if it comes too late.
        Stashed { result: Result<W::Output, TaskError> },
        Gone,
    }
}

/// What a body that has not begun, or has ended, leaves behind.
pub(super) enum Left<W: Work> {
    Work(W),
    Result(Result<W::Output, TaskError>),
    Nothing,
}

impl<W: Work> Place<W> {
    #[inline]
    pub(super) fn new(work: W) -> Self {
        Self { mark: Mark::default(), said: Said::default(), body: UnsafeCell::new(Body::Waiting { work }) }
    }

    #[inline]
    pub(super) const fn said(&self) -> &Said {
        &self.said
    }

    /// The work, if it has not been taken and has not begun.
    #[inline]
    pub(super) fn take_work(&self) -> Option<W> {
        self.enter(take_work)
    }

    /// Takes what is there, but for a body that has begun: that is dropped where it is. `Err` if its `Drop` panicked.
    #[inline]
    pub(super) fn clear(&self) -> Result<Left<W>, Payload> {
        let taken = self.enter(|body| catch(|| body.project_replace(Body::Gone)));
        Ok(match taken.map_err(Payload::new)? {
            Taken::Waiting { work } => Left::Work(work),
            Taken::Stashed { result } => Left::Result(result),
            Taken::Begun { .. } | Taken::Gone => Left::Nothing,
        })
    }

    /// Takes the result, if it is there.
    #[inline]
    pub(super) fn take_result(&self) -> Option<Result<W::Output, TaskError>> {
        self.enter(|body| {
            if !matches!(*body, Body::Stashed { .. }) {
                return None;
            }
            match body.project_replace(Body::Gone) {
                Taken::Stashed { result } => Some(result),
                Taken::Waiting { .. } | Taken::Begun { .. } | Taken::Gone => None,
            }
        })
    }

    /// Polls the body, which begins if it has not.
    ///
    /// # Panics
    /// As the body does.
    #[inline]
    pub(super) fn poll(&self, task: &Arc<dyn Task>, cx: &mut Context<'_>) -> Poll<Result<W::Output, BoxError>> {
        self.enter(|mut body| {
            if let Some(work) = take_work(body.as_mut()) {
                body.set(Body::Begun { begun: work.begin(task) });
            }
            match body.project() {
                Pinned::Begun { begun } => W::poll_begun(begun, cx),
                Pinned::Waiting { .. } | Pinned::Stashed { .. } | Pinned::Gone => Poll::Pending,
            }
        })
    }

    /// Drops what is there, and puts the result of the body aside in its stead. `Err` if a `Drop` panicked; the result is there all
    /// the same.
    #[inline]
    pub(super) fn stash(&self, result: Result<W::Output, TaskError>) -> Result<(), Payload> {
        self.enter(|mut body| {
            let dropped = catch(|| body.set(Body::Gone)).map_err(Payload::new);
            body.set(Body::Stashed { result });
            dropped
        })
    }

    /// Everything above is said in terms of a pin; this is the only way to one.
    #[expect(unsafe_code, reason = "a pin is a promise that the compiler cannot check")]
    #[inline]
    fn enter<R>(&self, act: impl FnOnce(Pin<&mut Body<W>>) -> R) -> R {
        let leaves = self.mark.enter();
        // SAFETY: the mark is set, by us, until `leaves` is dropped; so this is the only reference.
        let body = unsafe { &mut *self.body.get() };
        // SAFETY: the body stays where it is until it is dropped, since the place does, as is said above.
        let returned = act(unsafe { Pin::new_unchecked(body) });
        drop(leaves);
        returned
    }
}

/// Whether somebody is in a place.
///
/// *Who enters* swaps the mark in, *who leaves* takes it away by a store, and the lane hands the body on only after that. So of two who
/// come at once one panics; and of two who come one after the other the second reads, by its swap, what the first one stored, or something later.
#[derive(Default)]
struct Mark(AtomicBool);

impl Mark {
    /// # Panics
    /// If somebody is in there.
    #[inline]
    fn enter(&self) -> Leaves<'_> {
        // Acquire and Release: who enters sees what the one before left.
        let was_entered = self.0.swap(true, Ordering::Acquire);
        assert!(!was_entered, "a body is handed to one thread at a time, and not to itself");
        Leaves(&self.0)
    }
}

/// This thread leaves the place, also by a panic.
struct Leaves<'a>(&'a AtomicBool);

impl Drop for Leaves<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[inline]
fn take_work<W: Work>(body: Pin<&mut Body<W>>) -> Option<W> {
    if !matches!(*body, Body::Waiting { .. }) {
        return None;
    }
    match body.project_replace(Body::Gone) {
        Taken::Waiting { work } => Some(work),
        Taken::Begun { .. } | Taken::Stashed { .. } | Taken::Gone => None,
    }
}

#[cfg(all(test, workyard_loom))]
#[path = "place_loom_tests.rs"]
mod loom_tests;
