//! Owns the wait for every item to be done. Never counts them.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::coop::poll_proceed;

use super::line::Ticket;
use super::shared::Shared;
use super::state::Side;
use crate::block_on::block_on;

/// The future of [`Consumer::join`](super::Consumer::join): ready once no item is queued or in hand.
///
/// # Cancel safety
/// Dropping it changes nothing.
#[must_use = "futures do nothing unless polled"]
pub struct Join<'a, T> {
    shared: &'a Shared<T>,
    ticket: Option<Ticket>,
}

impl<'a, T> Join<'a, T> {
    pub(super) const fn new(shared: &'a Shared<T>) -> Self {
        Self { shared, ticket: None }
    }

    pub(super) fn block(self) {
        block_on(self);
    }
}

impl<T> Future for Join<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let coop = ready!(poll_proceed(cx));
        let this = &mut *self;
        ready!(this.shared.poll_in_line(Side::Join, &mut this.ticket, cx, |_, _| ()));
        coop.made_progress();
        Poll::Ready(())
    }
}

impl<T> Drop for Join<'_, T> {
    fn drop(&mut self) {
        self.shared.leave(Side::Join, &mut self.ticket);
    }
}

impl<T> fmt::Debug for Join<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt_as("Join", f)
    }
}
