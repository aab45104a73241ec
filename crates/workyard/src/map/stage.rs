//! Owns a pipeline of stages, from its plan to its results. Never says what a stage does: that is [`pipeline`](super::pipeline)'s.

use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::{FusedStream, Stream};
use tokio::task::coop;
use workyard_core::Priority;

use crate::block_on::block_on;
use crate::lane::LaneShared;
use crate::map::alarm::Alarm;
use crate::map::builder::{Make, open};
use crate::map::consumer::{Consumer, Course, Window};
use crate::map::error::MapError;
use crate::map::exchange::Intake;
use crate::map::results::Results;
use crate::map::shown::Shown;
use crate::map::source::FromStream;
use crate::map::spec::{Numbered, Spec};
use crate::map::station::{Forgetful, Head, Outlet, Station};
use crate::task::{Name, Origin};

/// A pipeline from a stream through lanes, made by the methods of [`LaneStreamExt`](crate::LaneStreamExt): a stream of what its last
/// stage makes.
///
/// Each stage is a [`Map`](crate::Map) whose inputs are the values of the one before. A failure passes down: later stages do not see
/// it, and it comes out in its place as a [`MapError`] that names the stage's lane, the line that added the stage, and the index
/// of the item in the source.
///
/// *Bound.* Of all items that were pulled from the source, at most [`window`](Self::window) have not come out: queued, running,
/// between two stages, or waiting for their turn, in all stages together.
///
/// *Progress.* A result goes on to the next stage where it was made, at once, so work goes on between polls; only the source
/// is pulled by polls. A pipeline that was polled and is then neither polled nor dropped may hold up those who wait for room in its lanes,
/// as [`Submit`](crate::Submit) does.
///
/// *Order.* It is the last stage that decides: what comes out of `map_io` and its like is in the order of the source, also behind a stage
/// that is unordered, what comes out of `map_io_unordered` as it is made. In between, nothing waits for its turn.
///
/// # Cancel safety
/// A future of [`next`](Self::next) may be dropped and repeated: no result is lost. Dropping the stream cancels what is left in
/// all stages, as [`Map`](crate::Map) says.
///
/// # Panics
/// The methods that add a stage or set an option panic once the pipeline was polled.
#[must_use = "streams do nothing unless polled"]
pub struct Stage<S: Stream, T> {
    state: State<S, T>,
    ended: bool,
}

enum State<S: Stream, T> {
    Planned(Box<Plan<S, T>>),
    Running(Box<Consumer<FromStream<S>, (), T>>),
    /// Between the two, and when the plan was taken.
    Taken,
}

/// Nothing in it is pinned: a source that has to be is in a box.
impl<S: Stream, T> Unpin for Stage<S, T> {}

/// A pipeline that was not polled.
struct Plan<S: Stream, T> {
    source: S,
    build: Build<S::Item, T>,
    options: StageOptions,
    is_ordered: bool,
    /// The widest window that a stage has by itself.
    widest: usize,
    asked: Option<usize>,
    shown: Shown,
}

/// What is said of one stage.
struct StageOptions {
    name: Option<Name>,
    priority: Priority,
    timeout: Option<Duration>,
    chunk: Option<usize>,
}

/// Builds a stage and those before it, the last one first. Gives the first.
type Build<In, T> = Box<dyn FnOnce(&mut Assembly, StageOptions, Tail<'_, T>) -> Arc<dyn Head<In>> + Send>;

/// What the stages of a pipeline have in common.
struct Assembly {
    stations: Vec<Arc<dyn Station>>,
    alarm: Arc<Alarm>,
    window: usize,
}

/// What follows a stage.
enum Tail<'a, T> {
    Next(Arc<dyn Intake<T>>),
    /// The end: it is the outlet.
    Out {
        is_ordered: bool,
        shown: Shown,
        outlet: &'a mut Option<Arc<dyn Outlet<(), T>>>,
    },
}

impl StageOptions {
    const NONE: Self = Self { name: None, priority: Priority::NORMAL, timeout: None, chunk: None };

    fn spec<I>(self, lane: &LaneShared, site: &'static Location<'static>) -> Spec<I> {
        Spec {
            origin: Origin { name: self.name, lane: Arc::clone(&lane.name), site },
            priority: self.priority,
            keep: None,
            describe: None,
            timeout: self.timeout,
            fail_fast: false,
        }
    }
}

/// What a lane makes a stage from.
pub(super) struct Part<I, T> {
    pub(super) lane: Arc<LaneShared>,
    pub(super) make: Make<I, T>,
    pub(super) is_ordered: bool,
    pub(super) site: &'static Location<'static>,
}

impl<I: Send + 'static, T: Send + 'static> Part<I, T> {
    fn window(&self) -> usize {
        Window::of(&self.lane, None).items()
    }

    /// Makes the stage. Gives where its inputs go in.
    fn build(self, assembly: &mut Assembly, options: StageOptions, tail: Tail<'_, T>) -> Arc<dyn Both<I>> {
        let Self { lane, make, site, .. } = self;
        let window = Window::of(&lane, Some(assembly.window));
        let chunk = options.chunk;
        let spec = options.spec(&lane, site);
        let (end, outlet) = match tail {
            Tail::Next(next) => ((Results::unordered(), Some(next), Shown::default()), None),
            Tail::Out { is_ordered: true, shown, outlet } => ((Results::ordered(), None, shown), Some(outlet)),
            Tail::Out { is_ordered: false, shown, outlet } => ((Results::unordered(), None, shown), Some(outlet)),
        };
        let (exchange, station) = open(lane, spec, make, (window, chunk), end, &assembly.alarm);
        assembly.stations.push(station);
        if let Some(outlet) = outlet {
            *outlet = Some(Arc::new(Forgetful(Arc::clone(&exchange))));
        }
        exchange
    }
}

/// Where inputs go in, be it from the source or from a stage before.
trait Both<I>: Head<I> + Intake<I> {}

impl<I, H: Head<I> + Intake<I>> Both<I> for H {}

impl<S, T> Stage<S, T>
where
    S: Stream<Item: Send + 'static>,
    T: Send + 'static,
{
    pub(super) fn first(source: S, part: Part<S::Item, T>) -> Self {
        let (is_ordered, widest) = (part.is_ordered, part.window());
        let build: Build<S::Item, T> = Box::new(|assembly, options, tail| part.build(assembly, options, tail));
        let plan = Plan {
            source,
            build,
            options: StageOptions::NONE,
            is_ordered,
            widest,
            asked: None,
            shown: Shown::default(),
        };
        Self { state: State::Planned(Box::new(plan)), ended: false }
    }

    #[track_caller]
    pub(super) fn then<U: Send + 'static>(self, part: Part<T, U>) -> Stage<S, U> {
        let Plan { source, build, options, widest, asked, shown, .. } = self.into_plan();
        let (is_ordered, widest) = (part.is_ordered, widest.max(part.window()));
        let build: Build<S::Item, U> = Box::new(move |assembly, own, tail| {
            let stage = part.build(assembly, own, tail);
            build(assembly, options, Tail::Next(stage))
        });
        let plan = Plan { source, build, options: StageOptions::NONE, is_ordered, widest, asked, shown };
        Stage { state: State::Planned(Box::new(plan)), ended: false }
    }

    /// How many items are pulled from the source and have not come out, at most, in all stages together; 0 counts as 1.
    ///
    /// By default as many as the widest of the stages would have alone: see [`Map::window`](crate::Map::window).
    #[track_caller]
    pub fn window(mut self, items: usize) -> Self {
        self.plan().asked = Some(items.max(1));
        self
    }

    /// Shows how far the pipeline has come, on stderr: items that came out of its last stage, and those that failed anywhere. See
    /// [`Map::progress`](crate::Map::progress). (Feature `progress`.)
    #[cfg(feature = "progress")]
    #[track_caller]
    pub fn progress(mut self, progress: impl Into<crate::Progress>) -> Self {
        self.plan().shown = Shown::new(progress.into());
        self
    }

    /// A name for the stage that was added last, for errors, logs and lists of tasks.
    #[track_caller]
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.plan().options.name = Some(Name::new(name.into()));
        self
    }

    /// How urgent the items are in the stage that was added last, on a lane whose order is by priority.
    #[track_caller]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.plan().options.priority = priority;
        self
    }

    /// How long each item may run in the stage that was added last; see [`Map::timeout`](crate::Map::timeout).
    #[track_caller]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.plan().options.timeout = Some(timeout);
        self
    }

    /// How many items the stage that was added last takes at once, if it is on a cpu lane; see
    /// [`Map::chunk_size`](crate::Map::chunk_size).
    #[track_caller]
    pub fn chunk_size(mut self, items: usize) -> Self {
        self.plan().options.chunk = Some(items);
        self
    }

    /// The next result; `None` at the end, and from then on.
    ///
    /// # Cancel safety
    /// No result is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Result<T, MapError>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// As [`next`](Self::next), with the index of the item in the source.
    ///
    /// # Cancel safety
    /// No result is lost when the future is dropped.
    pub async fn next_indexed(&mut self) -> Option<(u64, Result<T, MapError>)> {
        poll_fn(|cx| self.poll_indexed(cx)).await
    }

    /// As [`next`](Self::next), for plain threads: this one is blocked until a result is there.
    pub fn blocking_next(&mut self) -> Option<Result<T, MapError>> {
        block_on(self.next())
    }

    /// The results as an iterator, for plain threads.
    pub fn blocking_iter(self) -> StageIter<S, T> {
        StageIter { stage: self }
    }

    fn poll_indexed(&mut self, cx: &mut Context<'_>) -> Poll<Option<Numbered<(), T>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let budget = ready!(coop::poll_proceed(cx));
        let next = ready!(self.begin().poll_next(cx, 1));
        budget.made_progress();
        self.ended = next.is_none();
        Poll::Ready(next)
    }

    /// The consumer, which is made by the first poll.
    fn begin(&mut self) -> &mut Consumer<FromStream<S>, (), T> {
        self.state = match std::mem::replace(&mut self.state, State::Taken) {
            State::Planned(plan) => State::Running(Box::new(plan.begin())),
            other => other,
        };
        match &mut self.state {
            State::Running(consumer) => consumer,
            State::Planned(_) | State::Taken => unreachable!("a pipeline is planned, and then it runs"),
        }
    }
}

impl<S, T> Plan<S, T>
where
    S: Stream<Item: Send + 'static>,
    T: Send + 'static,
{
    #[expect(clippy::expect_used, reason = "the last stage is built, and it says where its results come out")]
    fn begin(self) -> Consumer<FromStream<S>, (), T> {
        let items = self.asked.unwrap_or(self.widest);
        let mut assembly = Assembly { stations: Vec::new(), alarm: Arc::default(), window: items };
        let mut outlet = None;
        let tail = Tail::Out { is_ordered: self.is_ordered, shown: self.shown.clone(), outlet: &mut outlet };
        let head = (self.build)(&mut assembly, self.options, tail);
        let outlet = outlet.expect("the last stage has an outlet");
        let Assembly { stations, alarm, .. } = assembly;
        let course = Course { head, stations, outlet, alarm };
        Consumer::new(FromStream(Box::pin(self.source)), course, Window::fixed(items), self.shown)
    }
}

impl<S: Stream, T> Stage<S, T> {
    #[track_caller]
    fn plan(&mut self) -> &mut Plan<S, T> {
        match &mut self.state {
            State::Planned(plan) => plan,
            State::Running(_) | State::Taken => already_polled(),
        }
    }

    #[track_caller]
    fn into_plan(mut self) -> Plan<S, T> {
        match std::mem::replace(&mut self.state, State::Taken) {
            State::Planned(plan) => *plan,
            State::Running(_) | State::Taken => already_polled(),
        }
    }
}

#[expect(clippy::panic, reason = "documented: a pipeline that runs has its stages")]
#[track_caller]
fn already_polled() -> ! {
    panic!("a pipeline was polled before its last stage or option was added")
}

impl<S, T> Stream for Stage<S, T>
where
    S: Stream<Item: Send + 'static>,
    T: Send + 'static,
{
    type Item = Result<T, MapError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_indexed(cx).map(|next| next.map(|(_, result)| result))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.state {
            State::Planned(plan) => plan.source.size_hint(),
            State::Running(consumer) => consumer.size_hint(),
            State::Taken => (0, Some(0)),
        }
    }
}

impl<S, T> FusedStream for Stage<S, T>
where
    S: Stream<Item: Send + 'static>,
    T: Send + 'static,
{
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S: Stream, T> fmt::Debug for Stage<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Stage");
        match &self.state {
            State::Running(consumer) => debug.field("consumer", consumer),
            State::Planned(_) | State::Taken => &mut debug,
        };
        debug.finish_non_exhaustive()
    }
}

/// The results of a pipeline for plain threads, made by [`Stage::blocking_iter`]. Each `next` blocks until a result is there.
pub struct StageIter<S: Stream, T> {
    stage: Stage<S, T>,
}

impl<S, T> Iterator for StageIter<S, T>
where
    S: Stream<Item: Send + 'static>,
    T: Send + 'static,
{
    type Item = Result<T, MapError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.stage.blocking_next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stage.size_hint()
    }
}

impl<S, T> std::iter::FusedIterator for StageIter<S, T>
where
    S: Stream<Item: Send + 'static>,
    T: Send + 'static,
{
}

impl<S: Stream, T> fmt::Debug for StageIter<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageIter").field("stage", &self.stage).finish()
    }
}
