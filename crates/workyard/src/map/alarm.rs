//! Owns how the consumer of a map is told that something is to be done which only it can do. Never says what: it looks.

use std::task::Waker;

use futures_util::task::AtomicWaker;

use crate::task::call_foreign;

/// Tells the consumer of a map that something is to be done which only it can do: wait for room in a lane, or answer inputs that
/// no runner will take.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    consumer: AtomicWaker,
}

impl Alarm {
    /// The consumer is woken from now on; it looks afterwards.
    pub(super) fn register(&self, waker: &Waker) {
        self.consumer.register(waker);
    }

    pub(super) fn ring(&self) {
        call_foreign(|| self.consumer.wake());
    }
}
