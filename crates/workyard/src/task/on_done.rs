//! Owns the callbacks that a task was given for its end, and what they are to be told. Never calls one by itself: see
//! [`callbacks`](crate::callbacks).

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use workyard_core::{Outcome, Reason};

use crate::lane::LaneShared;
use crate::primitives::whole::Mutex;
use crate::task::ended::TaskEnded;
use crate::task::panic::{Payload, catch};

/// What is to be called when a task has ended; mostly nothing.
#[derive(Default)]
pub(crate) struct OnDone(Option<Arc<Told<dyn Callback>>>);

/// Callbacks, and how the task ended that they are of.
pub(crate) struct Told<C: ?Sized> {
    /// Set under the lock of the lane, when that counts the end.
    pub(crate) end: OnceLock<End>,
    callback: C,
}

/// How a task ended.
pub(crate) struct End {
    pub(crate) outcome: Outcome,
    pub(crate) reason: Option<Reason>,
    pub(crate) waited: Duration,
    pub(crate) ran: Option<Duration>,
}

/// One call, on its way.
pub(crate) struct Call {
    pub(crate) callback: Arc<Told<dyn Callback>>,
    pub(crate) ended: TaskEnded,
    pub(crate) lane: Arc<LaneShared>,
}

/// A callback, or several.
pub(crate) trait Callback: Send + Sync {
    /// Calls what was not called yet. A panic goes no further than `panicked`.
    fn call(&self, ended: &TaskEnded, panicked: &dyn Fn(&Payload));
}

impl OnDone {
    /// Adds a callback behind those that are there.
    pub(crate) fn add(&mut self, callback: impl FnOnce(&TaskEnded) + Send + 'static) {
        let (end, last) = (OnceLock::new(), Once(Mutex::new(Some(callback))));
        self.0 = Some(match self.0.take() {
            None => Arc::new(Told { end, callback: last }),
            Some(first) => Arc::new(Told { end, callback: Then { first, last } }),
        });
    }

    pub(crate) fn told(&self) -> Option<&Arc<Told<dyn Callback>>> {
        self.0.as_ref()
    }
}

impl Call {
    pub(crate) fn make(self) {
        let Self { callback, ended, lane } = self;
        let panicked = |payload: &Payload| lane.unobserved.note_callback_panic(&lane, &ended, payload);
        callback.callback.call(&ended, &panicked);
    }
}

/// A callback until it is called. In a mutex, since a header is shared and a callback need not be.
struct Once<F>(Mutex<Option<F>>);

impl<F: FnOnce(&TaskEnded) + Send> Callback for Once<F> {
    fn call(&self, ended: &TaskEnded, panicked: &dyn Fn(&Payload)) {
        let callback = self.0.lock().take();
        if let Some(callback) = callback
            && let Err(payload) = catch(|| callback(ended))
        {
            panicked(&Payload::new(payload));
        }
    }
}

/// One after the other.
struct Then<F> {
    first: Arc<Told<dyn Callback>>,
    last: Once<F>,
}

impl<F: FnOnce(&TaskEnded) + Send> Callback for Then<F> {
    fn call(&self, ended: &TaskEnded, panicked: &dyn Fn(&Payload)) {
        self.first.callback.call(ended, panicked);
        self.last.call(ended, panicked);
    }
}

impl fmt::Debug for OnDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnDone").field(&self.0.is_some()).finish()
    }
}
