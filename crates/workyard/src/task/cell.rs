//! Owns the one allocation of a task: header, body and result. Never decides how a task ends: the lane does.
//!
//! A body's end takes three steps, in this order: the result is put aside (`stash`), the lane counts the end under its
//! lock and says whether it was the task's end or came late, and the result is handed to whoever waits, or dropped
//! (`publish`). The count therefore never lags behind what a handle has shown.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tracing::Span;
use workyard_core::{Ending, Outcome, TaskState};

use crate::task::error::TaskError;
use crate::task::header::Header;
use crate::task::panic::{Payload, drop_caught, wake_caught};

/// What a lane holds of a task: enough to start it, to stop it, to name it.
pub(crate) trait Task: Send + Sync {
    fn header(&self) -> &Header;

    /// Starts the body, which has just been given a slot. An async body is spawned; a closure runs here and now, and
    /// the outcome says how it ended. Its end is not counted yet.
    fn start(self: Arc<Self>) -> Option<Outcome>;

    /// Hands the stashed result to whoever waits for it, or drops it.
    fn publish(&self, ending: Ending);

    /// Drops the body of a task that never started.
    fn discard(&self);

    /// Answers whoever waits for the task with an error.
    fn answer(&self, error: TaskError);

    /// Whether it is a runner: what it works through is counted, and it is not.
    fn is_runner(&self) -> bool {
        false
    }

    /// Whether it may go on though what it waits for cannot come, since it works for several. `from_within`: apart from what it is at.
    fn has_other_work(&self, _from_within: bool) -> bool {
        false
    }

    /// Whether it has just returned only to let others go first: it is queued again.
    fn gives_way(&self) -> bool {
        false
    }
}

/// What a handle holds of a task: enough to wait for its result as well.
pub(crate) trait Join<T>: Task {
    fn poll_join(&self, cx: &mut Context<'_>) -> Poll<Result<T, TaskError>>;

    /// Nobody will ask for the result any more.
    fn detach(&self);
}

/// What a submission holds of a task: enough to give the work back as well.
pub(crate) trait Submitted<F, T>: Join<T> {
    fn give_back(&self) -> Option<F>;
}

/// The body of a task: what it is made of, and how it is started.
pub(crate) trait Work: Sized + Send + 'static {
    /// What the user gave.
    type Given;
    /// What the handle gives.
    type Output: Send + 'static;

    fn into_given(self) -> Self::Given;
    fn start(cell: Arc<Cell<Self>>) -> Option<Outcome>;
}

/// One task.
pub(crate) struct Cell<W: Work> {
    header: Header,
    body: Mutex<Body<W>>,
    result: Mutex<Answer<W::Output>>,
}

enum Body<W: Work> {
    Waiting(W),
    /// The result of a body that has ended, until the lane has said what the end means.
    Stashed(Result<W::Output, TaskError>),
    Gone,
}

/// What the handle's side knows.
enum Answer<T> {
    Pending(Option<Waker>),
    Ready(Result<T, TaskError>),
    Taken,
    /// The handle is gone.
    Detached,
}

impl<W: Work> Cell<W> {
    pub(crate) fn new(header: Header, work: W) -> Self {
        Self { header, body: Mutex::new(Body::Waiting(work)), result: Mutex::new(Answer::Pending(None)) }
    }

    /// The work, if it has not been taken.
    pub(crate) fn take_work(&self) -> Option<W> {
        let mut body = self.body.lock();
        match std::mem::replace(&mut *body, Body::Gone) {
            Body::Waiting(work) => Some(work),
            other => {
                *body = other;
                None
            }
        }
    }

    /// Puts the result of the body aside.
    pub(crate) fn stash(&self, result: Result<W::Output, TaskError>) {
        *self.body.lock() = Body::Stashed(result);
    }

    /// The span of a task that has ended, to be closed by dropping it.
    fn ended_span(&self) -> Option<Span> {
        match self.header.status() {
            Some(TaskState::Ended(how)) => self.header.span.ended(how),
            None | Some(TaskState::Queued | TaskState::Running) => None,
        }
    }

    fn resolve(&self, result: Result<W::Output, TaskError>) {
        let mut answer = self.result.lock();
        match &mut *answer {
            Answer::Pending(waker) => {
                let waker = waker.take();
                let failed = result.as_ref().is_err_and(|error| !error.is_cancelled());
                *answer = Answer::Ready(result);
                drop(answer);
                if let Some(waker) = waker {
                    wake_caught(&waker);
                }
                self.header.on_end.told(failed);
            }
            Answer::Detached => {
                drop(answer);
                self.unobserved(result);
            }
            // An answer is given once; a second one has nobody to go to.
            Answer::Ready(_) | Answer::Taken => drop(answer),
        }
    }

    fn unobserved(&self, result: Result<W::Output, TaskError>) {
        match result {
            Ok(value) => self.drop_value(value),
            Err(error) => {
                self.header.lane.unobserved.note(&self.header, &error);
                // It holds what the body of a fallible task returned.
                self.drop_value(error);
            }
        }
    }

    fn is_detached(&self) -> bool {
        matches!(*self.result.lock(), Answer::Detached)
    }

    /// Drops what is the user's; a panic of its `Drop` is reported.
    pub(crate) fn drop_value<V>(&self, value: V) {
        if let Err(payload) = drop_caught(value) {
            self.report_drop_panic(&payload);
        }
    }

    /// A `Drop` of the user's panicked.
    pub(crate) fn report_drop_panic(&self, payload: &Payload) {
        self.header.lane.unobserved.note_drop_panic(&self.header, payload);
    }
}

impl<W: Work> Task for Cell<W> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn start(self: Arc<Self>) -> Option<Outcome> {
        W::start(self)
    }

    fn publish(&self, ending: Ending) {
        let body = std::mem::replace(&mut *self.body.lock(), Body::Gone);
        let publish = || match (body, ending) {
            (Body::Stashed(result), Ending::Final) => self.resolve(result),
            (Body::Stashed(Err(error)), Ending::Late) => {
                self.header.lane.unobserved.note_late(&self.header, &error);
                self.drop_value(error);
            }
            (body, _) => self.drop_value(body),
        };
        match self.ended_span() {
            // What nobody waits for ends here, and what is said of it belongs into the span.
            Some(span) if ending == Ending::Late || self.is_detached() => span.in_scope(publish),
            span => {
                drop(span);
                publish();
            }
        }
    }

    fn discard(&self) {
        let body = std::mem::replace(&mut *self.body.lock(), Body::Gone);
        self.header.span.within(|| self.drop_value(body));
        drop(self.ended_span());
    }

    fn answer(&self, error: TaskError) {
        self.resolve(Err(error));
    }
}

impl<W: Work> Join<W::Output> for Cell<W> {
    fn poll_join(&self, cx: &mut Context<'_>) -> Poll<Result<W::Output, TaskError>> {
        // A waker may be foreign code, so none is cloned or dropped under the lock: that is why this looks twice.
        let mut fresh = None;
        loop {
            let mut replaced = None;
            let mut answer = self.result.lock();
            let poll = match &mut *answer {
                Answer::Pending(Some(kept)) if kept.will_wake(cx.waker()) => Some(Poll::Pending),
                Answer::Pending(kept) => fresh.take().map(|fresh| {
                    replaced = kept.replace(fresh);
                    Poll::Pending
                }),
                Answer::Ready(_) => match std::mem::replace(&mut *answer, Answer::Taken) {
                    Answer::Ready(result) => Some(Poll::Ready(result)),
                    _ => Some(Poll::Pending),
                },
                Answer::Taken | Answer::Detached => Some(Poll::Pending),
            };
            drop(answer);
            drop(replaced);
            if let Some(poll) = poll {
                return poll;
            }
            fresh = Some(cx.waker().clone());
        }
    }

    fn detach(&self) {
        let answer = std::mem::replace(&mut *self.result.lock(), Answer::Detached);
        if let Answer::Ready(result) = answer {
            self.unobserved(result);
        }
    }
}

impl<W: Work> Submitted<W::Given, W::Output> for Cell<W> {
    fn give_back(&self) -> Option<W::Given> {
        self.take_work().map(Work::into_given)
    }
}

impl<W: Work> fmt::Debug for Cell<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell").field("header", &self.header).finish_non_exhaustive()
    }
}
