//! Owns how submissions and handles take part in tokio's coop budget. Never waits for anything else.
//!
//! Tokio has others run after 128 operations of a task, whatever they cost; a submission where there is room, or a result that is
//! there, costs a fraction of what else counts as one. And each turn of others may wake a thread for nothing. So eight of them
//! are one operation.

use std::cell::Cell;
use std::task::{Context, Poll};

use tokio::task::coop::{RestoreOnPending, poll_proceed};

thread_local! {
    static POLLS: Cell<u8> = const { Cell::new(0) };
}

/// What a poll has of the budget. It is to be told when the poll made progress.
pub(crate) struct Turn(Option<RestoreOnPending>);

impl Turn {
    /// `Pending` if it is the turn of others, and says nothing else: the waker is woken when they had it.
    #[inline]
    pub(crate) fn poll(cx: &mut Context<'_>) -> Poll<Self> {
        // A thread that is about to end has no thread-locals any more.
        let polls = POLLS.try_with(|polls| polls.replace(polls.get().wrapping_add(1))).unwrap_or_default();
        if polls % 8 == 7 { poll_proceed(cx).map(|budget| Self(Some(budget))) } else { Poll::Ready(Self(None)) }
    }

    #[inline]
    pub(crate) fn made_progress(&self) {
        if let Some(budget) = &self.0 {
            budget.made_progress();
        }
    }
}
