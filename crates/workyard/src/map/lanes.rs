//! Owns the verbs `map` and `try_map` of the lanes. Never runs anything.

use std::future::Future;
use std::panic::Location;

use crate::lane::{BlockingLane, CpuLane, IoLane};
use crate::map::builder::Map;
use crate::map::each::{closures, futures};
use crate::task::{BoxError, TaskContext};

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

            /// As [`map`](Self::map), for a function that wants to see whether it was asked to stop: by the end of the map (it was dropped, or
            /// another item failed and it was dropped for that) or of the yard. The context is that of the thread's runner, which works on
            /// other items, too; a [`timeout`](Map::timeout) of one item does not show in it.
            #[track_caller]
            pub fn map_with<In, F, T>(&self, inputs: In, function: F) -> Map<In::IntoIter, T, Self>
            where
                In: IntoIterator<Item: Send + 'static>,
                F: Fn(TaskContext, In::Item) -> T + Send + Sync + 'static,
                T: Send + 'static,
            {
                self.map(inputs, move |input| function(TaskContext::of_runner(), input))
            }

            /// As [`map_with`](Self::map_with) and [`try_map`](Self::try_map).
            #[track_caller]
            pub fn try_map_with<In, F, T, E>(&self, inputs: In, function: F) -> Map<In::IntoIter, T, Self>
            where
                In: IntoIterator<Item: Send + 'static>,
                F: Fn(TaskContext, In::Item) -> Result<T, E> + Send + Sync + 'static,
                T: Send + 'static,
                E: Into<BoxError> + 'static,
            {
                self.try_map(inputs, move |input| function(TaskContext::of_runner(), input))
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
