//! Owns the lane of what waits: futures, each a tokio task of its own once it has a slot.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tracing::Span;
use workyard_core::{Outcome, Reason};

use crate::block_on::block_on;
use crate::lane::LaneShared;
use crate::lane::executor::Executor;
use crate::lane::methods::{future_verbs, lane_basics, submission_verbs};
use crate::lane::options::FutureTask;
use crate::lane::submit::{Run, Submission, Submit, SubmitTimeout};
use crate::lane::submit_error::SubmitError;
use crate::task::cell::{Cell, Task, Work};
use crate::task::header::Options;
use crate::task::{BoxError, Handle, Payload, TaskContext, TaskError, catch, current};

/// A lane for futures: requests, queries, timers, everything that waits.
///
/// Each accepted future runs as a tokio task of its own, at most `limit` of them at once. Clones are cheap, refer to the same
/// lane, and do not keep the yard alive.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let yard = workyard::Scheduler::new();
/// let handle = yard.io().submit(async { "waited" }).await?;
/// assert_eq!(handle.await?, "waited");
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[derive(Clone)]
pub struct IoLane {
    pub(super) shared: Arc<LaneShared>,
}

lane_basics!(IoLane, FutureTask);

impl IoLane {
    future_verbs!([&self] self '_);
}

/// How the output of a future becomes the result of a task.
type Conclude<O, T> = fn(O) -> Result<T, BoxError>;

/// What a future is made from, how, and what its output means.
pub(super) struct Promise<G, F: Future, T> {
    given: G,
    begin: fn(G, &Arc<dyn Task>) -> F,
    conclude: Conclude<F::Output, T>,
}

impl<P: Future> Promise<P, P, P::Output> {
    pub(super) fn plain(given: P) -> Self {
        Self { given, begin: |given, _| given, conclude: Ok }
    }
}

impl<G, F: Future> Promise<G, F, F::Output> {
    pub(super) fn with_context(given: G) -> Self
    where
        G: FnOnce(TaskContext) -> F,
    {
        Self { given, begin: |given, task| given(TaskContext::new(Arc::clone(task))), conclude: Ok }
    }
}

impl<P, T, E> Promise<P, P, T>
where
    P: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    pub(super) fn fallible(given: P) -> Self {
        Self { given, begin: |given, _| given, conclude: |output| output.map_err(Into::into) }
    }
}

impl<G, F, T, E> Promise<G, F, T>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    pub(super) fn fallible_with_context(given: G) -> Self
    where
        G: FnOnce(TaskContext) -> F,
    {
        let conclude: Conclude<F::Output, T> = |output| output.map_err(Into::into);
        Self { given, begin: |given, task| given(TaskContext::new(Arc::clone(task))), conclude }
    }
}

impl<G, F, T> Work for Promise<G, F, T>
where
    G: Send + 'static,
    F: Future + Send + 'static,
    T: Send + 'static,
{
    type Given = G;
    type Output = T;

    fn into_given(self) -> G {
        self.given
    }

    fn start(cell: Arc<Cell<Self>>) -> Option<Outcome> {
        let header = cell.header();
        let lane = Arc::clone(&header.lane);
        if let Some(reason) = header.over_before_start() {
            header.signal.stop(reason);
        } else if header.watched.is_some() {
            let task: Arc<dyn Task> = Arc::clone(&cell) as _;
            lane.yard.timers.set(&task, &lane.yard.runtime);
        }
        if let Executor::Io(runtime) = &lane.executor {
            let span = cell.header().span.take();
            drop(runtime.spawn(Body { cell: Some(cell), future: None, conclude: None, span }));
        }
        None
    }
}

pin_project_lite::pin_project! {
    /// The tokio task of one future. It ends the task in the lane exactly once: when the future is ready, when it is told
    /// to stop, or when the runtime drops it.
    struct Body<G, F, T>
    where
        G: Send,
        G: 'static,
        F: Future,
        F: Send,
        F: 'static,
        T: Send,
        T: 'static,
    {
        // Taken when the task ends.
        cell: Option<Arc<Cell<Promise<G, F, T>>>>,
        // Made at the first poll.
        #[pin]
        future: Option<F>,
        conclude: Option<Conclude<F::Output, T>>,
        // Put back when the task ends.
        span: Span,
    }

    impl<G, F, T> PinnedDrop for Body<G, F, T>
    where
        G: Send,
        G: 'static,
        F: Future,
        F: Send,
        F: 'static,
        T: Send,
        T: 'static,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(cell) = this.cell.take() {
                let reason = cell.header().signal.stopped().unwrap_or(Reason::Dropped);
                stop(&cell, this.future.as_mut(), this.span, reason);
            }
        }
    }
}

impl<G, F, T> Future for Body<G, F, T>
where
    G: Send + 'static,
    F: Future + Send + 'static,
    T: Send + 'static,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(cell) = this.cell.take() else { return Poll::Ready(()) };
        let header = cell.header();
        // Register first, look second: see `task::cancel`.
        header.signal.body.register(cx.waker());
        if let Some(reason) = header.signal.stopped() {
            stop(&cell, this.future.as_mut(), this.span, reason);
            return Poll::Ready(());
        }
        if !header.is_seated() && !header.lane.reclaim(&*cell) {
            *this.cell = Some(cell);
            return Poll::Pending;
        }
        let polled = {
            let _in_body = current::enter(Arc::clone(&cell) as _);
            let _entered = this.span.enter();
            poll_future(&cell, this.future.as_mut(), this.conclude, cx)
        };
        let (result, how) = match polled {
            Ok(Poll::Pending) => {
                if header.lane.yard.waits.has_to_lend(&*cell) {
                    header.lane.lend(&*cell);
                }
                *this.cell = Some(cell);
                return Poll::Pending;
            }
            Ok(Poll::Ready(Ok(value))) => (Ok(value), Outcome::Completed),
            Ok(Poll::Ready(Err(error))) => (Err(TaskError::failed(header, error)), Outcome::Failed),
            Err(payload) => (Err(TaskError::panicked(header, payload)), Outcome::Panicked),
        };
        end(&cell, this.future.as_mut(), this.span, result, how);
        Poll::Ready(())
    }
}

/// Polls the future, which is made first if it was not. `Err` is the payload of a panic.
fn poll_future<G, F, T>(
    cell: &Arc<Cell<Promise<G, F, T>>>,
    mut future: Pin<&mut Option<F>>,
    conclude: &mut Option<Conclude<F::Output, T>>,
    cx: &mut Context<'_>,
) -> Result<Poll<Result<T, BoxError>>, Box<dyn Any + Send>>
where
    G: Send + 'static,
    F: Future + Send + 'static,
    T: Send + 'static,
{
    if conclude.is_none()
        && let Some(promise) = cell.take_work()
    {
        let task: Arc<dyn Task> = Arc::clone(cell) as _;
        let made = catch(|| (promise.begin)(promise.given, &task))?;
        future.set(Some(made));
        *conclude = Some(promise.conclude);
    }
    match (future.as_pin_mut(), *conclude) {
        (Some(future), Some(conclude)) => catch(|| future.poll(cx).map(conclude)),
        _ => Ok(Poll::Pending),
    }
}

fn stop<G, F, T>(cell: &Arc<Cell<Promise<G, F, T>>>, future: Pin<&mut Option<F>>, span: &mut Span, reason: Reason)
where
    G: Send + 'static,
    F: Future + Send + 'static,
    T: Send + 'static,
{
    cell.header().signal.ask(reason);
    span.in_scope(|| cell.discard());
    end(cell, future, span, Err(TaskError::stopped(cell.header(), reason)), reason.outcome());
}

/// Drops the future, then ends the task: whoever sees the result knows that nothing of the body is left.
fn end<G, F, T>(
    cell: &Arc<Cell<Promise<G, F, T>>>,
    mut future: Pin<&mut Option<F>>,
    span: &mut Span,
    result: Result<T, TaskError>,
    how: Outcome,
) where
    G: Send + 'static,
    F: Future + Send + 'static,
    T: Send + 'static,
{
    if let Err(payload) = span.in_scope(|| catch(|| future.set(None))) {
        cell.report_drop_panic(&Payload::new(payload));
    }
    cell.header().span.put_back(std::mem::replace(span, Span::none()));
    cell.stash(result);
    cell.header().lane.end_body(&**cell, how);
}
