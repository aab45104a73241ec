//! Owns the callbacks that a task was given for its end. Never calls one by itself: see [`callbacks`](crate::callbacks).

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::lane::LaneShared;
use crate::task::ended::TaskEnded;
use crate::task::panic::{Payload, catch};

/// What is to be called when a task has ended; mostly nothing.
#[derive(Default)]
pub(crate) struct OnDone(Option<Arc<dyn Callback>>);

/// One call, on its way.
pub(crate) struct Call {
    pub(crate) callback: Arc<dyn Callback>,
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
        let last = Once(Mutex::new(Some(callback)));
        self.0 = Some(match self.0.take() {
            None => Arc::new(last),
            Some(first) => Arc::new(Then { first, last }),
        });
    }

    pub(crate) fn callback(&self) -> Option<&Arc<dyn Callback>> {
        self.0.as_ref()
    }
}

impl Call {
    pub(crate) fn make(self) {
        let Self { callback, ended, lane } = self;
        callback.call(&ended, &|payload| lane.unobserved.note_callback_panic(&lane, &ended, payload));
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
    first: Arc<dyn Callback>,
    last: Once<F>,
}

impl<F: FnOnce(&TaskEnded) + Send> Callback for Then<F> {
    fn call(&self, ended: &TaskEnded, panicked: &dyn Fn(&Payload)) {
        self.first.call(ended, panicked);
        self.last.call(ended, panicked);
    }
}

impl fmt::Debug for OnDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnDone").field(&self.0.is_some()).finish()
    }
}
