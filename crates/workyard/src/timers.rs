//! Owns the watch over time limits and tokens: one timer queue and one tokio task a yard, made when first needed. Never
//! decides what a limit means: the lane does.
//!
//! # Protocol
//! A task's timer is set when it is accepted, set anew when it starts, and taken out when it ends. Each of these looks at
//! the task's status under the timers' lock, and the status is written before (under the lane's lock), so whichever
//! comes last sees the latest status: no timer outlives its task, and a timer that was set for the wait is never left in
//! place of the one for the run. A timer that fires all the same finds that its reason does not fit the status, and does
//! nothing.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::time::DelayQueue;
use workyard_core::{Reason, TaskState};

use crate::task::cell::Task;

/// A limit further away than this is none: the timer queue does not reach much further.
const FURTHEST: Duration = Duration::from_hours(24 * 365);

/// The timers of a yard.
#[derive(Default)]
pub(crate) struct Timers {
    state: Arc<Mutex<State>>,
    closed: CancellationToken,
}

#[derive(Default)]
struct State {
    queue: DelayQueue<(Weak<dyn Task>, Reason)>,
    driven: bool,
}

impl Timers {
    /// Sets the timer that fits the task's status, if it has limits.
    pub(crate) fn set(&self, task: &Arc<dyn Task>, runtime: &Handle) {
        let header = task.header();
        let Some(watched) = &header.watched else { return };
        let now = Instant::now();
        let mut state = self.state.lock();
        let mut key = watched.timer.lock();
        if let Some(old) = key.take() {
            state.queue.remove(&old);
        }
        let next = header.status().and_then(|status| watched.limits.next(status, now));
        if let Some((at, reason)) = next.filter(|&(at, _)| at.saturating_duration_since(now) < FURTHEST) {
            // The queue makes its sleep in the runtime's context.
            let _inside = runtime.enter();
            *key = Some(state.queue.insert_at((Arc::downgrade(task), reason), at));
            self.drive(&mut state, runtime);
        }
    }

    /// Takes the task's timer out, and ends the watch over its token.
    pub(crate) fn unset(&self, task: &dyn Task) {
        let Some(watched) = &task.header().watched else { return };
        {
            let mut state = self.state.lock();
            if let Some(key) = watched.timer.lock().take() {
                state.queue.remove(&key);
            }
        }
        if let Some(watcher) = watched.watcher.lock().take() {
            watcher.abort();
        }
    }

    /// Cancels the task when its token is cancelled.
    pub(crate) fn watch_token(&self, task: &Arc<dyn Task>, runtime: &Handle) {
        let Some(watched) = &task.header().watched else { return };
        let Some(token) = watched.limits.token.clone() else { return };
        let watched_task = Arc::downgrade(task);
        let watcher = runtime.spawn(async move {
            token.cancelled_owned().await;
            if let Some(task) = watched_task.upgrade() {
                let lane = Arc::clone(&task.header().lane);
                lane.cancel(&task, Reason::User);
            }
        });
        *watched.watcher.lock() = Some(watcher.abort_handle());
        // The task may have ended before the watcher was kept.
        if task.header().status().is_some_and(TaskState::is_ended) {
            self.unset(&**task);
        }
    }

    /// Does this later, unless the watch has ended by then.
    pub(crate) fn later(&self, after: Duration, runtime: &Handle, act: impl FnOnce() + Send + 'static) {
        let then = async move {
            tokio::time::sleep(after).await;
            act();
        };
        drop(runtime.spawn(self.closed.clone().run_until_cancelled_owned(then)));
    }

    /// Ends the watch. Tasks that still run have been told to stop by then.
    pub(crate) fn close(&self) {
        self.closed.cancel();
    }

    fn drive(&self, state: &mut State, runtime: &Handle) {
        if !std::mem::replace(&mut state.driven, true) {
            let state = Arc::clone(&self.state);
            let driver = std::future::poll_fn(move |cx| fire_due(&state, cx));
            drop(runtime.spawn(self.closed.clone().run_until_cancelled_owned(driver)));
        }
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers").field("set", &self.state.lock().queue.len()).finish_non_exhaustive()
    }
}

/// Stops every task whose time is up. Never ready.
fn fire_due(state: &Mutex<State>, cx: &mut Context<'_>) -> Poll<Infallible> {
    loop {
        let due = {
            let mut state = state.lock();
            // With no timers left this is ready with nothing; the next insertion wakes.
            let Poll::Ready(Some(expired)) = state.queue.poll_expired(cx) else { return Poll::Pending };
            let (task, reason) = expired.into_inner();
            task.upgrade().map(|task| {
                if let Some(watched) = &task.header().watched {
                    *watched.timer.lock() = None;
                }
                (task, reason)
            })
        };
        if let Some((task, reason)) = due {
            task.header().lane.out_of_time(&task, reason);
        }
    }
}
