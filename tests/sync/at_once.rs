//! Owns futures that go on in the very call that wakes them. Never runs anything in between.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

/// A future whose steps are taken by whoever wakes it: so what it does comes between two steps of whoever calls.
pub(crate) struct AtOnce(Mutex<Option<Boxed>>);

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

impl AtOnce {
    /// Polls it for the first time.
    pub(crate) fn begin(future: impl Future<Output = ()> + Send + 'static) -> Arc<Self> {
        let this = Arc::new(Self(Mutex::new(Some(Box::pin(future)))));
        this.wake_by_ref();
        this
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.lock().unwrap().is_none()
    }
}

impl Wake for AtOnce {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // One that wakes itself is being polled.
        let Ok(mut future) = self.0.try_lock() else { return };
        let waker = Waker::from(Arc::clone(self));
        let mut cx = Context::from_waker(&waker);
        if future.as_mut().is_some_and(|future| future.as_mut().poll(&mut cx).is_ready()) {
            *future = None;
        }
    }
}
