//! Owns how a function that is called for each attempt becomes the body of a task. Never decides whether there is a further attempt.
//!
//! The function stays in the task's cell from attempt to attempt. What an attempt made, a future and its span, is dropped before
//! its end is looked at, so nothing of it is there while the task waits.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Sleep;
use workyard_core::Outcome;

use crate::lane::io::start_future;
use crate::observe::AttemptSpan;
use crate::primitives::AtomicWaker;
use crate::task::cell::{Cell, Task, Work};
use crate::task::{AttemptTimedOut, BoxError, TaskContext, catch};

/// How the output of an attempt becomes the result of a task.
type Conclude<O, T> = fn(O) -> Result<T, BoxError>;

/// A function that gives a future for each attempt.
pub(super) struct Futures<G, F: Future, T> {
    given: G,
    call: fn(&mut G, &Arc<dyn Task>) -> F,
    conclude: Conclude<F::Output, T>,
}

impl<G, F, T, E> Futures<G, F, T>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    pub(super) fn plain(given: G) -> Self
    where
        G: FnMut() -> F,
    {
        Self { given, call: |given, _| given(), conclude: |output| output.map_err(Into::into) }
    }

    pub(super) fn with_context(given: G) -> Self
    where
        G: FnMut(TaskContext) -> F,
    {
        let conclude: Conclude<F::Output, T> = |output| output.map_err(Into::into);
        Self { given, call: |given, task| given(TaskContext::new(Arc::clone(task))), conclude }
    }
}

impl<G, F, T> Work for Futures<G, F, T>
where
    G: Send + 'static,
    F: Future + Send + 'static,
    T: Send + 'static,
{
    type Given = G;
    type Output = T;
    type Begun = FutureAttempts<G, F, T>;
    type WakeBody = AtomicWaker;

    fn into_given(self) -> G {
        self.given
    }

    fn begin(self, task: &Arc<dyn Task>) -> FutureAttempts<G, F, T> {
        let task = Arc::downgrade(task);
        FutureAttempts { attempt: None, sleep: None, span: AttemptSpan::NONE, work: self, task }
    }

    fn poll_begun(begun: Pin<&mut FutureAttempts<G, F, T>>, cx: &mut Context<'_>) -> Poll<Result<T, BoxError>> {
        begun.poll(cx)
    }

    fn start(cell: Arc<Cell<Self>>) {
        start_future(cell);
    }

    fn run(_: &Cell<Self>, _: &Arc<dyn Task>) -> Option<Outcome> {
        unreachable!("a future is polled, not called")
    }
}

pin_project_lite::pin_project! {
    /// The attempts of a task, each a future.
    pub(super) struct FutureAttempts<G, F: Future, T> {
        #[pin]
        attempt: Option<F>,
        // The timeout of the attempt.
        sleep: Option<Pin<Box<Sleep>>>,
        span: AttemptSpan,
        work: Futures<G, F, T>,
        task: Weak<dyn Task>,
    }
}

impl<G, F: Future, T> FutureAttempts<G, F, T> {
    /// Polls the attempt, which begins if none is under way.
    ///
    /// # Panics
    /// As the attempt does.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, BoxError>> {
        let polled = match self.as_mut().begin() {
            Ok(true) => self.as_mut().poll_attempt(cx),
            Ok(false) => Ok(Poll::Ready(Err(AttemptTimedOut.into()))),
            Err(payload) => Err(payload),
        };
        let ended = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(ended)) => Ok(ended),
            Err(payload) => Err(payload),
        };
        let mut this = self.project();
        *this.sleep = None;
        let dropped = this.span.within(|| catch(|| this.attempt.set(None)));
        std::mem::replace(this.span, AttemptSpan::NONE).end(how_it_ended(&ended));
        // A panic of its `Drop` is the attempt's, unless there was one before.
        let ended = ended.and_then(|ended| dropped.map(|()| ended));
        Poll::Ready(ended.unwrap_or_else(|payload| std::panic::resume_unwind(payload)))
    }

    /// Begins an attempt, if none is under way. `false`: it has no time for a single step. `Err` is the panic of the function.
    fn begin(self: Pin<&mut Self>) -> Result<bool, Box<dyn Any + Send>> {
        let mut this = self.project();
        if this.attempt.is_some() {
            return Ok(true);
        }
        let Some((task, timeout)) = next(this.task, this.span) else { return Ok(true) };
        if timeout == Some(Duration::ZERO) {
            return Ok(false);
        }
        let future = this.span.within(|| catch(|| (this.work.call)(&mut this.work.given, &task)))?;
        this.attempt.set(Some(future));
        *this.sleep = timeout.map(|limit| Box::pin(tokio::time::sleep(limit)));
        Ok(true)
    }

    fn poll_attempt(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Result<Poll<Result<T, BoxError>>, Box<dyn Any + Send>> {
        let this = self.project();
        let (Some(attempt), conclude) = (this.attempt.as_pin_mut(), this.work.conclude) else {
            return Ok(Poll::Pending);
        };
        let polled = this.span.within(|| catch(|| attempt.poll(cx).map(conclude)))?;
        let is_over =
            polled.is_pending() && this.sleep.as_mut().is_some_and(|sleep| sleep.as_mut().poll(cx).is_ready());
        Ok(if is_over { Poll::Ready(Err(AttemptTimedOut.into())) } else { polled })
    }
}

/// A closure that is called for each attempt.
pub(super) struct Closures<G, T> {
    given: G,
    call: fn(&mut G, &Arc<dyn Task>) -> Result<T, BoxError>,
}

impl<G, T> Closures<G, T> {
    pub(super) fn plain<E: Into<BoxError>>(given: G) -> Self
    where
        G: FnMut() -> Result<T, E>,
    {
        Self { given, call: |given, _| given().map_err(Into::into) }
    }

    pub(super) fn with_context<E: Into<BoxError>>(given: G) -> Self
    where
        G: FnMut(TaskContext) -> Result<T, E>,
    {
        Self { given, call: |given, task| given(TaskContext::new(Arc::clone(task))).map_err(Into::into) }
    }
}

/// The attempts of a task, each a call.
pub(super) struct ClosureAttempts<G, T> {
    work: Closures<G, T>,
    task: Weak<dyn Task>,
}

impl<G: Send + 'static, T: Send + 'static> Work for Closures<G, T> {
    type Given = G;
    type Output = T;
    type Begun = ClosureAttempts<G, T>;
    type WakeBody = ();

    fn into_given(self) -> G {
        self.given
    }

    fn begin(self, task: &Arc<dyn Task>) -> ClosureAttempts<G, T> {
        ClosureAttempts { work: self, task: Arc::downgrade(task) }
    }

    /// Makes one attempt.
    fn poll_begun(begun: Pin<&mut ClosureAttempts<G, T>>, _: &mut Context<'_>) -> Poll<Result<T, BoxError>> {
        let ClosureAttempts { work, task } = begun.get_mut();
        let mut span = AttemptSpan::NONE;
        let Some((task, _)) = next(task, &mut span) else { return Poll::Pending };
        let ended = span.within(|| catch(|| (work.call)(&mut work.given, &task)));
        span.end(how_it_ended(&ended));
        Poll::Ready(ended.unwrap_or_else(|payload| std::panic::resume_unwind(payload)))
    }

    fn start(_: Arc<Cell<Self>>) {
        unreachable!("a closure is called by a worker, not spawned")
    }

    fn run(cell: &Cell<Self>, me: &Arc<dyn Task>) -> Option<Outcome> {
        let header = cell.header();
        if let Some(reason) = header.over_before_start() {
            header.signal.stop(reason);
            return Some(cell.stop_body(reason));
        }
        header.lane.yard.timers.set(me, &header.lane.yard.runtime);
        match cell.poll_body(me, &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(how) => Some(how),
            Poll::Pending => None,
        }
    }
}

impl<G, T> Unpin for ClosureAttempts<G, T> {}

/// Counts an attempt that begins and opens its span. The task, and how long the attempt may run.
fn next(task: &Weak<dyn Task>, span: &mut AttemptSpan) -> Option<(Arc<dyn Task>, Option<Duration>)> {
    // Whoever has the body polled holds the task, which was given a policy before it was made.
    let task = task.upgrade()?;
    let retrying = task.header().retrying()?;
    *span = AttemptSpan::open(retrying.begin());
    let timeout = retrying.retry.attempt_timeout();
    Some((task, timeout))
}

fn how_it_ended<T>(ended: &Result<Result<T, BoxError>, Box<dyn Any + Send>>) -> Outcome {
    match ended {
        Ok(Ok(_)) => Outcome::Completed,
        Ok(Err(error)) if error.is::<AttemptTimedOut>() => Outcome::TimedOut,
        Ok(Err(_)) => Outcome::Failed,
        Err(_) => Outcome::Panicked,
    }
}
