//! Owns the one allocation of a task: header, body and result. Never decides how a task ends: the lane does.
//!
//! A body's end takes three steps, in this order: the result is put into the body's place (`stash`), the lane counts the end under its
//! lock and says whether it was the task's end or came late, and whoever waits is told that the result is there, or it is dropped
//! (`publish`). The count therefore never lags behind what a handle has shown.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use workyard_core::{Ending, Outcome, Reason, TaskState};

use crate::observe::{Closing, in_poll};
use crate::primitives::{AtomicWaker, Mutex};
use crate::task::answer::{Answer, Given, Where};
use crate::task::attempt_end::NoValue;
use crate::task::current;
use crate::task::error::{BoxError, TaskError};
use crate::task::handle::OnDrop;
use crate::task::header::Header;
use crate::task::panic::{Payload, catch, drop_caught, wake_caught};
use crate::task::place::{Left, Place};

/// What a lane holds of a task: enough to start it, to stop it, to name it.
pub(crate) trait Task: Send + Sync {
    fn header(&self) -> &Header;

    /// Spawns the body, which has just been given a slot. Only of io lanes.
    fn start(self: Arc<Self>);

    /// Runs the body, a closure, which has just been given a slot, and says how it ended, if it had not been taken. Its end is not
    /// counted yet. `me` is this task.
    fn run(&self, me: &Arc<dyn Task>) -> Option<Outcome>;

    /// Hands the stashed result to whoever waits for it, or drops it. Gives the waker of who waits, which is to be woken.
    fn publish(&self, ending: Ending) -> Option<Waker>;

    /// Polls an async body, which has a slot: how it ended, if it has. Its end is not counted yet.
    ///
    /// Only for tasks of io lanes that are no runners. `me` is this task.
    #[inline]
    fn poll_body(&self, _me: &Arc<dyn Task>, _cx: &mut Context<'_>) -> Poll<Outcome> {
        debug_assert!(false, "neither a closure nor a runner is polled");
        Poll::Pending
    }

    /// Drops an async body, which has a slot, and says how it ended. Its end is not counted yet.
    fn stop_body(&self, reason: Reason) -> Outcome {
        debug_assert!(false, "neither a closure nor a runner is stopped half way");
        reason.outcome()
    }

    /// The place for the waker of the tokio task that polls an async body; `None` of closures.
    fn body_waker(&self) -> Option<&AtomicWaker> {
        None
    }

    /// Drops the body of a task that never started.
    fn discard(&self);

    /// Answers whoever waits for the task with an error: in its place, if nothing of the body is left, or apart.
    fn answer(&self, error: TaskError, place: Where);

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

impl dyn Task {
    /// Wakes the tokio task that polls the body, if one does.
    #[inline]
    pub(crate) fn wake_body(&self) {
        if let Some(waker) = self.body_waker() {
            waker.wake();
        }
    }

    /// Has the tokio task of this waker woken when the body is to be polled.
    #[inline]
    pub(crate) fn register_body(&self, waker: &Waker) {
        debug_assert!(self.body_waker().is_some(), "what is polled can be woken");
        if let Some(place) = self.body_waker() {
            place.register(waker);
        }
    }

    /// Wakes whoever waits for the cancel signal. Never call it under a lock: wakers run foreign code.
    pub(crate) fn fire(&self) {
        self.header().cancel_token();
        self.wake_body();
    }
}

/// What a handle holds of a task: enough to wait for its result as well.
pub(crate) trait Join<T>: Task {
    fn poll_join(&self, cx: &mut Context<'_>) -> Poll<Result<T, TaskError>>;

    /// Nobody will ask for the result any more.
    fn detach(&self);

    /// Whether the result was given.
    fn is_taken(&self) -> bool;

    /// What the handle wants done with the task when it is dropped; `None` once the result was given.
    fn on_drop(&self) -> Option<OnDrop>;

    fn set_on_drop(&self, on_drop: OnDrop);
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
    /// What is polled.
    type Begun: Send;
    /// What wakes whoever polls it, if anybody does.
    type WakeBody: WakeBody;

    fn into_given(self) -> Self::Given;
    /// Makes what is polled; only of async bodies.
    fn begin(self, task: &Arc<dyn Task>) -> Self::Begun;
    fn poll_begun(begun: Pin<&mut Self::Begun>, cx: &mut Context<'_>) -> Poll<Result<Self::Output, BoxError>>;
    /// As [`Task::start`].
    fn start(cell: Arc<Cell<Self>>);
    /// As [`Task::run`].
    fn run(cell: &Cell<Self>, me: &Arc<dyn Task>) -> Option<Outcome>;
}

/// How the body of a task is woken.
pub(crate) trait WakeBody: Default + Send + Sync {
    fn waker(&self) -> Option<&AtomicWaker>;
}

/// Of futures.
impl WakeBody for AtomicWaker {
    #[inline]
    fn waker(&self) -> Option<&AtomicWaker> {
        Some(self)
    }
}

/// Of closures, which nobody polls.
impl WakeBody for () {
    #[inline]
    fn waker(&self) -> Option<&AtomicWaker> {
        None
    }
}

/// One task.
pub(crate) struct Cell<W: Work> {
    header: Header,
    wake_body: W::WakeBody,
    place: Place<W>,
    awaited_by: Mutex<Option<Waker>>,
}

impl<W: Work> Cell<W> {
    /// In an `Arc`, which it never leaves: a body stays where it is.
    #[inline]
    pub(crate) fn new(header: Header, work: W) -> Arc<Self> {
        let (wake_body, place, awaited_by) = (W::WakeBody::default(), Place::new(work), Mutex::default());
        Arc::new(Self { header, wake_body, place, awaited_by })
    }

    #[inline]
    fn told(&self) -> Answer<'_> {
        Answer { said: self.place.said(), awaited_by: &self.awaited_by }
    }

    /// The work, if it has not been taken.
    pub(crate) fn take_work(&self) -> Option<W> {
        self.place.take_work()
    }

    /// Drops what is left of the body, and puts its result aside: whoever sees the result knows that nothing of the body is left.
    #[inline]
    pub(crate) fn stash(&self, result: Result<W::Output, TaskError>) {
        if let Err(payload) = self.header.span().within(|| self.place.stash(result)) {
            self.report_drop_panic(&payload);
        }
    }

    /// Drops what is there of the body.
    fn clear(&self) {
        match self.place.clear() {
            Ok(Left::Result(result)) => self.drop_value(result),
            Ok(Left::Work(work)) => self.drop_value(work),
            Ok(Left::Nothing) => {}
            Err(payload) => self.report_drop_panic(&payload),
        }
    }

    /// Takes the result from where it is, which whoever was told has for itself.
    #[expect(clippy::expect_used, reason = "there is a result where one is said to be")]
    #[inline]
    fn take(&self, place: Where) -> Result<W::Output, TaskError> {
        match place {
            Where::Place => self.place.take_result(),
            Where::Apart => self.header.take_apart().map(Err),
        }
        .expect("a result is taken once")
    }

    /// The span of a task that has ended, to be closed by dropping it.
    #[inline]
    fn ended_span(&self) -> Option<Closing> {
        match self.header.status() {
            Some(TaskState::Ended(how)) => self.header.span().ended(how),
            None | Some(TaskState::Queued | TaskState::Running | TaskState::RetryWaiting) => None,
        }
    }

    /// Says that the result is there. Gives the waker of whoever waits.
    #[must_use]
    #[inline]
    fn resolve(&self, place: Where) -> Option<Waker> {
        self.note_end();
        match self.told().give(place) {
            Given::Kept(waker) => {
                self.header.tell_ended();
                return waker;
            }
            Given::Unwanted => self.unobserved(self.take(place)),
            // An answer is given once; a second one has nobody to go to.
            Given::Second => drop(self.take(place)),
        }
        None
    }

    #[inline]
    fn note_end(&self) {
        if let Some(TaskState::Ended(how)) = self.header.status() {
            self.header.lane.yard.runtime.note(format_args!("{} ends: {how}", self.header));
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

    #[inline]
    fn is_detached(&self) -> bool {
        self.told().is_detached()
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
    #[inline]
    fn header(&self) -> &Header {
        &self.header
    }

    fn start(self: Arc<Self>) {
        W::start(self);
    }

    fn run(&self, me: &Arc<dyn Task>) -> Option<Outcome> {
        // Between closures, where a simulator may have others go on.
        let runtime = &self.header.lane.yard.runtime;
        runtime.pause();
        runtime.note(format_args!("{} begins", self.header));
        W::run(self, me).inspect(|_| runtime.pause())
    }

    #[inline]
    fn poll_body(&self, me: &Arc<dyn Task>, cx: &mut Context<'_>) -> Poll<Outcome> {
        self.header.lane.yard.runtime.note(format_args!("{} is polled", self.header));
        let polled = {
            let _in_body = (current::enter(Arc::clone(me)), in_poll(&self.header));
            self.header.span().within(|| catch(|| self.place.poll(me, cx)))
        };
        Poll::Ready(match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(value))) => {
                if let Some(retrying) = self.header.retrying() {
                    self.drop_value(retrying.take_last_error());
                }
                self.stash(Ok(value));
                Outcome::Completed
            }
            Ok(Poll::Ready(Err(error))) => self.gave_none(NoValue::Failed(error)),
            Err(payload) => self.gave_none(NoValue::Panicked(payload)),
        })
    }

    fn stop_body(&self, reason: Reason) -> Outcome {
        self.header.signal.ask(reason);
        self.stash(Err(TaskError::stopped(&self.header, reason)));
        reason.outcome()
    }

    #[inline]
    fn publish(&self, ending: Ending) -> Option<Waker> {
        let publish = || match ending {
            Ending::Final => self.resolve(Where::Place),
            Ending::Late => {
                match self.place.take_result() {
                    Some(Err(error)) => {
                        self.header.lane.unobserved.note_late(&self.header, &error);
                        self.drop_value(error);
                    }
                    result => self.drop_value(result),
                }
                None
            }
        };
        match self.ended_span() {
            // What nobody waits for ends here, and what is said of it belongs into the span.
            Some(span) if ending == Ending::Late || self.is_detached() => span.within(publish),
            span => {
                drop(span);
                publish()
            }
        }
    }

    #[inline]
    fn body_waker(&self) -> Option<&AtomicWaker> {
        self.wake_body.waker()
    }

    fn discard(&self) {
        self.header.span().within(|| self.clear());
        drop(self.ended_span());
    }

    fn answer(&self, error: TaskError, place: Where) {
        match place {
            Where::Place => self.stash(Err(error)),
            Where::Apart => self.header.put_apart(error),
        }
        if let Some(waker) = self.resolve(place) {
            wake_caught(&waker);
        }
    }
}

impl<W: Work> Join<W::Output> for Cell<W> {
    #[inline]
    fn poll_join(&self, cx: &mut Context<'_>) -> Poll<Result<W::Output, TaskError>> {
        self.told().poll(cx).map(|place| self.take(place))
    }

    fn detach(&self) {
        if let Some(place) = self.told().detach() {
            self.unobserved(self.take(place));
        }
    }

    fn is_taken(&self) -> bool {
        self.told().is_taken()
    }

    #[inline]
    fn on_drop(&self) -> Option<OnDrop> {
        self.told().on_drop()
    }

    fn set_on_drop(&self, on_drop: OnDrop) {
        self.told().set_on_drop(on_drop);
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

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;
    use crate::task::Handle;

    /// There may be millions of them. What is left besides: the counts of an `Arc`, what the allocator adds, and the task's entry in its lane.
    #[test]
    fn a_task_that_waits_is_small() {
        assert_eq!((size_of::<Header>(), size_of::<Handle<u64>>()), (48, 24));
    }
}
