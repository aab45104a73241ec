//! Owns handles of which any may be the next to end, and gives their results in that order. Never stops a task: dropping a
//! handle does, if it was told to.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::stream::{FusedStream, Stream};
use futures_util::stream::FuturesUnordered;
use tokio::task::coop;

use crate::block_on::{block_on, block_on_timeout};
use crate::completed::lookout::Lookout;
use crate::lane::{has_stack_left, is_cpu_thread};
use crate::task::cell::Join;
use crate::task::{Handle, TaskError, TaskId, current};
use crate::waits::{AnyWait, Next, after_run};

/// Gives the results of these tasks in the order in which the tasks end, whichever lanes and yards they are of: Python's
/// `concurrent.futures.as_completed`.
///
/// Those that have ended before come first, in the order of the handles. Taking all handles costs an allocation each; a result
/// then costs the same however many handles there are.
///
/// A [`Group`](crate::Group) gives its results in this order as well, and takes tasks while it gives them. This is for handles
/// that are there already, and tells which of them a result is of.
///
/// # Panics
/// If one of the handles has given its result already.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use workyard::{Scheduler, as_completed};
///
/// let yard = Scheduler::new();
/// let words = ["producer", "consumer", "queue"];
/// let mut handles = Vec::new();
/// for word in words {
///     handles.push(yard.cpu().submit(move || word.len()).await?);
/// }
/// let mut done = as_completed(handles);
/// while let Some(finished) = done.next().await {
///     println!("{} has {} letters", words[finished.index], finished.result?);
/// }
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[track_caller]
pub fn as_completed<T>(handles: impl IntoIterator<Item = Handle<T>>) -> AsCompleted<T> {
    let mut handles: Vec<_> = handles.into_iter().map(Some).collect();
    let joins = handles.iter_mut().flatten().map(Handle::join).enumerate();
    AsCompleted {
        ends: joins.map(|(index, task)| End { index, task }).collect(),
        left: handles.len(),
        handles,
        lookout: Lookout::default(),
        nested: AnyWait::default(),
    }
}

/// Results in the order in which their tasks end; made by [`as_completed`].
///
/// It is a [`Stream`], and has methods of its own for async code ([`next`](Self::next)) and for plain threads and closures
/// ([`blocking_next`](Self::blocking_next)). It ends when each handle has given its result.
///
/// A task may wait for tasks of its own lane here, however full that is, as for a single handle: a future lends its slot
/// meanwhile, a closure runs what it waits for itself. If all that is left waits for the waiting task in turn, the results are
/// [`WouldDeadlock`](crate::TaskErrorKind::WouldDeadlock), one after the other. Inside of a task, a wait that was begun as a stream and
/// given up counts until the next result or the drop; those of the methods here end with their future.
///
/// # Drop
/// As dropping the handles that are left: their tasks go on, and results that nobody took are dropped, unless a handle was told
/// to [`abort_on_drop`](Handle::abort_on_drop).
#[must_use = "dropping this detaches the tasks that are left; take their results"]
pub struct AsCompleted<T> {
    /// By index; `None` once its result was given.
    handles: Vec<Option<Handle<T>>>,
    /// Also those whose handle was answered with `WouldDeadlock`, which are never ready.
    ends: FuturesUnordered<End<T>>,
    left: usize,
    lookout: Lookout,
    nested: AnyWait,
}

/// The result of one of several tasks, given by [`AsCompleted`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Finished<T> {
    /// Which handle this is of, counted from 0 in the order in which they were given.
    pub index: usize,
    /// The task's number.
    pub id: TaskId,
    /// What awaiting the handle would have given.
    pub result: Result<T, TaskError>,
}

impl<T> AsCompleted<T> {
    /// Waits for the next task to end and gives its result; `None` when all results were given.
    ///
    /// # Cancel safety
    /// No result is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Finished<T>> {
        let waiting = Waiting(self);
        poll_fn(|cx| waiting.0.poll_finished(cx)).await
    }

    /// As [`next`](Self::next), for at most `limit`. `None` if none has ended by then as well; [`is_empty`](Self::is_empty)
    /// tells the two apart.
    ///
    /// # Cancel safety
    /// As [`next`](Self::next).
    ///
    /// # Panics
    /// Outside of a tokio runtime with its time driver enabled.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use std::time::Duration;
    /// use workyard::{Scheduler, as_completed};
    ///
    /// let yard = Scheduler::new();
    /// let quick = yard.io().submit(async { 1 }).await?;
    /// let slow = yard.io().submit(std::future::pending()).await?;
    /// let mut done = as_completed([quick, slow]);
    /// while let Some(finished) = done.next_timeout(Duration::from_millis(50)).await {
    ///     assert_eq!((finished.index, finished.result?), (0, 1));
    /// }
    /// for (index, handle) in done.handles() {
    ///     println!("number {index} takes too long: {}", handle.cancel());
    /// }
    /// assert!(done.next().await.unwrap().result.unwrap_err().is_cancelled());
    /// # Ok::<_, workyard::BoxError>(()) })?;
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    pub async fn next_timeout(&mut self, limit: Duration) -> Option<Finished<T>> {
        tokio::time::timeout(limit, self.next()).await.ok().flatten()
    }

    /// As [`next`](Self::next), for plain threads and for closures: this thread is blocked until a task has ended. Inside
    /// of a future, await instead.
    pub fn blocking_next(&mut self) -> Option<Finished<T>> {
        block_on(self.next())
    }

    /// As [`next_timeout`](Self::next_timeout), for plain threads and for closures; needs no runtime.
    ///
    /// Inside of a closure the thread may run a task that it waits for, and is then not back before that has returned.
    pub fn blocking_next_timeout(&mut self, limit: Duration) -> Option<Finished<T>> {
        block_on_timeout(pin!(self.next()), limit).flatten()
    }

    /// An iterator of [`blocking_next`](Self::blocking_next).
    ///
    /// # Examples
    /// ```
    /// use workyard::{Scheduler, as_completed};
    ///
    /// let yard = Scheduler::standalone()?;
    /// let squares = (1..=3).map(|n| yard.cpu().blocking_submit(move || n * n)).collect::<Result<Vec<_>, _>>()?;
    /// let mut sum = 0;
    /// for finished in as_completed(squares).blocking_iter() {
    ///     sum += finished.result?;
    /// }
    /// assert_eq!(sum, 14);
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    pub fn blocking_iter(&mut self) -> BlockingIter<'_, T> {
        BlockingIter { done: self }
    }

    /// How many results are still to be given.
    pub fn len(&self) -> usize {
        self.left
    }

    /// Whether all results were given.
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// The handles whose results are still to be given, each with its index, to look at their tasks or to stop them.
    pub fn handles(&self) -> impl Iterator<Item = (usize, &Handle<T>)> {
        self.handles.iter().enumerate().filter_map(|(index, handle)| Some((index, handle.as_ref()?)))
    }

    fn poll_finished(&mut self, cx: &mut Context<'_>) -> Poll<Option<Finished<T>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let budget = ready!(coop::poll_proceed(cx));
        let finished = loop {
            if let Some(finished) = self.take_ended(cx) {
                break finished;
            }
            match self.wait(cx) {
                Next::Wait => return Poll::Pending,
                Next::Again => {}
                // What it waited for may have come just before the others were looked at.
                Next::Stuck | Next::NoStack => match self.take_ended(cx).or_else(|| self.give_up()) {
                    Some(finished) => break finished,
                    None => return Poll::Pending,
                },
            }
        };
        budget.made_progress();
        self.nested.end();
        Poll::Ready(Some(finished))
    }

    fn take_ended(&mut self, cx: &mut Context<'_>) -> Option<Finished<T>> {
        let Poll::Ready(Some((index, result))) = Pin::new(&mut self.ends).poll_next(cx) else { return None };
        let id = self.take(index)?.id();
        Some(Finished { index, id, result })
    }

    /// Answers a handle whose task can only wait for ever for the one that waits here.
    fn give_up(&mut self) -> Option<Finished<T>> {
        // Without a stack to run one in, those that run may still come.
        let queued = if has_stack_left() { None } else { self.lookout.first_queued(&self.handles) };
        let index = queued.or_else(|| self.lookout.first_live(&self.handles))?;
        let handle = self.take(index)?;
        Some(Finished { index, id: handle.id(), result: Err(handle.would_deadlock()) })
    }

    fn take(&mut self, index: usize) -> Option<Handle<T>> {
        let handle = self.handles.get_mut(index)?.take()?;
        self.left -= 1;
        Some(handle)
    }

    fn wait(&mut self, cx: &Context<'_>) -> Next {
        if is_cpu_thread() && current::task().is_none() && self.run_beside() {
            return after_run(true, cx);
        }
        let (handles, lookout) = (&self.handles, &mut self.lookout);
        self.nested.pending_all(self.left, |most, lane| lookout.some_live(most, lane, handles), cx)
    }

    /// Runs one of the tasks on this thread, which waits in a part of a body that rayon gave it: all other threads of the lane
    /// may wait as well.
    fn run_beside(&self) -> bool {
        let queued = self.handles.iter().flatten().map(Handle::erased).filter(|task| task.header().is_queued());
        queued.into_iter().any(|task| task.header().lane.run_beside(Some(&task)))
    }
}

impl<T> Stream for AsCompleted<T> {
    type Item = Finished<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Finished<T>>> {
        self.poll_finished(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> FusedStream for AsCompleted<T> {
    fn is_terminated(&self) -> bool {
        self.is_empty()
    }
}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").field("len", &self.left).finish_non_exhaustive()
    }
}

/// A wait that is over when it is dropped, whoever gave it up.
struct Waiting<'a, T>(&'a mut AsCompleted<T>);

impl<T> Drop for Waiting<'_, T> {
    fn drop(&mut self) {
        self.0.nested.end();
    }
}

/// The end of one of the tasks.
struct End<T> {
    index: usize,
    task: Arc<dyn Join<T>>,
}

impl<T> Future for End<T> {
    type Output = (usize, Result<T, TaskError>);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.task.poll_join(cx).map(|result| (self.index, result))
    }
}

/// The results as an iterator that blocks its thread; made by [`AsCompleted::blocking_iter`].
#[must_use = "iterators do nothing unless consumed"]
pub struct BlockingIter<'a, T> {
    done: &'a mut AsCompleted<T>,
}

impl<T> Iterator for BlockingIter<'_, T> {
    type Item = Finished<T>;

    fn next(&mut self) -> Option<Finished<T>> {
        self.done.blocking_next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.done.size_hint()
    }
}

impl<T> ExactSizeIterator for BlockingIter<'_, T> {}

impl<T> fmt::Debug for BlockingIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingIter").field("done", &self.done).finish()
    }
}
