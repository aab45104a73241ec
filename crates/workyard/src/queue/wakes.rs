//! Owns the wakers to call once the lock is open again. Never calls one before it is told to.

use std::task::Waker;

use crate::task::use_up_caught;

/// Who is to be woken for one operation: mostly nobody or one, which costs no allocation.
#[derive(Debug, Default)]
pub(super) struct Wakes {
    first: Option<Waker>,
    more: Vec<Waker>,
}

impl Wakes {
    pub(super) fn push(&mut self, waker: Waker) {
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            self.more.push(waker);
        }
    }

    #[inline]
    pub(super) fn extend(&mut self, waker: Option<Waker>) {
        if let Some(waker) = waker {
            self.push(waker);
        }
    }

    /// Wakes them in order, whichever of them panics: who was let go is told by nobody else. To be called without the lock.
    ///
    /// By reference: to move them elsewhere first takes longer than all else that is done here for nobody.
    #[inline]
    pub(super) fn wake(&mut self) {
        if let Some(first) = self.first.take() {
            use_up_caught(first);
            if !self.more.is_empty() {
                self.more.drain(..).for_each(use_up_caught);
            }
        }
    }
}
