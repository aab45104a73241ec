//! Owns the futures of a get. Never holds an item: until the future is ready, the item is in the queue.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::task::coop::poll_proceed;
use tokio::time::{Instant, Sleep, sleep_until};

use super::error::GetError;
use super::line::Ticket;
use super::shared::Shared;
use super::state::{Side, State};
use crate::block_on::{block_on, block_on_timeout};

/// The future of [`Consumer::get`](super::Consumer::get): waits in line for an item; `None` once the queue is closed
/// and empty.
///
/// # Cancel safety
/// Dropped before it is ready, it has taken nothing. Its place in line, and the claim it may have been given, go to
/// the next.
#[must_use = "futures do nothing unless polled"]
pub struct Get<'a, T> {
    shared: &'a Shared<T>,
    ticket: Option<Ticket>,
}

impl<'a, T> Get<'a, T> {
    pub(super) const fn new(shared: &'a Shared<T>) -> Self {
        Self { shared, ticket: None }
    }

    pub(super) fn within(self, timeout: Duration) -> GetTimeout<'a, T> {
        GetTimeout { get: self, deadline: Instant::now().checked_add(timeout), sleep: None }
    }

    pub(super) fn block(self) -> Option<T> {
        block_on(self)
    }

    pub(super) fn block_within(mut self, timeout: Duration) -> Result<T, GetError> {
        match block_on_timeout(Pin::new(&mut self), timeout) {
            Some(got) => got.ok_or(GetError::Closed),
            None => Err(GetError::Timeout),
        }
    }
}

/// Polls a get without regard to the task budget.
pub(super) fn poll_get<T>(shared: &Shared<T>, ticket: &mut Option<Ticket>, cx: &mut Context<'_>) -> Poll<Option<T>> {
    shared.poll_in_line(Side::Get, ticket, cx, State::get).map(Option::flatten)
}

impl<T> Future for Get<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let coop = ready!(poll_proceed(cx));
        let this = &mut *self;
        let got = ready!(poll_get(this.shared, &mut this.ticket, cx));
        coop.made_progress();
        Poll::Ready(got)
    }
}

impl<T> Drop for Get<'_, T> {
    fn drop(&mut self) {
        self.shared.leave(Side::Get, &mut self.ticket);
    }
}

impl<T> fmt::Debug for Get<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt_as("Get", f)
    }
}

pin_project! {
    /// The future of [`Consumer::get_timeout`](super::Consumer::get_timeout): a [`Get`] that gives up.
    ///
    /// # Errors
    /// [`GetError::Closed`] or [`GetError::Timeout`].
    ///
    /// # Cancel safety
    /// As [`Get`].
    ///
    /// # Panics
    /// When it has to wait outside a tokio runtime with time enabled.
    #[must_use = "futures do nothing unless polled"]
    pub struct GetTimeout<'a, T> {
        get: Get<'a, T>,
        // `None`: beyond what the clock can count, so never.
        deadline: Option<Instant>,
        // Made by the first poll that has to wait.
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl<T> Future for GetTimeout<'_, T> {
    type Output = Result<T, GetError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let coop = ready!(poll_proceed(cx));
        let mut this = self.project();
        if let Poll::Ready(got) = poll_get(this.get.shared, &mut this.get.ticket, cx) {
            coop.made_progress();
            return Poll::Ready(got.ok_or(GetError::Closed));
        }
        let Some(deadline) = *this.deadline else { return Poll::Pending };
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep_until(deadline)));
        }
        if let Some(sleep) = this.sleep.as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        coop.made_progress();
        this.get.shared.leave(Side::Get, &mut this.get.ticket);
        Poll::Ready(Err(GetError::Timeout))
    }
}

impl<T> fmt::Debug for GetTimeout<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get.shared.fmt_as("GetTimeout", f)
    }
}

/// The future of [`Consumer::get_many`](super::Consumer::get_many): waits in line for one item, and then takes what
/// else is there.
///
/// # Cancel safety
/// As [`Get`].
#[must_use = "futures do nothing unless polled"]
pub struct GetMany<'a, T> {
    shared: &'a Shared<T>,
    ticket: Option<Ticket>,
    max: usize,
}

impl<'a, T> GetMany<'a, T> {
    pub(super) const fn new(shared: &'a Shared<T>, max: usize) -> Self {
        Self { shared, ticket: None, max }
    }
}

impl<T> Future for GetMany<'_, T> {
    type Output = Vec<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let coop = ready!(poll_proceed(cx));
        let Self { shared, ticket, max } = &mut *self;
        let got = shared.poll_in_line(Side::Get, ticket, cx, |state, wakes| state.get_many(*max, wakes));
        let items = ready!(got).unwrap_or_default();
        coop.made_progress();
        Poll::Ready(items)
    }
}

impl<T> Drop for GetMany<'_, T> {
    fn drop(&mut self) {
        self.shared.leave(Side::Get, &mut self.ticket);
    }
}

impl<T> fmt::Debug for GetMany<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt_as("GetMany", f)
    }
}
