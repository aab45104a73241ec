//! Owns what is known of one part of a simulation: a future or a closure, and how it is woken. Never decides when it runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Wake, Waker};

use workyard::simulation::{SimulatedCall, SimulatedFuture};

use super::core::Core;
use super::wing::Wing;

/// One part of a simulation.
pub(super) struct Part {
    core: Weak<Core>,
    /// Numbers are given in the order of the starts.
    pub(super) number: u64,
    pub(super) what: &'static str,
    /// Its place among those that are not over.
    pub(super) place: usize,
    is_runnable: AtomicBool,
    body: Mutex<Body>,
}

/// What there is to run of a part.
pub(super) enum Body {
    /// The test itself, which is polled by who has it.
    Root,
    Future(SimulatedFuture),
    /// A closure that has not begun.
    Call(SimulatedCall),
    /// A closure that waits, on a thread.
    Waits(Arc<Wing>),
    /// It runs, or is over.
    Nothing,
}

impl Part {
    pub(super) fn new(core: Weak<Core>, number: u64, what: &'static str, place: usize, body: Body) -> Arc<Self> {
        Arc::new(Self { core, number, what, place, is_runnable: AtomicBool::new(false), body: Mutex::new(body) })
    }

    pub(super) fn take_body(&self) -> Body {
        std::mem::replace(&mut *self.lock(), Body::Nothing)
    }

    pub(super) fn put_body(&self, body: Body) {
        let none = std::mem::replace(&mut *self.lock(), body);
        drop(none);
    }

    /// Before it runs: whoever wakes it from now on makes it run once more.
    pub(super) fn was_chosen(&self) {
        self.is_runnable.store(false, Ordering::SeqCst);
    }

    pub(super) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    fn lock(&self) -> MutexGuard<'_, Body> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Part {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_runnable.swap(true, Ordering::SeqCst)
            && let Some(core) = self.core.upgrade()
        {
            core.is_runnable(Arc::clone(self));
        }
    }
}
