//! Owns the futures of a put. Never holds an item that is also in the queue.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::task::coop::poll_proceed;
use tokio::time::{Instant, Sleep, sleep_until};
use workyard_core::Priority;

use super::error::{PutError, PutErrorKind};
use super::line::Ticket;
use super::shared::Shared;
use super::state::Side;
use crate::block_on::{block_on, block_on_timeout};

/// The future of [`Producer::put`](super::Producer::put): waits in line for room, then puts the item.
///
/// # Errors
/// [`PutErrorKind::Closed`], with the item.
///
/// # Cancel safety
/// Dropped before it is ready, it has not put the item, which is dropped with it. Its place in line, and the room it
/// may have been promised, go to the next.
///
/// # Panics
/// When polled again after it was ready.
#[must_use = "futures do nothing unless polled"]
pub struct Put<'a, T> {
    shared: &'a Shared<T>,
    /// Gone once the future is ready.
    item: Option<T>,
    priority: Priority,
    ticket: Option<Ticket>,
}

impl<'a, T> Put<'a, T> {
    pub(super) const fn new(shared: &'a Shared<T>, priority: Priority, item: T) -> Self {
        Self { shared, item: Some(item), priority, ticket: None }
    }

    pub(super) fn within(self, timeout: Duration) -> PutTimeout<'a, T> {
        PutTimeout { put: self, deadline: Instant::now().checked_add(timeout), sleep: None }
    }

    pub(super) fn block(self) -> Result<(), PutError<T>> {
        block_on(self)
    }

    pub(super) fn block_within(mut self, timeout: Duration) -> Result<(), PutError<T>> {
        block_on_timeout(Pin::new(&mut self), timeout).unwrap_or_else(|| Err(self.time_is_up()))
    }

    /// Polls without regard to the task budget.
    fn poll_put(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), PutError<T>>> {
        let Self { shared, item, priority, ticket } = self;
        assert!(item.is_some(), "`Put` polled after it was ready");
        let put = shared.poll_in_line(Side::Put, ticket, cx, |state, wakes| {
            if let Some(item) = item.take() {
                state.put(item, *priority, || shared.now(), wakes);
            }
        });
        put.map(|admitted| match (admitted, self.item.take()) {
            (None, Some(item)) => Err(PutError::new(PutErrorKind::Closed, item)),
            (Some(()) | None, _) => Ok(()),
        })
    }

    /// Leaves the line with the item.
    fn time_is_up(&mut self) -> PutError<T> {
        self.shared.leave(Side::Put, &mut self.ticket);
        let item = self.item.take().expect("a put that timed out was still waiting");
        PutError::new(PutErrorKind::Timeout, item)
    }
}

impl<T> Future for Put<'_, T> {
    type Output = Result<(), PutError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let coop = ready!(poll_proceed(cx));
        let result = ready!(self.get_mut().poll_put(cx));
        coop.made_progress();
        Poll::Ready(result)
    }
}

// The item is moved, never pinned.
impl<T> Unpin for Put<'_, T> {}

impl<T> Drop for Put<'_, T> {
    fn drop(&mut self) {
        self.shared.leave(Side::Put, &mut self.ticket);
    }
}

impl<T> fmt::Debug for Put<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt_as("Put", f)
    }
}

pin_project! {
    /// The future of [`Producer::put_timeout`](super::Producer::put_timeout): a [`Put`] that gives up.
    ///
    /// # Errors
    /// [`PutErrorKind::Closed`] or [`PutErrorKind::Timeout`], with the item.
    ///
    /// # Cancel safety
    /// As [`Put`].
    ///
    /// # Panics
    /// When it has to wait outside a tokio runtime with time enabled, and when polled again after it was ready.
    #[must_use = "futures do nothing unless polled"]
    pub struct PutTimeout<'a, T> {
        put: Put<'a, T>,
        // `None`: beyond what the clock can count, so never.
        deadline: Option<Instant>,
        // Made by the first poll that has to wait.
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl<T> Future for PutTimeout<'_, T> {
    type Output = Result<(), PutError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let coop = ready!(poll_proceed(cx));
        let mut this = self.project();
        if let Poll::Ready(result) = this.put.poll_put(cx) {
            coop.made_progress();
            return Poll::Ready(result);
        }
        let Some(deadline) = *this.deadline else { return Poll::Pending };
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep_until(deadline)));
        }
        if let Some(sleep) = this.sleep.as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        coop.made_progress();
        Poll::Ready(Err(this.put.time_is_up()))
    }
}

impl<T> fmt::Debug for PutTimeout<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.put.shared.fmt_as("PutTimeout", f)
    }
}
