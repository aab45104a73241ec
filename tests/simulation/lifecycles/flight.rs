//! Owns how one task is submitted and followed to its end. Never knows what its body does.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::Poll;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use workyard::{
    BlockingLane, CpuLane, Handle, IoLane, Outcome, Reason, SubmitError, TaskContext, TaskEnded, TaskError,
    TaskErrorKind, TaskRef, TaskStatus,
};

use workyard_testkit::simulation::blocking_sleep;

use super::body::{self, Fate, Inside, Output, Token};
use super::books::Books;
use super::script::{Callback, Plan, Script, Verb};

/// Sends one task to its lane, and follows it.
pub(super) async fn fly(books: Arc<Books>, script: Script) {
    let lanes = books.lanes().clone();
    match script.lane {
        0 => on_io(&lanes.io, script, &books).await,
        1 => on_cpu(&lanes.cpu, script, &books).await,
        2 => on_blocking(&lanes.blocking, script, &books).await,
        3 => on_io(&lanes.db, script, &books).await,
        _ => on_cpu(&lanes.bulk, script, &books).await,
    }
}

macro_rules! flight {
    ($name:ident, $lane:ty, $plain:expr, $with_context:expr) => {
        async fn $name(lane: &$lane, script: Script, books: &Arc<Books>) {
            let Script { verb, plan, .. } = script;
            let (fate, token) = (Arc::new(Fate::default()), CancellationToken::new());
            let inside = Inside::new(books, &fate, script);
            let mut task = lane.task("flight").priority(script.priority).fallible();
            if let Some(timeout) = script.timeout {
                task = task.timeout(timeout);
            }
            if let Some(timeout) = script.queue_timeout {
                task = task.queue_timeout(timeout);
            }
            if let Some(deadline) = script.deadline {
                task = task.deadline(Instant::now() + deadline);
            }
            if matches!(plan, Plan::Token(_)) {
                task = task.token(token.clone());
            }
            if let Some(what) = script.callback {
                let books = Arc::clone(books);
                task = task.on_done(move |ended| call_back(&books, what, ended));
            }
            let submitted = match verb {
                Verb::Try => task.try_submit($plain(inside)).map_err(|error| refused(books, error)),
                Verb::TryWith => task.try_submit_with($with_context(inside)).map_err(|error| refused(books, error)),
                Verb::Submit(polls) => match poll_at_most(polls, task.submit($plain(inside))).await {
                    Some(submitted) => submitted.map_err(|error| refused(books, error)),
                    None => return books.seen.see("submit dropped in the line"),
                },
                Verb::SubmitWith => {
                    task.submit_with($with_context(inside)).await.map_err(|error| refused(books, error))
                }
                Verb::SubmitTimeout(limit) => {
                    let submit = task.submit_timeout(limit, $plain(inside));
                    submit.await.map_err(|error| refused(books, error))
                }
                Verb::Run(polls) => {
                    books.unknown.fetch_add(1, SeqCst);
                    let ended = poll_at_most(polls, task.run($plain(inside))).await;
                    if let Some(ended) = &ended
                        && ended.as_ref().err().map(TaskError::kind) != Some(TaskErrorKind::Refused)
                    {
                        note_answer(books, ended);
                    }
                    return run_ended(books, ended);
                }
            };
            let Ok(handle) = submitted else { return };
            books.note_accepted(script.lane, script.priority, handle.task_ref());
            // Nothing ran in between.
            fate.id.set(handle.id()).unwrap();
            if script.callback.is_some() {
                books.callbacks_due.fetch_add(1, SeqCst);
            }
            let is_future = matches!(script.lane, 0 | 3);
            follow(books, handle, plan, &token, &Watched { fate: &fate, is_future }).await;
        }
    };
}

flight!(on_io, IoLane, |inside| body::future(inside, None), |inside| move |context: TaskContext| body::future(
    inside,
    Some(context)
));

flight!(on_cpu, CpuLane, |inside| move || body::closure(inside, None), |inside| {
    move |context: TaskContext| body::closure(inside, Some(&context))
});

flight!(on_blocking, BlockingLane, |inside| move || body::closure(inside, None), |inside| {
    move |context: TaskContext| body::closure(inside, Some(&context))
});

struct Watched<'a> {
    fate: &'a Fate,
    is_future: bool,
}

async fn follow(
    books: &Arc<Books>,
    mut handle: Handle<Output>,
    plan: Plan,
    token: &CancellationToken,
    watched: &Watched<'_>,
) {
    let task = handle.task_ref();
    let result = match plan {
        Plan::Await => handle.await,
        Plan::Cancel(when) => {
            when.come().await;
            cancel(books, &task, watched);
            handle.await
        }
        Plan::Abort(when) => {
            when.come().await;
            abort(books, &task, watched);
            handle.await
        }
        Plan::Token(when) => {
            when.come().await;
            books.seen.see(if task.status() == TaskStatus::Queued {
                "token cancelled before the start"
            } else {
                "token cancelled"
            });
            token.cancel();
            handle.await
        }
        Plan::Detach => {
            books.seen.see("handle dropped: detached");
            return drop(handle);
        }
        Plan::CancelOnDrop(polls) => match poll_at_most(Some(polls), handle.cancel_on_drop()).await {
            Some(result) => result,
            None => return books.seen.see("handle dropped: cancels"),
        },
        Plan::AbortOnDrop(polls) => match poll_at_most(Some(polls), handle.abort_on_drop()).await {
            Some(result) => result,
            None => return books.seen.see("handle dropped: aborts"),
        },
        Plan::JoinTimeout(limit) => {
            let joined = handle.join_timeout(limit).await;
            if joined.is_none() {
                books.seen.see("join given up after a time");
            }
            match joined {
                Some(result) => result,
                None => handle.await,
            }
        }
    };
    let outcome = note_answer(books, &result);
    assert_eq!(task.status(), TaskStatus::Ended(outcome), "I2");
    assert!(!task.cancel() && !task.abort(), "I2: it has ended");
    assert_eq!(task.status(), TaskStatus::Ended(outcome), "I2: an end is an end");
    let reason = result.as_ref().err().and_then(TaskError::reason);
    let has_begun = watched.fate.begun.load(SeqCst);
    assert!(reason != Some(Reason::QueueTimeout) || !has_begun, "its wait was over");
    if let Ok(output) = result {
        output.take();
    }
}

fn cancel(books: &Books, task: &TaskRef, watched: &Watched<'_>) {
    let (status, has_begun) = (task.status(), watched.fate.begun.load(SeqCst));
    let is_told = task.cancel();
    assert_eq!(is_told, !status.is_ended(), "I2");
    books.seen.see(match status {
        TaskStatus::Queued => "cancelled while queued",
        TaskStatus::Running if !has_begun => "cancelled between pop and start",
        TaskStatus::Running => "cancelled while it ran",
        _ => "cancelled after its end",
    });
    if status == TaskStatus::Queued {
        assert_eq!(task.status(), TaskStatus::Ended(Outcome::Cancelled), "its place is freed at once");
    }
}

fn abort(books: &Books, task: &TaskRef, watched: &Watched<'_>) {
    let (status, has_begun) = (task.status(), watched.fate.begun.load(SeqCst));
    let is_told = task.abort();
    assert_eq!(is_told, !status.is_ended(), "I2");
    books.seen.see(match status {
        TaskStatus::Queued => "aborted while queued",
        TaskStatus::Running if !has_begun => "aborted between pop and start",
        TaskStatus::Running if watched.is_future => "aborted a running future",
        TaskStatus::Running => "aborted a running closure",
        _ => "aborted after its end",
    });
    if status == TaskStatus::Running && !watched.is_future {
        assert!(task.status().is_ended(), "a closure that runs is answered at once");
    }
}

fn note_answer(books: &Books, result: &Result<Output, TaskError>) -> Outcome {
    let error = result.as_ref().err();
    let (outcome, what) = match error.map(TaskError::kind) {
        None => (Outcome::Completed, "answered: completed"),
        Some(TaskErrorKind::Failed) => (Outcome::Failed, "answered: failed"),
        Some(TaskErrorKind::Panicked) => (Outcome::Panicked, "answered: panicked"),
        Some(TaskErrorKind::Cancelled) => (Outcome::Cancelled, "answered: cancelled"),
        Some(TaskErrorKind::TimedOut) => (Outcome::TimedOut, "answered: timed out"),
        Some(TaskErrorKind::Abandoned) => (Outcome::Abandoned, "answered: abandoned"),
        other => panic!("{other:?}: {error:?}"),
    };
    books.note_answer(outcome);
    books.seen.see(what);
    match error.and_then(TaskError::reason) {
        Some(Reason::Timeout) => books.seen.see("ended by its timeout"),
        Some(Reason::Deadline) => books.seen.see("ended by its deadline"),
        Some(Reason::QueueTimeout) => books.seen.see("ended by its queue timeout"),
        Some(Reason::Shutdown) => books.seen.see("ended by shutdown"),
        Some(Reason::Dropped) => books.seen.see("ended since the yard was dropped"),
        _ => {}
    }
    outcome
}

fn run_ended(books: &Books, ended: Option<Result<Output, TaskError>>) {
    match ended {
        None => books.seen.see("run dropped"),
        Some(Ok(output)) => output.take(),
        Some(Err(_)) => {}
    }
}

fn refused<F>(books: &Books, error: SubmitError<F>) {
    books.refused.fetch_add(1, SeqCst);
    books.seen.see(match (error.is_full(), error.is_timeout()) {
        (true, _) => "refused: full",
        (_, true) => "refused: no room in time",
        _ => "refused: closed",
    });
    // It panics in what it captured, if it is to.
    let work = error.into_inner();
    let _panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(work)));
}

/// A callback is at work.
struct Calling<'a>(&'a Books);

impl Drop for Calling<'_> {
    fn drop(&mut self) {
        self.0.callbacks_told.fetch_add(1, SeqCst);
    }
}

fn call_back(books: &Arc<Books>, what: Callback, ended: &TaskEnded) {
    let _told = Calling(books);
    books.seen.see("callback told");
    books.require(ended.ran().is_some() || ended.outcome() != Outcome::Completed, || format!("{ended:?}"));
    match what {
        Callback::Counts => {}
        Callback::Takes(time) => blocking_sleep(time),
        Callback::Panics => {
            books.seen.see("callback panicked");
            std::panic::resume_unwind(Box::new("on purpose"));
        }
        Callback::Submits => {
            books.seen.see("callback submitted");
            books.unknown.fetch_add(1, SeqCst);
            let value = Token::new(books, None);
            // A full or closed lane gives it back.
            let _handle = books.lanes().blocking.try_submit(move || drop(value));
        }
    }
}

/// Polls the future at once and so many times more, or until it is ready if no number is given; then drops it.
async fn poll_at_most<F: Future>(polls: Option<usize>, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    let polled = poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        match &mut left {
            None => Poll::Pending,
            Some(0) => Poll::Ready(None),
            Some(left) => {
                *left -= 1;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    });
    polled.await
}
