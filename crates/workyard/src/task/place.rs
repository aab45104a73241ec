//! Owns where the body of a task is, from its work to its result: in one place of the task's cell, which it never leaves. The
//! only file of this crate with `unsafe`.
//!
//! A future is polled where it stands, so that a task needs no second allocation. It has to stay there until it is dropped,
//! and it does: a place is a field of a [`Cell`](super::cell::Cell), cells are made in an `Arc`, no code takes one out of it
//! (`cargo xtask check` looks for the words), and nothing in here moves a body that has begun.
//!
//! The lock is never waited for: the lane hands a body to one thread at a time. It is what makes that checked and not
//! believed, and what makes a body that is no `Sync` shareable.

use std::pin::Pin;
use std::task::{Context, Poll};

use parking_lot::Mutex;

use crate::task::cell::{Task, Work};
use crate::task::error::{BoxError, TaskError};
use crate::task::panic::{Payload, catch};
use std::sync::Arc;

/// The place of one body.
pub(super) struct Place<W: Work>(Mutex<Body<W>>);

pin_project_lite::pin_project! {
    #[project = Pinned]
    enum Body<W: Work> {
        Waiting { work: W },
        /// A future, at work.
        Begun { #[pin] begun: W::Begun },
        /// The result of a body that has ended, until the lane has said what the end means.
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
    pub(super) const fn new(work: W) -> Self {
        Self(Mutex::new(Body::Waiting { work }))
    }

    /// The work, if it has not been taken and has not begun.
    pub(super) fn take_work(&self) -> Option<W> {
        let mut body = self.0.lock();
        if !matches!(*body, Body::Waiting { .. }) {
            return None;
        }
        match std::mem::replace(&mut *body, Body::Gone) {
            Body::Waiting { work } => Some(work),
            Body::Begun { .. } | Body::Stashed { .. } | Body::Gone => None,
        }
    }

    /// Takes what is there, but for a body that has begun: that is dropped where it is. A `Drop` that panics says so.
    pub(super) fn clear(&self) -> Result<Left<W>, Payload> {
        let mut body = self.0.lock();
        if matches!(*body, Body::Begun { .. }) {
            catch(|| Self::pinned(&mut body).set(Body::Gone)).map_err(Payload::new)?;
        }
        Ok(match std::mem::replace(&mut *body, Body::Gone) {
            Body::Waiting { work } => Left::Work(work),
            Body::Stashed { result } => Left::Result(result),
            Body::Begun { .. } | Body::Gone => Left::Nothing,
        })
    }

    /// Polls the body, which begins if it has not.
    ///
    /// # Panics
    /// As the body does.
    pub(super) fn poll(&self, task: &Arc<dyn Task>, cx: &mut Context<'_>) -> Poll<Result<W::Output, BoxError>> {
        let mut body = self.0.lock();
        if matches!(*body, Body::Waiting { .. })
            && let Body::Waiting { work } = std::mem::replace(&mut *body, Body::Gone)
        {
            *body = Body::Begun { begun: work.begin(task) };
        }
        match Self::pinned(&mut body).project() {
            Pinned::Begun { begun } => W::poll_begun(begun, cx),
            Pinned::Waiting { .. } | Pinned::Stashed { .. } | Pinned::Gone => Poll::Pending,
        }
    }

    /// Drops what is there, and puts the result of the body aside in its stead. `Err` if a `Drop` panicked; the result is there all
    /// the same.
    pub(super) fn stash(&self, result: Result<W::Output, TaskError>) -> Result<(), Payload> {
        let mut body = self.0.lock();
        let dropped = catch(|| Self::pinned(&mut body).set(Body::Gone)).map_err(Payload::new);
        *body = Body::Stashed { result };
        dropped
    }

    #[expect(unsafe_code, reason = "a pin is a promise that the compiler cannot check")]
    const fn pinned(body: &mut Body<W>) -> Pin<&mut Body<W>> {
        // SAFETY: the place, and with it the body, stays where it is until it is dropped, as is said above. The functions of this
        // file that replace the body by moving it do so when it has not begun, or has been dropped: `Begun` is only ever
        // overwritten through the pin, which drops it where it is.
        unsafe { Pin::new_unchecked(body) }
    }
}
