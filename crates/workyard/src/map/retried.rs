//! Owns maps whose items are tried again: each item is a task of its own, so that it leaves its slot between two attempts. Never
//! runs the function itself: the lane does.

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};
use futures_util::stream::{FuturesOrdered, FuturesUnordered};

use crate::block_on::block_on;
use crate::lane::{ClosureTask, FutureTask, LaneShared, Retried};
use crate::map::each::Function;
use crate::map::error::MapError;
use crate::map::shown::Shown;
use crate::map::spec::{Keep, Numbered, Settled, Spec};
use crate::retry::Retry;
use crate::task::header::Options;
use crate::task::{TaskErrorKind, catch};

/// A map whose items are tried again, made by [`Map::retry`](crate::Map::retry); nothing runs before it is made into one of these:
///
/// | | gives | order | on a failure |
/// |---|---|---|---|
/// | `.await`, [`blocking_join`](Self::blocking_join) | `Result<Vec<T>, MapError>` | of the inputs | the first one ends it |
/// | [`settle`](Self::settle) | `Vec<Result<T, MapError>>` | of the inputs | goes on |
/// | [`ordered`](Self::ordered) | a stream | of the inputs | is an item, and it goes on |
/// | [`unordered`](Self::unordered) | a stream | as they end | is an item, and it goes on |
///
/// A *failure* is one after which the policy gave the item up. Each item is a task of the lane, so it costs what a task costs, and
/// leaves its slot to others between two attempts. Inputs are pulled in the poll of whoever awaits the results, never more than the
/// window ahead; what was submitted goes on between polls.
///
/// # Cancel safety
/// Dropping the future or stream cancels what is left, as [`Map`](crate::Map) says.
#[must_use = "a map does nothing until it is awaited or made into a stream"]
pub struct RetriedMap<It: Iterator, T> {
    pub(super) inputs: It,
    pub(super) items: Items<It::Item, T>,
    pub(super) shown: Shown,
}

/// How each item becomes a task.
pub(super) struct Items<I, T> {
    pub(super) lane: Arc<LaneShared>,
    pub(super) function: Function<I, T>,
    pub(super) policy: Retry,
    /// Copies the input for an attempt.
    pub(super) copy: Keep<I>,
    pub(super) spec: Arc<Spec<I>>,
    /// How many are under way, or are results that were not taken.
    pub(super) window: usize,
}

impl<It, T> RetriedMap<It, T>
where
    It: Iterator<Item: Send + 'static>,
    T: Send + 'static,
{
    /// The results as a stream in the order of the inputs.
    pub fn ordered(self) -> RetriedStream<It, T> {
        RetriedStream::new(self, Flights::Ordered(FuturesOrdered::new()))
    }

    /// The results as a stream, as they end.
    pub fn unordered(self) -> RetriedStream<It, T> {
        RetriedStream::new(self, Flights::Unordered(FuturesUnordered::new()))
    }

    /// Waits for all items, whatever became of them: nothing ends early.
    pub fn settle(self) -> RetriedSettle<It, T> {
        RetriedSettle { stream: self.ordered(), settled: Vec::new() }
    }

    /// As awaiting it, for plain threads and for closures: this thread is blocked until the end.
    ///
    /// # Errors
    /// As awaiting it.
    pub fn blocking_join(self) -> Result<Vec<T>, MapError<It::Item>> {
        block_on(self.into_future())
    }
}

impl<It, T> IntoFuture for RetriedMap<It, T>
where
    It: Iterator<Item: Send + 'static>,
    T: Send + 'static,
{
    type Output = Result<Vec<T>, MapError<It::Item>>;
    type IntoFuture = RetriedFuture<It, T>;

    /// What `.await` makes of it; `tokio::spawn` and the like take this.
    fn into_future(self) -> RetriedFuture<It, T> {
        RetriedFuture { stream: self.unordered(), values: Vec::new() }
    }
}

impl<It: Iterator, T> fmt::Debug for RetriedMap<It, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Items { lane, policy, .. } = &self.items;
        f.debug_struct("RetriedMap").field("lane", &lane.name).field("retry", policy).finish_non_exhaustive()
    }
}

/// An item under way.
type Flight<I, T> = Pin<Box<dyn Future<Output = Numbered<I, T>> + Send>>;

enum Flights<I, T> {
    Ordered(FuturesOrdered<Flight<I, T>>),
    Unordered(FuturesUnordered<Flight<I, T>>),
}

impl<I, T> Flights<I, T> {
    fn len(&self) -> usize {
        match self {
            Self::Ordered(flights) => flights.len(),
            Self::Unordered(flights) => flights.len(),
        }
    }

    fn push(&mut self, flight: Flight<I, T>) {
        match self {
            Self::Ordered(flights) => flights.push_back(flight),
            Self::Unordered(flights) => flights.push(flight),
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Numbered<I, T>>> {
        match self {
            Self::Ordered(flights) => Pin::new(flights).poll_next(cx),
            Self::Unordered(flights) => Pin::new(flights).poll_next(cx),
        }
    }
}

impl<I: Send + 'static, T: Send + 'static> Items<I, T> {
    fn begin(&self, index: u64, input: I) -> Flight<I, T> {
        let spec = Arc::clone(&self.spec);
        let case = match spec.case(index, &input) {
            Ok(case) => case,
            Err(error) => return Box::pin(std::future::ready((index, Err(error)))),
        };
        let mut options = Options::at(spec.origin.site).with_priority(spec.priority).named(spec.name().cloned());
        if spec.timeout.is_some() {
            options.rare().limits().timeout = spec.timeout;
        }
        options.retry(self.policy.clone());
        let (lane, copy) = (Arc::clone(&self.lane), self.copy);
        let conclude = move |result: Result<T, _>| (index, result.map_err(|error| MapError::of_task(case, error)));
        match &self.function {
            Function::OfFutures(function) => {
                let function = Arc::clone(function);
                Box::pin(async move {
                    let task = FutureTask::<Retried>::described(&lane, options);
                    conclude(task.run(move || function(copy(&input))).await)
                })
            }
            Function::OfValues(function) => {
                let function = Arc::clone(function);
                Box::pin(async move {
                    let task = ClosureTask::<Retried>::described(&lane, options);
                    conclude(task.run(move || function(copy(&input))).await)
                })
            }
        }
    }
}

/// The results of a map whose items are tried again, made by [`RetriedMap::ordered`] and [`RetriedMap::unordered`].
///
/// # Cancel safety
/// A future of [`next`](Self::next) may be dropped and repeated: no result is lost. Dropping the stream cancels what is left.
#[must_use = "streams do nothing unless polled"]
pub struct RetriedStream<It: Iterator, T> {
    items: Items<It::Item, T>,
    flights: Flights<It::Item, T>,
    /// Until its end.
    inputs: Option<It>,
    pulled: u64,
    shown: Shown,
    ended: bool,
}

/// Nothing in it is pinned.
impl<It: Iterator, T> Unpin for RetriedStream<It, T> {}

impl<It, T> RetriedStream<It, T>
where
    It: Iterator<Item: Send + 'static>,
    T: Send + 'static,
{
    fn new(map: RetriedMap<It, T>, flights: Flights<It::Item, T>) -> Self {
        let RetriedMap { inputs, items, shown } = map;
        Self { items, flights, inputs: Some(inputs), pulled: 0, shown, ended: false }
    }

    /// The next result; `None` at the end, and from then on.
    ///
    /// # Cancel safety
    /// No result is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Result<T, MapError<It::Item>>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Cancels what is left.
    fn stop(&mut self) {
        self.ended = true;
        self.inputs = None;
        self.flights = Flights::Unordered(FuturesUnordered::new());
    }

    fn pull(&mut self) {
        while self.flights.len() < self.items.window {
            let Some(inputs) = &mut self.inputs else { return };
            let index = self.pulled;
            let flight = match catch(|| (inputs.size_hint(), inputs.next())) {
                Ok((hint, Some(input))) => {
                    let (least, most) = hint;
                    self.shown
                        .set_total(most.filter(|&most| most == least).map(|left| index.saturating_add(left as u64)));
                    self.items.begin(index, input)
                }
                Ok((_, None)) => {
                    self.shown.set_total(Some(index));
                    self.inputs = None;
                    return;
                }
                Err(payload) => {
                    self.inputs = None;
                    let error = self.items.spec.error(TaskErrorKind::Panicked, None).with_panic(payload);
                    Box::pin(std::future::ready((index, Err(MapError::input_failed(index, error)))))
                }
            };
            self.pulled += 1;
            self.flights.push(flight);
        }
    }

    fn poll_indexed(&mut self, cx: &mut Context<'_>) -> Poll<Option<Numbered<It::Item, T>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.pull();
        let Some(result) = ready!(self.flights.poll_next(cx)) else {
            // The window is never 0, so there are no inputs.
            self.ended = true;
            self.shown.end();
            return Poll::Ready(None);
        };
        let result = [result];
        self.shown.add(&result);
        let [result] = result;
        Poll::Ready(Some(result))
    }
}

impl<It, T> Stream for RetriedStream<It, T>
where
    It: Iterator<Item: Send + 'static>,
    T: Send + 'static,
{
    type Item = Result<T, MapError<It::Item>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_indexed(cx).map(|next| next.map(|(_, result)| result))
    }
}

impl<It, T> FusedStream for RetriedStream<It, T>
where
    It: Iterator<Item: Send + 'static>,
    T: Send + 'static,
{
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<It: Iterator, T> Drop for RetriedStream<It, T> {
    fn drop(&mut self) {
        self.shown.end();
    }
}

impl<It: Iterator, T> fmt::Debug for RetriedStream<It, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetriedStream").field("under_way", &self.flights.len()).finish_non_exhaustive()
    }
}

/// All values of a map whose items are tried again, in the order of the inputs, or its first failure; made by awaiting a
/// [`RetriedMap`].
///
/// # Cancel safety
/// Dropping it cancels what is left.
#[must_use = "futures do nothing unless polled"]
pub struct RetriedFuture<It: Iterator, T> {
    stream: RetriedStream<It, T>,
    /// By index.
    values: Vec<Option<T>>,
}

impl<It: Iterator, T> Unpin for RetriedFuture<It, T> {}

impl<It, T> Future for RetriedFuture<It, T>
where
    It: Iterator<Item: Send + 'static>,
    T: Send + 'static,
{
    type Output = Result<Vec<T>, MapError<It::Item>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        while let Some((index, result)) = ready!(this.stream.poll_indexed(cx)) {
            let value = match result {
                Ok(value) => value,
                Err(error) => {
                    this.stream.stop();
                    return Poll::Ready(Err(error));
                }
            };
            let at = usize::try_from(index).unwrap_or(usize::MAX);
            if this.values.len() <= at {
                this.values.resize_with(at + 1, || None);
            }
            if let Some(place) = this.values.get_mut(at) {
                *place = Some(value);
            }
        }
        Poll::Ready(Ok(std::mem::take(&mut this.values).into_iter().flatten().collect()))
    }
}

impl<It: Iterator, T> fmt::Debug for RetriedFuture<It, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetriedFuture").field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// What became of each item of a map whose items are tried again, in the order of the inputs; made by [`RetriedMap::settle`].
///
/// # Cancel safety
/// Dropping it cancels what is left.
#[must_use = "futures do nothing unless polled"]
pub struct RetriedSettle<It: Iterator, T> {
    stream: RetriedStream<It, T>,
    settled: Vec<Settled<It::Item, T>>,
}

impl<It: Iterator, T> Unpin for RetriedSettle<It, T> {}

impl<It, T> Future for RetriedSettle<It, T>
where
    It: Iterator<Item: Send + 'static>,
    T: Send + 'static,
{
    type Output = Vec<Result<T, MapError<It::Item>>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        while let Some((_, result)) = ready!(this.stream.poll_indexed(cx)) {
            this.settled.push(result);
        }
        Poll::Ready(std::mem::take(&mut this.settled))
    }
}

impl<It: Iterator, T> fmt::Debug for RetriedSettle<It, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetriedSettle").field("stream", &self.stream).finish_non_exhaustive()
    }
}
