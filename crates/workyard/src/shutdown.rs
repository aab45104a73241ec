//! Owns the end of a yard: closing, draining, cancelling, closed. Never starts a task.
//!
//! One supervisor goes through the phases, on the yard's runtime, whoever waits for it: dropping a [`Shutdown`] future stops
//! nothing. Callers wait on a `watch` for the one report. If the runtime ends first, the supervisor's future is dropped, and
//! that closes the books at once.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::watch;
use tokio::time::Instant;
use workyard_core::Reason;

use crate::block_on::block_on;
use crate::lane::Executor;
use crate::primitives::whole::Mutex;
use crate::report::Report;
use crate::task::{TaskId, call_foreign, current};
use crate::yard::Yard;

/// How long draining may take when nothing is said.
const DRAIN_FOR: Duration = Duration::from_secs(30);

/// How long bodies get to heed the cancellation after draining, before they are called stuck.
const GRACE: Duration = Duration::from_millis(200);

/// The end of a yard, made by [`Scheduler::shutdown`](crate::Scheduler::shutdown); await it for the [`Report`].
///
/// 1. *Closing*, when it is first polled: nothing is taken in any more, timers that are not due are cancelled, and the
///    [`closing`](crate::Scheduler::closing) tokens fire.
/// 2. *Draining*: what was accepted runs, further attempts of what is tried again included, for at most [`drain_for`](Self::drain_for).
/// 3. *Cancelling*: what is queued or waits for its next attempt is cancelled, futures are dropped at their next await, contexts show it; bodies get
///    [`grace`](Self::grace) to end.
/// 4. *Closed*: what still runs is abandoned, and the report lists it as stuck.
///
/// Draining and the grace are for callbacks ([`on_done`](crate::ClosureTask::on_done)) as well. Those of the tasks that are abandoned get a
/// `grace` of their own before the report. So by the time of the report all callbacks have returned, but for those that took longer, which
/// it counts as [`pending_callbacks`](Report::pending_callbacks).
///
/// A task or a callback that awaits the end of its own yard is not waited for in turn: a task is cancelled with what is left after
/// draining, and other callbacks are called meanwhile.
///
/// While somebody drives the runtime it always ends, by `drain_for + grace` and what the runtime needs to say so, and another `grace` if callbacks do not
/// return. Calling it again, from anywhere, gives the
/// same report; a later call with a shorter `drain_for` brings the end forward.
///
/// # Cancel safety
/// Dropping the future does not stop the shutdown once it was polled.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use std::time::Duration;
///
/// let yard = workyard::Scheduler::new();
/// let handle = yard.io().submit(std::future::pending::<()>()).await?;
/// let report = yard.shutdown().drain_for(Duration::from_millis(10)).await;
/// assert_eq!(report.to_string(), "accepted 1 = 0 completed + 1 cancelled; stuck: none");
/// assert!(handle.await.unwrap_err().is_cancelled());
/// assert!(yard.io().submit(async {}).await.unwrap_err().is_closed());
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[must_use = "a shutdown does nothing until it is awaited"]
pub struct Shutdown {
    yard: Arc<Yard>,
    drain_for: Duration,
    grace: Duration,
}

impl Shutdown {
    pub(crate) fn new(yard: &Arc<Yard>) -> Self {
        Self { yard: Arc::clone(yard), drain_for: DRAIN_FOR, grace: GRACE }
    }

    /// How long what was accepted may go on; 30 seconds by default. Zero cancels at once.
    pub fn drain_for(mut self, limit: Duration) -> Self {
        self.drain_for = limit;
        self
    }

    /// How long bodies get to end after they were told to; 200 milliseconds by default. The first call's counts.
    pub fn grace(mut self, limit: Duration) -> Self {
        self.grace = limit;
        self
    }

    /// As awaiting it, for plain threads: this one is blocked until the report is there. Inside of a future, await instead: a runtime whose only
    /// thread is blocked here has nobody to bring the end about.
    pub fn blocking_join(self) -> Report {
        block_on(self.into_future())
    }
}

#[cfg(feature = "signals")]
impl Shutdown {
    pub(crate) fn yard(&self) -> Arc<Yard> {
        Arc::clone(&self.yard)
    }
}

impl IntoFuture for Shutdown {
    type Output = Report;
    type IntoFuture = ShutdownFuture;

    fn into_future(self) -> ShutdownFuture {
        ShutdownFuture(Box::pin(self.report()))
    }
}

impl Shutdown {
    async fn report(self) -> Report {
        let _waits = (self.yard.shutdown.note_caller(&self.yard), self.yard.shared.step_aside());
        let mut told = self.yard.shutdown.begin(&self.yard, self.drain_for, self.grace);
        // The sender stays in the yard, which `self` keeps; it is never closed without a report.
        match told.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(report)) => report.clone(),
            _ => Report::of(&self.yard),
        }
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown")
            .field("drain_for", &self.drain_for)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}

/// The future of a [`Shutdown`].
#[must_use = "futures do nothing unless polled"]
pub struct ShutdownFuture(Pin<Box<dyn Future<Output = Report> + Send>>);

impl Future for ShutdownFuture {
    type Output = Report;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Report> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ShutdownFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShutdownFuture")
    }
}

/// What all calls of `shutdown` share.
#[derive(Default)]
pub(crate) struct ShutdownState {
    begun: OnceLock<Begun>,
    /// Tasks of the yard that wait for its end themselves: draining does not wait for them in turn.
    callers: Mutex<Vec<CallerId>>,
}

/// A task that waits for the end of its own yard.
#[derive(Clone, Copy)]
struct CallerId {
    task: TaskId,
    /// It ends only when it has the report; a future is dropped before.
    is_closure: bool,
}

/// A task of the yard waits for its end, for as long as this is there.
struct Caller<'a> {
    yard: &'a Yard,
    id: TaskId,
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        let mut callers = self.yard.shutdown.callers.lock();
        if let Some(at) = callers.iter().position(|caller| caller.task == self.id) {
            callers.swap_remove(at);
        }
    }
}

struct Begun {
    /// When draining ends; later calls may bring it forward.
    drained_by: watch::Sender<Instant>,
    report: watch::Sender<Option<Report>>,
}

impl ShutdownState {
    fn note_caller<'a>(&self, yard: &'a Yard) -> Option<Caller<'a>> {
        let caller = current::task().filter(|task| Arc::ptr_eq(&task.header().lane.yard, &yard.shared))?;
        let header = caller.header();
        let id = header.id;
        self.callers.lock().push(CallerId { task: id, is_closure: header.lane.executor.runs_closures() });
        yard.shared.task_ended();
        Some(Caller { yard, id })
    }

    /// Begins the shutdown if nobody has, or brings its end forward.
    fn begin(&self, yard: &Arc<Yard>, drain_for: Duration, grace: Duration) -> watch::Receiver<Option<Report>> {
        let now = Instant::now();
        // Further than this no drain goes, and no sum overflows.
        let drained_by = now + drain_for.min(Duration::from_hours(24 * 365));
        let mut first = false;
        let begun = self.begun.get_or_init(|| {
            first = true;
            Begun { drained_by: watch::Sender::new(drained_by), report: watch::Sender::new(None) }
        });
        let told = begun.report.subscribe();
        if first {
            let _timers = yard.close();
            let books = Books { yard: Arc::clone(yard), last: LastWord { report: None, told: begun.report.clone() } };
            let drained_by = begun.drained_by.subscribe();
            drop(yard.shared.runtime.spawn(supervise(books, drained_by, grace)));
        } else {
            begun.drained_by.send_if_modified(|by| {
                let earlier = drained_by < *by;
                *by = drained_by.min(*by);
                earlier
            });
        }
        told
    }
}

/// Closes the books when dropped: at the end of the supervisor, or when its runtime ends before.
struct Books {
    yard: Arc<Yard>,
    /// After the yard, so that whoever has the report finds that nobody else keeps the yard.
    last: LastWord,
}

/// Tells the report when dropped.
struct LastWord {
    report: Option<Report>,
    told: watch::Sender<Option<Report>>,
}

impl Drop for LastWord {
    fn drop(&mut self) {
        self.told.send_replace(self.report.take());
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        let _timers = self.yard.close();
        self.yard.cancel_all();
        self.yard.abandon_all();
        for lane in self.yard.lanes() {
            lane.unobserved.tell_rest(&lane.name);
        }
        self.last.report = Some(Report::of(&self.yard));
        self.yard.release_threads();
        self.yard.shared.timers.close();
        self.yard.shared.watchdog.end();
        self.yard.shared.guard.end();
    }
}

async fn supervise(books: Books, mut drained_by: watch::Receiver<Instant>, grace: Duration) {
    let yard = &books.yard;
    loop {
        let by = *drained_by.borrow_and_update();
        let drained = pin!(tokio::time::timeout_at(by, yard.drained()));
        if let Either::Left(_) = select(drained, pin!(drained_by.changed())).await {
            break;
        }
    }
    yard.cancel_all();
    let _in_time = tokio::time::timeout(grace, async {
        yard.empty(|caller| caller.is_closure).await;
        yard.release_threads();
        for lane in yard.lanes() {
            if let Executor::Cpu(threads) = &lane.executor {
                threads.ended().await;
            }
        }
        yard.called().await;
    })
    .await;
    // Those that are abandoned have callbacks, too.
    yard.abandon_all();
    let _in_time = tokio::time::timeout(grace, yard.called()).await;
    drop(books);
}

#[cfg(feature = "signals")]
impl Yard {
    /// What has not ended, in words.
    pub(crate) fn left(&self) -> String {
        let left: workyard_core::Ledger = self.lanes().map(|lane| lane.counts().ledger).sum();
        let waiting =
            if left.retry_waiting > 0 { format!(", {} retry-waiting", left.retry_waiting) } else { String::new() };
        format!("{} queued, {} running{waiting}", left.queued, left.running)
    }

    /// Ends draining now and aborts what is left.
    pub(crate) fn cut_short(&self) {
        // First, so that no closure which the supervisor asks to stop may still come to an end of its own.
        for lane in self.lanes() {
            lane.abort_all(Reason::Shutdown);
        }
        if let Some(begun) = self.shutdown.begun.get() {
            begun.drained_by.send_replace(Instant::now());
        }
    }
}

impl Yard {
    /// Takes nothing in any more. Gives how many timers were cancelled.
    pub(crate) fn close(&self) -> usize {
        self.shared.begin_shutdown();
        let timers = self.schedule.close();
        for lane in self.lanes() {
            lane.close();
        }
        // Afterwards, so that whoever sees it finds the lanes closed. A waker of whoever waits for the token may panic, which is not to
        // take down the end.
        call_foreign(|| self.shared.closing.cancel());
        timers
    }

    fn cancel_all(&self) {
        for lane in self.lanes() {
            lane.cancel_all(Reason::Shutdown);
        }
    }

    fn abandon_all(&self) {
        for lane in self.lanes() {
            lane.abandon_all(Reason::Shutdown);
        }
    }

    /// Waits until nothing is left to be waited for: no task, no body, no callback.
    async fn drained(&self) {
        self.empty(|_| true).await;
        self.called().await;
    }

    /// Waits until no lane holds a task or a body, but for these callers.
    async fn empty(&self, but_for: impl Fn(&CallerId) -> bool) {
        self.ends_until(|| {
            // In one step, so that no other lock is taken within this one.
            let callers: Vec<_> = self
                .shutdown
                .callers
                .lock()
                .iter()
                .filter(|&caller| but_for(caller))
                .map(|caller| caller.task)
                .collect();
            // Timers first: what was on its way is in its lane by then.
            self.schedule.is_settled() && self.lanes().all(|lane| lane.holds_only(&callers))
        })
        .await;
    }

    /// Waits until the callbacks of all tasks that have ended have returned.
    async fn called(&self) {
        self.ends_until(|| self.shared.callbacks.pending() == 0).await;
    }

    /// Asks again after each end.
    async fn ends_until(&self, is_met: impl Fn() -> bool) {
        loop {
            let next_end = self.shared.next_end();
            tokio::pin!(next_end);
            // A `Notified` counts from when it is enabled.
            next_end.as_mut().enable();
            if is_met() {
                return;
            }
            next_end.await;
        }
    }
}
