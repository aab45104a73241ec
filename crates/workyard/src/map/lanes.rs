//! Owns the verbs `map` and `try_map` of the lanes. Never runs anything.

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use crate::lane::{BlockingLane, CpuLane, IoLane, LaneShared};
use crate::map::builder::{Make, Map};
use crate::map::closures::Closures;
use crate::map::consumer::Crew;
use crate::map::futures::Futures;
use crate::task::BoxError;

macro_rules! closure_maps {
    ($lane:ident, $($doc:literal),+) => {
        impl $lane {
            $(#[doc = $doc])+
            #[track_caller]
            pub fn map<In, F, T>(&self, inputs: In, function: F) -> Map<In::IntoIter, T, Self>
            where
                In: IntoIterator<Item: Send + 'static>,
                F: Fn(In::Item) -> T + Send + Sync + 'static,
                T: Send + 'static,
            {
                let make = closures(function, Ok);
                Map::new(self.shared(), inputs.into_iter(), make, Location::caller())
            }

            /// As [`map`](Self::map), for a function that returns a `Result`: an `Err` is a failure of that item, and the source of its
            /// [`MapError`](crate::MapError).
            #[track_caller]
            pub fn try_map<In, F, T, E>(&self, inputs: In, function: F) -> Map<In::IntoIter, T, Self>
            where
                In: IntoIterator<Item: Send + 'static>,
                F: Fn(In::Item) -> Result<T, E> + Send + Sync + 'static,
                T: Send + 'static,
                E: Into<BoxError> + 'static,
            {
                let make = closures(function, |returned: Result<T, E>| returned.map_err(Into::into));
                Map::new(self.shared(), inputs.into_iter(), make, Location::caller())
            }
        }
    };
}

closure_maps!(
    CpuLane,
    "Calls `function` for each of the inputs, on the threads of this lane: Python's `Pool.map`, with tuples its `starmap`.",
    "",
    "What comes of it is said next: awaited, it is a `Vec` in the order of the inputs; see [`Map`] for the rest. Tiny items are taken in",
    "batches, so that one of a microsecond costs little more than itself.",
    "",
    "# Examples",
    "```",
    "# tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {",
    "let yard = workyard::Scheduler::new();",
    "let squares = yard.cpu().map(1..=8_u64, |x| x * x).await?;",
    "assert_eq!(squares, [1, 4, 9, 16, 25, 36, 49, 64]);",
    "let sums = yard.cpu().map([(1, 2), (3, 4)], |(a, b)| a + b).await?;",
    "assert_eq!(sums, [3, 7]);",
    "# Ok::<_, workyard::BoxError>(()) })?;",
    "# Ok::<_, workyard::BoxError>(())",
    "```"
);

closure_maps!(
    BlockingLane,
    "Calls `function` for each of the inputs, on blocking threads, as many at once as the lane allows. See [`Map`] for what can come of it.",
    "",
    "# Examples",
    "```",
    "# tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {",
    "let yard = workyard::Scheduler::new();",
    "let sizes = yard.blocking().try_map([\"Cargo.toml\", \"src\"], std::fs::metadata).await?;",
    "assert!(sizes[0].is_file() && sizes[1].is_dir());",
    "# Ok::<_, workyard::BoxError>(()) })?;",
    "# Ok::<_, workyard::BoxError>(())",
    "```"
);

impl IoLane {
    /// Calls `function` for each of the inputs and polls the futures that it returns, as many at once as the lane allows. See [`Map`]
    /// for what can come of it.
    ///
    /// The futures of one map share a few tasks of the runtime, one for each of its workers, so a future costs no task of its own.
    /// They are polled there as `FuturesUnordered` would: one that computes or blocks for long holds up others.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let yard = workyard::Scheduler::new();
    /// let lengths = yard.io().map(["a", "bcd", ""], async |text| text.len()).await?;
    /// assert_eq!(lengths, [1, 3, 0]);
    /// # Ok::<_, workyard::BoxError>(()) })?;
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    #[track_caller]
    pub fn map<In, F, Fut>(&self, inputs: In, function: F) -> Map<In::IntoIter, Fut::Output, Self>
    where
        In: IntoIterator<Item: Send + 'static>,
        F: Fn(In::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Send + 'static> + Send + 'static,
    {
        Map::new(self.shared(), inputs.into_iter(), futures(function, Ok), Location::caller())
    }

    /// As [`map`](Self::map), for futures that give a `Result`: an `Err` is a failure of that item, and the source of its
    /// [`MapError`](crate::MapError).
    #[track_caller]
    pub fn try_map<In, F, Fut, T, E>(&self, inputs: In, function: F) -> Map<In::IntoIter, T, Self>
    where
        In: IntoIterator<Item: Send + 'static>,
        F: Fn(In::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let make = futures(function, |returned: Result<T, E>| returned.map_err(Into::into));
        Map::new(self.shared(), inputs.into_iter(), make, Location::caller())
    }
}

fn closures<I, T, F, R>(function: F, conclude: fn(R) -> Result<T, BoxError>) -> Make<I, T>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> R + Send + Sync + 'static,
    R: 'static,
{
    Box::new(move |exchange, _| {
        let map = Arc::new(Closures::new(Arc::clone(exchange), function, conclude));
        let swept = Arc::clone(&map);
        Crew {
            recruit: Box::new(move || map.runner()),
            sweep: Some(Box::new(move |timeout, now| swept.sweep(timeout, now))),
        }
    })
}

fn futures<I, T, F, Fut>(function: F, conclude: fn(Fut::Output) -> Result<T, BoxError>) -> Make<I, T>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'static,
{
    Box::new(move |exchange: &Arc<_>, places| {
        let map = Arc::new(Futures::new(Arc::clone(exchange), function, conclude, places));
        Crew { recruit: Box::new(move || map.runner()), sweep: None }
    })
}

/// How wide the window of a map is when nothing is said, in items and in batches.
pub(super) fn default_window(lane: &LaneShared) -> (usize, Option<usize>) {
    let twice = lane.limit.saturating_mul(2);
    match lane.executor.word() {
        "cpu" => (4_096, Some(twice)),
        _ => (twice, None),
    }
}
