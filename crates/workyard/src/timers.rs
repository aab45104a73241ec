//! Owns the watch over time limits and tokens: one timer queue and one tokio task a yard, made when first needed. Never
//! decides what a limit means: the lane does.
//!
//! # Protocol
//! A task's timer is set when it is accepted, set anew when it starts, and taken out when it ends. Each of these looks at
//! the task's status under the timers' lock, and the status is written before (under the lane's lock), so whichever
//! comes last sees the latest status: no timer outlives its task, and a timer that was set for the wait is never left in
//! place of the one for the run. A timer that fires all the same finds that its reason does not fit the status, and does
//! nothing.
//!
//! The watch ends when the yard has ended and no timer is left: a closure that outlives its yard still has its limit.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{Either, abortable, select};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::time::DelayQueue;
use workyard_core::{Reason, TaskState, mutant};

use crate::primitives::whole::Mutex;
use crate::runtime::Runtime;
use crate::task::Retrying;
use crate::task::cell::Task;

/// A limit further away than this is none: the timer queue does not reach much further.
const FURTHEST: Duration = Duration::from_hours(24 * 365);

/// How many tasks are stopped before others on the thread get their turn.
const AT_ONCE: usize = 64;

/// What is due.
#[derive(Clone, Copy)]
enum Due {
    /// The task is out of time.
    Limit(Reason),
    /// The task is to be tried again.
    Attempt,
}

/// The timers of a yard.
#[derive(Default)]
pub(crate) struct Timers {
    state: Arc<Mutex<State>>,
    closed: CancellationToken,
}

#[derive(Default)]
struct State {
    queue: DelayQueue<(Weak<dyn Task>, Due)>,
    driven: bool,
}

impl Timers {
    /// Sets the timer that fits the task's status, if it has limits.
    #[inline]
    pub(crate) fn set(&self, task: &Arc<dyn Task>, runtime: &Runtime) {
        let header = task.header();
        let Some(watched) = header.watched() else { return };
        // For the queue's sleep, and for its clock, which a test may have paused.
        let _inside = runtime.enter();
        let now = Instant::now();
        let begins = {
            let mut state = self.state.lock();
            let mut key = watched.timer.lock();
            if let Some(old) = key.take() {
                state.queue.remove(&old);
            }
            let status = header.status();
            let limit = status.and_then(|status| watched.limits.next(status, now));
            let attempt = header.retrying().filter(|_| status == Some(TaskState::RetryWaiting)).and_then(Retrying::due);
            let due = limit.map(|(at, reason)| (at, Due::Limit(reason))).into_iter();
            let next = due.chain(attempt.map(|at| (at, Due::Attempt))).min_by_key(|&(at, _)| at);
            if let Some((at, due)) = next.filter(|&(at, _)| at.saturating_duration_since(now) < FURTHEST) {
                *key = Some(state.queue.insert_at((Arc::downgrade(task), due), at));
                !std::mem::replace(&mut state.driven, true)
            } else {
                false
            }
        };
        if begins {
            let (state, closed) = (Arc::clone(&self.state), self.closed.clone());
            let watch = Watch { state, closed, runtime: runtime.clone(), has_ended: false };
            drop(runtime.spawn(watch.run()));
        }
    }

    /// Takes the task's timer out, and ends the watch over its token.
    #[inline]
    pub(crate) fn unset(&self, task: &dyn Task) {
        let Some(watched) = task.header().watched() else { return };
        {
            let mut state = self.state.lock();
            if let Some(key) = watched.timer.lock().take()
                && !mutant!("timer-left")
            {
                state.queue.remove(&key);
            }
        }
        if let Some(watcher) = watched.watcher.lock().take() {
            watcher.abort();
        }
    }

    /// Cancels the task when its token is cancelled.
    pub(crate) fn watch_token(&self, task: &Arc<dyn Task>, runtime: &Runtime) {
        let Some(watched) = task.header().watched() else { return };
        let Some(token) = watched.limits.token.clone() else { return };
        let watched_task = Arc::downgrade(task);
        let (watcher, abort) = abortable(async move {
            token.cancelled_owned().await;
            if let Some(task) = watched_task.upgrade() {
                let lane = Arc::clone(&task.header().lane);
                lane.cancel(&task, Reason::User);
            }
        });
        drop(runtime.spawn(watcher));
        *watched.watcher.lock() = Some(abort);
        // The task may have ended before the watcher was kept.
        if task.header().status().is_some_and(TaskState::is_ended) {
            self.unset(&**task);
        }
    }

    /// Does this later, unless the watch has ended by then.
    pub(crate) fn later(&self, after: Duration, runtime: &Runtime, act: impl FnOnce() + Send + 'static) {
        let then = async move {
            tokio::time::sleep(after).await;
            act();
        };
        drop(runtime.spawn(self.closed.clone().run_until_cancelled_owned(then)));
    }

    /// Ends the watch once no timer is left.
    pub(crate) fn close(&self) {
        self.closed.cancel();
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers").field("set", &self.state.lock().queue.len()).finish_non_exhaustive()
    }
}

/// The tokio task that looks at the timers.
struct Watch {
    state: Arc<Mutex<State>>,
    closed: CancellationToken,
    runtime: Runtime,
    has_ended: bool,
}

impl Watch {
    /// Sees to every task whose time has come, until the yard has ended and no timer is left.
    async fn run(mut self) {
        {
            let mut none_left = pin!(poll_fn(|cx| fire_due(&self.state, &self.closed, cx)));
            if let Either::Right(_) = select(none_left.as_mut(), pin!(self.closed.cancelled())).await {
                none_left.await;
            }
        }
        self.has_ended = true;
    }
}

impl Drop for Watch {
    /// The runtime has ended, and with it all time: no attempt will come that tasks wait for.
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let _inside = self.runtime.enter();
        let mut left = Vec::new();
        {
            let mut state = self.state.lock();
            state.driven = false;
            while let Some(first) = state.queue.peek() {
                let (task, due) = state.queue.remove(&first).into_inner();
                if let Some(task) = task.upgrade() {
                    if let Some(watched) = task.header().watched() {
                        *watched.timer.lock() = None;
                    }
                    left.push((task, due));
                }
            }
        }
        for (task, due) in left {
            let waits = matches!(due, Due::Attempt) || task.header().status() == Some(TaskState::RetryWaiting);
            if waits && !mutant!("retry-outlives-time") {
                task.header().lane.cancel(&task, Reason::Dropped);
            }
        }
    }
}

fn fire_due(state: &Mutex<State>, closed: &CancellationToken, cx: &mut Context<'_>) -> Poll<()> {
    for _ in 0..AT_ONCE {
        let due = {
            let mut state = state.lock();
            let expired = match state.queue.poll_expired(cx) {
                Poll::Ready(Some(expired)) => expired,
                // A timer that is set after the end begins the watch anew.
                Poll::Ready(None) if closed.is_cancelled() => {
                    state.driven = false;
                    return Poll::Ready(());
                }
                // With no timers left, the next one that is set wakes.
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            };
            let (task, due) = expired.into_inner();
            task.upgrade().map(|task| {
                if let Some(watched) = task.header().watched() {
                    *watched.timer.lock() = None;
                }
                (task, due)
            })
        };
        let Some((task, due)) = due else { continue };
        let lane = &task.header().lane;
        match due {
            Due::Limit(reason) => drop(lane.out_of_time(&task, reason)),
            Due::Attempt => lane.retry(&task),
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

#[cfg(test)]
#[path = "timers_tests.rs"]
mod tests;
