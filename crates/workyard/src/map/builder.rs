//! Owns what is said of a map before it begins. Never runs anything.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use std::borrow::Cow;

use workyard_core::{ChunkSize, Priority};

use crate::block_on::block_on;
use crate::lane::{CpuLane, LaneShared};
use crate::map::alarm::Alarm;
use crate::map::collect::{MapFuture, Settle};
use crate::map::consumer::{Consumer, Course, Window};
use crate::map::each::{Crew, Each};
use crate::map::error::MapError;
use crate::map::exchange::{Exchange, Intake};
use crate::map::fold::{Fold, ForEach, Sum};
use crate::map::results::Results;
use crate::map::retried::{Items, RetriedMap};
use crate::map::shown::Shown;
use crate::map::source::FromIter;
use crate::map::spec::{Describe, Keep, Spec};
use crate::map::station::{Station, Watched};
use crate::map::stream::{MapIter, MapStream};
use crate::retry::Retry;
use crate::task::{Name, Origin};

/// The consumer of a map over an iterator.
pub(super) type MapConsumer<It, T> = Consumer<FromIter<It>, <It as Iterator>::Item, T>;

/// What is done with each input, before it is known by whom.
pub(super) type Make<I, T> = Box<dyn Each<I, T>>;

/// One function over many inputs, made by `map` and `try_map` of the lanes; nothing runs before it is made into one of these:
///
/// | | gives | order | on a failure |
/// |---|---|---|---|
/// | `.await`, [`blocking_join`](Self::blocking_join) | `Result<Vec<T>, MapError>` | of the inputs | the first one ends it |
/// | [`settle`](Self::settle) | `Vec<Result<T, MapError>>` | of the inputs | goes on |
/// | [`ordered`](Self::ordered) | a stream, or an iterator | of the inputs | is an item, and it goes on |
/// | [`unordered`](Self::unordered) | a stream, or an iterator | as they end | is an item, and it goes on |
/// | [`fold`](Self::fold), [`sum`](Self::sum), [`for_each`](Self::for_each) | what you make of it, keeping no results | of the inputs | the first one ends it |
///
/// *Items.* Each input is an item of the lane: it is counted in the ledger when it begins, holds a slot while it runs (closures in a
/// batch share one, one after the other), and ends in exactly one outcome. A panic, a failure, a timeout are those of one item.
///
/// *The window.* Inputs are pulled lazily, in the poll of whoever awaits the results, so the iterator needs neither `Send` nor
/// `'static`, and may be endless. It is never further ahead than the [`window`](Self::window): inputs that were pulled and whose
/// results were not taken. So memory is bounded, and a consumer that stops polling stops the input, though not what already runs.
///
/// *Turns.* The map's runners wait in the lane's queue like any task, and go to its end after each batch (or item) while others wait
/// there. So a map of a million items and a single task share the lane. A future or stream that was polled and is then neither polled nor
/// dropped may keep a place that was promised to it, and so hold up who waits for room behind it, as [`Submit`](crate::Submit) does.
///
/// *Shutdown.* When the yard closes, items that have not begun are refused
/// ([`Refused`](crate::TaskErrorKind::Refused)), so a map that should be whole is awaited before.
///
/// # Cancel safety
/// Dropping the future or stream cancels what is left: items that did not begin never do, futures are dropped at their next await, and
/// closures that run are not waited for. Results that were not taken are dropped, and failures among them are counted as unobserved.
///
/// # Panics
/// A panic of the input iterator ends the map, as the last item: an error whose
/// [`is_from_input`](MapError::is_from_input) says so. What came before is not lost.
#[must_use = "a map does nothing until it is awaited or made into a stream"]
pub struct Map<It: Iterator, T, L> {
    lane: Arc<LaneShared>,
    inputs: It,
    make: Make<It::Item, T>,
    site: &'static Location<'static>,
    name: Option<Name>,
    priority: Priority,
    keep: Option<Keep<It::Item>>,
    describe: Option<Describe<It::Item>>,
    timeout: Option<Duration>,
    window: Option<usize>,
    chunk: Option<usize>,
    shown: Shown,
    on: PhantomData<fn() -> L>,
}

impl<It: Iterator, T, L> Map<It, T, L> {
    pub(super) fn new(
        lane: &Arc<LaneShared>,
        inputs: It,
        make: Make<It::Item, T>,
        site: &'static Location<'static>,
    ) -> Self {
        Self {
            lane: Arc::clone(lane),
            inputs,
            make,
            site,
            name: None,
            priority: Priority::NORMAL,
            keep: None,
            describe: None,
            timeout: None,
            window: None,
            chunk: None,
            shown: Shown::default(),
            on: PhantomData,
        }
    }

    /// A name, which stands in errors, logs and lists of tasks. It need not be unique, and is cut after 128 bytes.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(Name::new(name.into()));
        self
    }

    /// How urgent the items are, on a lane whose order is by priority.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// How long each item may run, from its start. Then a future is dropped at its next await; a closure goes on and keeps its
    /// thread, but its item is answered, and the others go on elsewhere. Zero means that no item begins.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How many inputs are pulled at most and not yet taken as results, reordering included; 0 counts as 1.
    ///
    /// By default twice the lane's limit; on cpu lanes at most 4,096 items. On cpu lanes it is no wider, whatever is said, than what
    /// keeps the threads busy for 2 ms, by what the items before took, or than two batches a thread if that is more.
    pub fn window(mut self, items: usize) -> Self {
        self.window = Some(items.max(1));
        self
    }

    /// Has each item be tried again, as the policy says: for functions that return a `Result`, see `try_map`; a function that does not is
    /// tried again if it panics and the policy says so. The input is cloned for each attempt, so none is made on what another has used.
    ///
    /// Each item is then a task of its own, and does not hold a slot between two attempts. A [`timeout`](Self::timeout) is for each
    /// attempt, and the end of the item; `map_with` and `try_map_with` show the attempt in their context.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use workyard::{Retry, Scheduler};
    ///
    /// static CALLS: AtomicU32 = AtomicU32::new(0);
    ///
    /// async fn fetch(url: &str) -> Result<usize, &'static str> {
    ///     // Every second call fails.
    ///     if CALLS.fetch_add(1, Ordering::Relaxed) % 2 == 0 { Err("try again") } else { Ok(url.len()) }
    /// }
    ///
    /// let yard = Scheduler::new();
    /// let retry = Retry::exponential().attempts(10).build()?;
    /// let lengths = yard.io().try_map(["a", "bcd", ""], fetch).retry(retry).await?;
    /// assert_eq!(lengths, [1, 3, 0]);
    /// # Ok::<_, workyard::BoxError>(()) })?;
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    pub fn retry(self, policy: Retry) -> RetriedMap<It, T>
    where
        It::Item: Clone + Send + 'static,
        T: Send + 'static,
    {
        let Self { lane, inputs, make, site, name, priority, keep, describe, timeout, window, shown, .. } = self;
        let origin = Origin { name, lane: Arc::clone(&lane.name), site };
        let spec = Arc::new(Spec { origin, priority, keep, describe, timeout, fail_fast: false });
        let window = Window::of(&lane, window).items();
        let (function, copy) = (make.function(), Clone::clone as Keep<It::Item>);
        RetriedMap { inputs, items: Items { lane, function, policy, copy, spec, window }, shown }
    }

    /// Has errors carry a copy of their input. Costs a clone an item.
    pub fn keep_inputs(mut self) -> Self
    where
        It::Item: Clone,
    {
        self.keep = Some(Clone::clone);
        self
    }

    /// Has errors say in words what their input was. Costs a call an item, before it runs; a panic in it is the item's.
    pub fn describe(mut self, describe: impl Fn(&It::Item) -> String + Send + Sync + 'static) -> Self {
        self.describe = Some(Arc::new(describe));
        self
    }
}

impl<It, T, L> Map<It, T, L>
where
    It: Iterator<Item: Send + 'static>,
    T: Send + 'static,
{
    /// Shows how far the map has come, on stderr: items that ended well, and those that failed, of all there are if the iterator knows.
    /// Give it a name, or a [`Progress`](crate::Progress) to look at it yourself. It ends with the map, whoever holds it: as done if all
    /// items ended well or failed, and otherwise as stopped. (Feature `progress`.)
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use workyard::{Progress, Scheduler};
    ///
    /// let yard = Scheduler::new();
    /// let progress = Progress::new("halves");
    /// let halves = yard.cpu().map([8, 4, 0, 2], |x| 16 / x).progress(progress.clone()).settle().await;
    /// assert_eq!(halves.len(), 4);
    /// assert_eq!((progress.done(), progress.failed(), progress.total()), (3, 1, Some(4)));
    /// # Ok::<_, workyard::BoxError>(()) })?;
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    #[cfg(feature = "progress")]
    pub fn progress(mut self, progress: impl Into<crate::Progress>) -> Self {
        self.shown = Shown::new(progress.into());
        self
    }

    /// The results as a stream in the order of the inputs: Python's `imap`. As an iterator: [`MapStream::blocking_iter`].
    pub fn ordered(self) -> MapStream<It, T> {
        MapStream::new(self.begin(Results::ordered(), false))
    }

    /// The results as a stream, as they end: Python's `imap_unordered`. As an iterator: [`MapStream::blocking_iter`].
    pub fn unordered(self) -> MapStream<It, T> {
        MapStream::new(self.begin(Results::unordered(), false))
    }

    /// As [`ordered`](Self::ordered), as an iterator for plain threads.
    pub fn blocking_iter(self) -> MapIter<It, T> {
        self.ordered().blocking_iter()
    }

    /// Waits for all items, whatever became of them: nothing ends early.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let yard = workyard::Scheduler::new();
    /// let halves = yard.cpu().map([8, 4, 0, 2], |x| 16 / x).settle().await;
    /// let wrong: Vec<u64> = halves.iter().filter_map(|half| half.as_ref().err()).map(|error| error.index()).collect();
    /// assert_eq!(wrong, [2]);
    /// assert!(matches!(halves[3], Ok(8)));
    /// # Ok::<_, workyard::BoxError>(()) })?;
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    pub fn settle(self) -> Settle<It, T> {
        Settle::new(self.begin(Results::ordered(), false))
    }

    /// Folds the results, in the order of the inputs; keeps none of them. The first failure ends it.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let yard = workyard::Scheduler::new();
    /// let text = yard.cpu().map(1..=3, |x| x * x).fold(String::new(), |text, x| format!("{text}{x} ")).await?;
    /// assert_eq!(text, "1 4 9 ");
    /// # Ok::<_, workyard::BoxError>(()) })?;
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    pub fn fold<A, G: FnMut(A, T) -> A>(self, init: A, fold: G) -> Fold<It, T, A, G> {
        Fold::new(self.begin(Results::ordered(), true), init, fold)
    }

    /// Adds the results up, in the order of the inputs, so a sum of floats is the same each time. The first failure ends it.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let yard = workyard::Scheduler::new();
    /// assert_eq!(yard.cpu().map(1..=100_u64, |x| x * x).sum::<u64>().await?, 338_350);
    /// # Ok::<_, workyard::BoxError>(()) })?;
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    pub fn sum<S: std::iter::Sum<T> + std::iter::Sum<S>>(self) -> Sum<It, T, S> {
        Sum::new(self.begin(Results::ordered(), true))
    }

    /// Calls `each` with each result, in the order of the inputs, where it is awaited. The first failure ends it at once: results that
    /// were not given by then are dropped.
    pub fn for_each<G: FnMut(T)>(self, each: G) -> ForEach<It, T, G> {
        ForEach::new(self.begin(Results::ordered(), true), each)
    }

    /// As awaiting it, for plain threads and for closures: this thread is blocked until the end.
    ///
    /// # Errors
    /// As awaiting it.
    pub fn blocking_join(self) -> Result<Vec<T>, MapError<It::Item>> {
        block_on(self.into_future())
    }

    fn begin(self, results: Results<It::Item, T>, fail_fast: bool) -> MapConsumer<It, T>
    where
        It::Item: Send + 'static,
        T: Send + 'static,
    {
        let lane = self.lane;
        let spec = Spec {
            origin: Origin { name: self.name, lane: Arc::clone(&lane.name), site: self.site },
            priority: self.priority,
            keep: self.keep,
            describe: self.describe,
            timeout: self.timeout,
            fail_fast,
        };
        let window = Window::of(&lane, self.window);
        let alarm = Arc::default();
        let end = (results, None, self.shown.clone());
        let (exchange, station) = open(lane, spec, self.make, (window, self.chunk), end, &alarm);
        let course = Course { outlet: Arc::clone(&exchange) as _, head: exchange, stations: vec![station], alarm };
        Consumer::new(FromIter(self.inputs), course, window, self.shown)
    }
}

impl<It: Iterator, T> Map<It, T, CpuLane> {
    /// How many items are taken at once; 0 counts as 1, and the window bounds it. By default as many as take 75 µs, by what
    /// those before took, and fewer near the end.
    pub fn chunk_size(mut self, items: usize) -> Self {
        self.chunk = Some(items);
        self
    }
}

impl<It, T, L> IntoFuture for Map<It, T, L>
where
    It: Iterator<Item: Send + 'static>,
    T: Send + 'static,
{
    type Output = Result<Vec<T>, MapError<It::Item>>;
    type IntoFuture = MapFuture<It, T>;

    /// What `.await` makes of it; `tokio::spawn` and the like take this.
    fn into_future(self) -> MapFuture<It, T> {
        MapFuture::new(self.begin(Results::ordered(), true))
    }
}

impl<It: Iterator, T, L> fmt::Debug for Map<It, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("lane", &self.lane.name).field("name", &self.name).finish_non_exhaustive()
    }
}

/// What becomes of the results of a stage: in which order they come out, where they go on to, and where they are shown.
type End<I, T> = (Results<I, T>, Option<Arc<dyn Intake<T>>>, Shown);

/// Opens a stage: its exchange and its crew.
pub(super) fn open<I: Send + 'static, T: Send + 'static>(
    lane: Arc<LaneShared>,
    spec: Spec<I>,
    make: Make<I, T>,
    (window, chunk): (Window, Option<usize>),
    (results, next, shown): End<I, T>,
    alarm: &Arc<Alarm>,
) -> (Arc<Exchange<I, T>>, Arc<dyn Station>) {
    let most_runners = lane.most_runners();
    let sizes = if window.by_cost {
        ChunkSize::new(most_runners, window.items / (2 * most_runners), chunk)
    } else {
        ChunkSize::new(most_runners, 1, None)
    };
    let most_in_flight = lane.limit.min(window.items);
    let exchange = Arc::new(Exchange::new(lane, spec, sizes, results, Arc::clone(alarm)));
    let Crew { recruit, sweep } = make.crew(&exchange, most_in_flight);
    exchange.open(recruit, next, shown);
    let station = Arc::new(Watched { exchange: Arc::clone(&exchange), sweep });
    (exchange, station)
}
