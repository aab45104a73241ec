//! Owns the lane of what waits: futures, each a tokio task of its own once it has a slot and waits.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use workyard_core::{LaneCounts, Outcome, Reason, ShortBodies};

use crate::block_on::block_on;
use crate::lane::LaneShared;
use crate::lane::executor::Executor;
use crate::lane::methods::{future_verbs, lane_basics, submission_verbs};
use crate::lane::options::FutureTask;
use crate::lane::submit::{Run, Submission, Submit, SubmitTimeout};
use crate::lane::submit_error::SubmitError;
use crate::lane::ways::{Fallible, FallibleWithContext, Plain, WithContext};
use crate::primitives::AtomicWaker;
use crate::task::cell::{Cell, Task, Work};
use crate::task::header::Options;
use crate::task::{BoxError, Handle, TaskContext, TaskError};

/// A lane for futures: requests, queries, timers, everything that waits.
///
/// At most `limit` accepted futures run at once, each as a tokio task of its own: a long poll holds up nobody else, and
/// `block_in_place` works. Where nearly all futures of the lane turn out to be ready at the latest when they are polled for the second
/// time, and within 100 µs, the next ones are polled one after the other by a task that they share, which costs less; one that is not ready
/// by then has a task of its own from there on, and so has each that has a time limit, a token or retries. So `tokio::task::id()` may change
/// the first two times that a future is not ready, and at no other time.
///
/// Clones are cheap, refer to the same lane, and do not keep the yard alive.
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

/// What a future is made from, how, and what its output means.
pub(super) struct Promise<G, B> {
    given: G,
    begin: PhantomData<fn() -> B>,
}

/// How a future is made from what is given in this way, and what its output means.
pub(super) trait Begin<G>: 'static {
    type Future: Future + Send + 'static;
    type Output: Send + 'static;

    fn begin(given: G, task: &Arc<dyn Task>) -> Self::Future;
    fn conclude(output: <Self::Future as Future>::Output) -> Result<Self::Output, BoxError>;
}

impl<F> Begin<F> for Plain
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    type Future = F;
    type Output = F::Output;

    #[inline]
    fn begin(given: F, _: &Arc<dyn Task>) -> F {
        given
    }

    #[inline]
    fn conclude(output: F::Output) -> Result<F::Output, BoxError> {
        Ok(output)
    }
}

impl<G, F> Begin<G> for WithContext
where
    G: FnOnce(TaskContext) -> F,
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    type Future = F;
    type Output = F::Output;

    #[inline]
    fn begin(given: G, task: &Arc<dyn Task>) -> F {
        given(TaskContext::new(Arc::clone(task)))
    }

    #[inline]
    fn conclude(output: F::Output) -> Result<F::Output, BoxError> {
        Ok(output)
    }
}

impl<F, T, E> Begin<F> for Fallible
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Into<BoxError>,
{
    type Future = F;
    type Output = T;

    #[inline]
    fn begin(given: F, _: &Arc<dyn Task>) -> F {
        given
    }

    #[inline]
    fn conclude(output: Result<T, E>) -> Result<T, BoxError> {
        output.map_err(Into::into)
    }
}

impl<G, F, T, E> Begin<G> for FallibleWithContext
where
    G: FnOnce(TaskContext) -> F,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Into<BoxError>,
{
    type Future = F;
    type Output = T;

    #[inline]
    fn begin(given: G, task: &Arc<dyn Task>) -> F {
        given(TaskContext::new(Arc::clone(task)))
    }

    #[inline]
    fn conclude(output: Result<T, E>) -> Result<T, BoxError> {
        output.map_err(Into::into)
    }
}

impl<G, B> Promise<G, B> {
    #[inline]
    const fn new(given: G) -> Self {
        Self { given, begin: PhantomData }
    }
}

impl<G> Promise<G, Plain> {
    #[inline]
    pub(super) const fn plain(given: G) -> Self {
        Self::new(given)
    }
}

impl<G> Promise<G, WithContext> {
    pub(super) const fn with_context(given: G) -> Self {
        Self::new(given)
    }
}

impl<G> Promise<G, Fallible> {
    pub(super) const fn fallible(given: G) -> Self {
        Self::new(given)
    }
}

impl<G> Promise<G, FallibleWithContext> {
    pub(super) const fn fallible_with_context(given: G) -> Self {
        Self::new(given)
    }
}

impl<G: Send + 'static, B: Begin<G>> Work for Promise<G, B> {
    type Given = G;
    type Output = B::Output;
    type Begun = B::Future;
    type WakeBody = AtomicWaker;

    fn into_given(self) -> G {
        self.given
    }

    #[inline]
    fn begin(self, task: &Arc<dyn Task>) -> B::Future {
        B::begin(self.given, task)
    }

    #[inline]
    fn poll_begun(begun: Pin<&mut B::Future>, cx: &mut Context<'_>) -> Poll<Result<B::Output, BoxError>> {
        begun.poll(cx).map(B::conclude)
    }

    fn start(cell: Arc<Cell<Self>>) {
        start_future(cell);
    }

    fn run(_: &Cell<Self>, _: &Arc<dyn Task>) -> Option<Outcome> {
        unreachable!("a future is polled, not called")
    }
}

/// Gives a future that has just been given its slot a tokio task of its own.
pub(super) fn start_future(task: Arc<dyn Task>) {
    get_ready(&task);
    let is_sampled = task.header().id.0.is_multiple_of(ShortBodies::SAMPLE.into());
    spawn(Body { task: Some(task), sample: if is_sampled { Sample::First } else { Sample::None } });
}

/// Gives a future that a driver has polled a tokio task of its own.
pub(super) fn spawn_body(task: Arc<dyn Task>) {
    spawn(Body { task: Some(task), sample: Sample::None });
}

fn spawn(body: Body) {
    let Some(task) = &body.task else { return };
    let lane = Arc::clone(&task.header().lane);
    if let Executor::Io(runtime) = &lane.executor {
        drop(runtime.spawn(body));
    }
}

/// Sets the limits of a task that has just been given its slot.
#[inline]
pub(super) fn get_ready(task: &Arc<dyn Task>) {
    let header = task.header();
    if let Some(reason) = header.over_before_start() {
        header.signal.stop(reason);
    } else {
        header.lane.yard.timers.set(task, &header.lane.yard.runtime);
    }
}

/// The tokio task of one future. It ends the task in the lane exactly once: when the future is ready, when it is told
/// to stop, or when the runtime drops it.
struct Body {
    /// Taken when the task ends.
    task: Option<Arc<dyn Task>>,
    sample: Sample,
}

/// Whether the lane is to be told how the next poll goes: what would have become of the future with a driver, which polls it at most twice.
#[derive(Clone, Copy)]
enum Sample {
    None,
    First,
    /// The first poll took so long.
    Second(Duration),
}

impl Future for Body {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(task) = self.task.take() else { return Poll::Ready(()) };
        let sample = std::mem::replace(&mut self.sample, Sample::None);
        let polled = if matches!(sample, Sample::None) {
            poll_with_seat(&task, cx)
        } else {
            let lane = &task.header().lane;
            let since = lane.yard.clock.now();
            let polled = poll_with_seat(&task, cx);
            let took = lane.yard.clock.now().since(since);
            match sample {
                Sample::First if polled.is_pending() && task.header().is_seated() => {
                    // As a driver does, whether it was woken or not: it is told nothing of that.
                    self.sample = Sample::Second(took);
                    cx.waker().wake_by_ref();
                }
                Sample::Second(first) => lane.saw_polls(polled.is_ready(), first + took),
                Sample::First | Sample::None => lane.saw_polls(polled.is_ready(), took),
            }
            polled
        };
        match polled {
            Poll::Ready(how) => {
                task.header().lane.end_body(&*task, how);
                Poll::Ready(())
            }
            Poll::Pending => {
                self.task = Some(task);
                Poll::Pending
            }
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            let how = task.stop_body(task.header().signal.stopped().unwrap_or(Reason::Dropped));
            task.header().lane.end_body(&*task, how);
        }
    }
}

/// Polls the body once it has a slot, unless it is to stop.
fn poll_with_seat(task: &Arc<dyn Task>, cx: &mut Context<'_>) -> Poll<Outcome> {
    let header = task.header();
    if !header.is_seated() {
        task.register_body(cx.waker());
        if header.signal.stopped().is_none() && !header.lane.reclaim(&**task) {
            return Poll::Pending;
        }
    }
    if let Some(reason) = header.signal.stopped() {
        return Poll::Ready(task.stop_body(reason));
    }
    if let Poll::Ready(how) = task.poll_body(task, cx) {
        return Poll::Ready(how);
    }
    // Register first, look second: see `task::cancel`. Bodies that are ready at once do without.
    task.register_body(cx.waker());
    if let Some(reason) = header.signal.stopped() {
        return Poll::Ready(task.stop_body(reason));
    }
    if header.poll_is_over() {
        header.lane.yard.waits.poll_is_over(&**task);
    }
    if header.lane.yard.waits.has_to_lend(&**task) {
        header.lane.lend(&**task);
    }
    Poll::Pending
}
