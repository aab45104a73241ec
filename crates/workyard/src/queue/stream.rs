//! Owns the consumer as a stream. Never buffers.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::task::coop::poll_proceed;

use super::consumer::Consumer;
use super::get::poll_get;
use super::line::Ticket;
use super::state::Side;

/// A [`Consumer`] as a [`Stream`]; ends once the queue is closed and empty.
///
/// It stands in line from a poll that found nothing until it is polled again or dropped. An item promised to it
/// waits for it meanwhile.
#[must_use = "streams do nothing unless polled"]
pub struct ConsumerStream<T> {
    consumer: Consumer<T>,
    ticket: Option<Ticket>,
}

impl<T> ConsumerStream<T> {
    pub(super) const fn new(consumer: Consumer<T>) -> Self {
        Self { consumer, ticket: None }
    }

    /// The consumer, for what a stream cannot do.
    pub const fn consumer(&self) -> &Consumer<T> {
        &self.consumer
    }
}

impl<T> Stream for ConsumerStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let coop = ready!(poll_proceed(cx));
        let this = &mut *self;
        let got = ready!(poll_get(this.consumer.shared(), &mut this.ticket, cx));
        coop.made_progress();
        Poll::Ready(got)
    }
}

impl<T> Drop for ConsumerStream<T> {
    fn drop(&mut self) {
        self.consumer.shared().leave(Side::Get, &mut self.ticket);
    }
}

impl<T> fmt::Debug for ConsumerStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.consumer.shared().fmt_as("ConsumerStream", f)
    }
}
