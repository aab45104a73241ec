//! Owns how one task is submitted and followed to its end. Never knows what its body does.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use workyard::{BlockingLane, CpuLane, Handle, IoLane, Reason, Scheduler, TaskContext, TaskError, TaskStatus};
use workyard_testkit::Payload;

use crate::bodies::{self, Inside, yield_for};
use crate::books::{Books, count, outcome_of};
use crate::script::{Plan, Script, Verb};

/// Sends one task to the lane with this number.
pub(crate) fn launch(yard: &Scheduler, flying: &mut JoinSet<()>, lane: usize, script: Script, books: &Arc<Books>) {
    count(&books.launched);
    let books = Arc::clone(books);
    match lane {
        0 => flying.spawn(on_io(yard.io().clone(), lane, script, books)),
        1 => flying.spawn(on_cpu(yard.cpu().clone(), lane, script, books)),
        2 => flying.spawn(on_blocking(yard.blocking().clone(), lane, script, books)),
        3 => flying.spawn(on_io(yard.io_lane("db").unwrap().clone(), lane, script, books)),
        _ => flying.spawn(on_cpu(yard.cpu_lane("bulk").unwrap().clone(), lane, script, books)),
    };
}

macro_rules! flight {
    ($name:ident, $lane:ty, $plain:expr, $with_context:expr) => {
        async fn $name(lane: $lane, number: usize, script: Script, books: Arc<Books>) {
            let Script { verb, body, plan, .. } = script;
            let (inside, token) = (Inside::new(&books, number), CancellationToken::new());
            let begun = inside.begun();
            let mut task = lane.task("storm").priority(script.priority).fallible();
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
            let submitted = match verb {
                Verb::Try => task.try_submit($plain(inside, body)).map_err(|refused| books.refused(refused)),
                Verb::Submit(polls) => {
                    let submit = task.submit($plain(inside, body));
                    match poll_at_most(polls.unwrap_or(usize::MAX), submit).await {
                        Some(submitted) => submitted.map_err(|refused| books.refused(refused)),
                        None => return count(&books.dropped_submits),
                    }
                }
                Verb::SubmitWith => {
                    let submit = task.submit_with($with_context(inside, body));
                    submit.await.map_err(|refused| books.refused(refused))
                }
                Verb::SubmitTimeout(limit) => {
                    let submit = task.submit_timeout(limit, $plain(inside, body));
                    submit.await.map_err(|refused| books.refused(refused))
                }
                Verb::Run(polls) => {
                    let run = task.run($plain(inside, body));
                    return books.ran(poll_at_most(polls.unwrap_or(usize::MAX), run).await);
                }
            };
            if let Ok(handle) = submitted {
                let result = follow(&books, handle, plan, &token).await;
                let waited_too_long = result
                    .is_some_and(|result| result.is_err_and(|error| error.reason() == Some(Reason::QueueTimeout)));
                assert!(!waited_too_long || begun.load(Ordering::SeqCst) == 0, "its wait was over");
            }
        }
    };
}

flight!(
    on_io,
    IoLane,
    |inside, body| bodies::future(inside, body, None),
    |inside, body| move |context| bodies::future(inside, body, Some(context))
);

flight!(on_cpu, CpuLane, |inside, body| move || bodies::closure(inside, body, None), |inside, body| {
    move |context: TaskContext| bodies::closure(inside, body, Some(&context))
});

flight!(on_blocking, BlockingLane, |inside, body| move || bodies::closure(inside, body, None), |inside, body| {
    move |context: TaskContext| bodies::closure(inside, body, Some(&context))
});

async fn follow(
    books: &Books,
    handle: Handle<Payload>,
    plan: Plan,
    token: &CancellationToken,
) -> Option<Result<Payload, TaskError>> {
    let task = handle.task_ref();
    books.refs.lock().unwrap().push(task.clone());
    let result = match plan {
        Plan::Await => Some(handle.await),
        Plan::Cancel(yields) => {
            yield_for(yields).await;
            handle.cancel();
            Some(handle.await)
        }
        Plan::Abort(yields) => {
            yield_for(yields).await;
            handle.abort();
            Some(handle.await)
        }
        Plan::Token(yields) => {
            yield_for(yields).await;
            token.cancel();
            Some(handle.await)
        }
        Plan::Detach => None,
        Plan::AbortOnDrop(polls) => poll_at_most(polls, handle.abort_on_drop()).await,
    };
    if let Some(result) = &result {
        let outcome = outcome_of(result).expect("an accepted task is not refused");
        assert_eq!(task.status(), TaskStatus::Ended(outcome));
        assert!(!task.cancel() && !task.abort(), "it has ended");
        assert_eq!(task.status(), TaskStatus::Ended(outcome), "an end is an end");
        books.see(outcome);
    }
    result
}

/// Polls the future at once and so many times more, or until it is ready if there is no end to them; then drops it.
async fn poll_at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        if polls == usize::MAX {
            return Poll::Pending;
        }
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}
