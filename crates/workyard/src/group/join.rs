//! Owns the futures that wait for the ends of members. Never holds a result: until the future is ready, it is in the group.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::task::coop;
use tokio::time::Sleep;

use crate::block_on::{block_on, block_on_timeout};
use crate::group::shared::{GroupShared, Look};
use crate::group::state::Ticket;
use crate::task::TaskError;
use crate::waits::{AnyWait, Next};

/// Waits for the next result; made by [`Group::join_next`](crate::Group::join_next). Gives `None` when the group is empty.
///
/// # Cancel safety
/// Dropped before it is ready, it has taken no result; a wake-up that it did not use goes to the next that waits.
#[must_use = "futures do nothing unless polled"]
pub struct JoinNext<'a, T> {
    group: &'a GroupShared<T>,
    ticket: Option<Ticket>,
    look: Look,
    nested: AnyWait,
}

impl<'a, T> JoinNext<'a, T> {
    pub(super) fn new(group: &'a Arc<GroupShared<T>>) -> Self {
        Self { group, ticket: None, look: Look::default(), nested: AnyWait::default() }
    }
}

impl<T> Future for JoinNext<'_, T> {
    type Output = Option<Result<T, TaskError>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let budget = ready!(coop::poll_proceed(cx));
        let this = &mut *self;
        let next = loop {
            if let Poll::Ready(next) = this.group.poll_next(&mut this.ticket, cx) {
                break next;
            }
            if this.group.pending(&mut this.nested, &mut this.look, cx) != Next::Again {
                return Poll::Pending;
            }
        };
        budget.made_progress();
        this.nested.end();
        Poll::Ready(next)
    }
}

impl<T> Drop for JoinNext<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.group.leave_line(ticket);
        }
        if let Some(ticket) = self.look.ticket.take() {
            self.group.leave_waits(ticket);
        }
    }
}

impl<T> fmt::Debug for JoinNext<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinNext").field("ticket", &self.ticket).finish_non_exhaustive()
    }
}

/// What [`Group::wait`](crate::Group::wait) waits for. Each is over at once when no member is left that has not ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Until {
    /// A member has ended.
    First,
    /// A member has failed: it neither completed nor was cancelled, so it returned `Err` (if it is `fallible`), panicked, ran out
    /// of time or was abandoned.
    FirstFailure,
    /// All members have ended.
    All,
}

pin_project_lite::pin_project! {
    /// Waits for members to end, and gives the results that are there then, in order of the ends; made by
    /// [`Group::wait`](crate::Group::wait). What has not ended stays in the group and goes on.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it has taken no result.
    ///
    /// # Panics
    /// With a [`timeout`](Self::timeout), when it has to wait outside of a tokio runtime with its time driver enabled.
    #[must_use = "futures do nothing unless polled"]
    pub struct Wait<'a, T> {
        group: &'a GroupShared<T>,
        until: Until,
        ticket: Option<Ticket>,
        look: Look,
        limit: Option<Duration>,
        nested: AnyWait,
        #[pin]
        sleep: Option<Sleep>,
    }

    impl<T> PinnedDrop for Wait<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            for ticket in [this.ticket.take(), this.look.ticket.take()].into_iter().flatten() {
                this.group.leave_waits(ticket);
            }
        }
    }
}

impl<'a, T> Wait<'a, T> {
    pub(super) fn new(group: &'a Arc<GroupShared<T>>, until: Until) -> Self {
        Self { group, until, ticket: None, look: Look::default(), limit: None, nested: AnyWait::default(), sleep: None }
    }

    /// Waits for at most `limit`, counted from the first poll, and then gives what is there: maybe nothing. Zero never
    /// waits. In a closure it may be later than that: it runs members of its own lane meanwhile, and is back when the one it is at has returned.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// As awaiting it, for plain threads and for closures: this thread is blocked until the results are there or the time is up, and in a closure
    /// until a member has returned that it runs meanwhile. Inside of a future, await instead: the thread that is blocked may be the very one
    /// that a member needs.
    pub fn blocking_join(mut self) -> Vec<Result<T, TaskError>> {
        // The thread keeps the time, since it may have no runtime to do so.
        let Some(limit) = self.limit.take_if(|limit| !limit.is_zero()) else { return block_on(self) };
        let group = self.group;
        block_on_timeout(pin!(self), limit).unwrap_or_else(|| group.take_all())
    }
}

impl<T> Future for Wait<'_, T> {
    type Output = Vec<Result<T, TaskError>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let budget = ready!(coop::poll_proceed(cx));
        let mut this = self.project();
        loop {
            if let Poll::Ready(results) = this.group.poll_wait(*this.until, this.ticket, cx) {
                budget.made_progress();
                this.nested.end();
                return Poll::Ready(results);
            }
            // Zero never waits, and never runs others to be done sooner.
            if *this.limit == Some(Duration::ZERO) || this.group.pending(this.nested, this.look, cx) != Next::Again {
                break;
            }
        }
        let Some(limit) = *this.limit else { return Poll::Pending };
        if !limit.is_zero() {
            if this.sleep.is_none() {
                this.sleep.set(Some(tokio::time::sleep(limit)));
            }
            if let Some(sleep) = this.sleep.as_pin_mut() {
                ready!(sleep.poll(cx));
            }
        }
        budget.made_progress();
        this.nested.end();
        Poll::Ready(this.group.take_all())
    }
}

impl<T> fmt::Debug for Wait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("until", &self.until).field("limit", &self.limit).finish_non_exhaustive()
    }
}
