//! Owns the producer as a sink. Never buffers: a slot of the queue is held between `poll_ready` and `start_send`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_sink::Sink;
use tokio::task::coop::poll_proceed;

use super::error::{PutError, PutErrorKind};
use super::line::Ticket;
use super::producer::Producer;
use super::state::{Side, State};

/// A [`Producer`] as a [`Sink`].
///
/// `poll_ready` waits in line and then holds one slot of the queue, which `start_send` fills at once, so flushing
/// never waits. A sink that is ready and not used keeps its slot until it is dropped. On a closed queue `poll_ready` is ready and
/// `start_send` fails with the item, so no item is lost. Closing the sink drops its producer; it closes the queue only
/// if that was the last.
#[must_use = "sinks do nothing unless polled"]
pub struct ProducerSink<T> {
    /// `None` once the sink was closed.
    producer: Option<Producer<T>>,
    ticket: Option<Ticket>,
    holds_slot: bool,
}

impl<T> ProducerSink<T> {
    pub(super) const fn new(producer: Producer<T>) -> Self {
        Self { producer: Some(producer), ticket: None, holds_slot: false }
    }

    fn end(&mut self) {
        if let Some(producer) = self.producer.take() {
            producer.shared().leave(Side::Put, &mut self.ticket);
            if std::mem::take(&mut self.holds_slot) {
                producer.shared().with(State::give_back_slot);
            }
        }
    }
}

impl<T> Sink<T> for ProducerSink<T> {
    type Error = PutError<T>;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), PutError<T>>> {
        let this = &mut *self;
        let Some(producer) = this.producer.as_ref().filter(|_| !this.holds_slot) else {
            return Poll::Ready(Ok(()));
        };
        let coop = ready!(poll_proceed(cx));
        let admitted =
            ready!(producer.shared().poll_in_line(Side::Put, &mut this.ticket, cx, |state, _| state.hold_slot()));
        coop.made_progress();
        this.holds_slot = admitted.is_some();
        Poll::Ready(Ok(()))
    }

    /// Fails with [`PutErrorKind::Full`] when called without `poll_ready` and there is no room.
    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), PutError<T>> {
        let this = &mut *self;
        let Some(producer) = &this.producer else {
            return Err(PutError::new(PutErrorKind::Closed, item));
        };
        if !std::mem::take(&mut this.holds_slot) {
            return producer.try_put(item);
        }
        let (shared, priority) = (producer.shared(), producer.priority());
        shared.with(|state, wakes| {
            state.use_slot();
            if state.is_closed() {
                return Err(PutError::new(PutErrorKind::Closed, item));
            }
            state.put(item, priority, || shared.now(), wakes);
            Ok(())
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), PutError<T>>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), PutError<T>>> {
        self.end();
        Poll::Ready(Ok(()))
    }
}

impl<T> Drop for ProducerSink<T> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<T> fmt::Debug for ProducerSink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProducerSink").field("producer", &self.producer).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "sink_tests.rs"]
mod tests;
