//! Owns the verbs that add a stage to a stream or a pipeline. Never runs anything.

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use futures_core::Stream;

use crate::lane::{BlockingLane, CpuLane, IoLane};
use crate::map::each::{closures, futures};
use crate::map::stage::{Part, Stage};
use crate::task::BoxError;

/// Writes the verbs once, for streams and for pipelines. `$add` takes what a stage is made from.
macro_rules! verbs {
    ([$($vis:tt)*] $item:ty, $stage:ident, $add:expr) => {
        verbs!(@io [$($vis)*] $item, $stage, $add, map_io, try_map_io, true, "in the order of the source");
        verbs!(@io [$($vis)*] $item, $stage, $add, map_io_unordered, try_map_io_unordered, false, "as they are made");
        verbs!(@cpu [$($vis)*] $item, $stage, $add, CpuLane, map_cpu, try_map_cpu, true,
            "on the threads of a cpu lane", "in the order of the source");
        verbs!(@cpu [$($vis)*] $item, $stage, $add, CpuLane, map_cpu_unordered, try_map_cpu_unordered, false,
            "on the threads of a cpu lane", "as they are made");
        verbs!(@cpu [$($vis)*] $item, $stage, $add, BlockingLane, map_blocking, try_map_blocking, true,
            "on blocking threads", "in the order of the source");
        verbs!(@cpu [$($vis)*] $item, $stage, $add, BlockingLane, map_blocking_unordered, try_map_blocking_unordered, false,
            "on blocking threads", "as they are made");
    };
    (@io [$($vis:tt)*] $item:ty, $stage:ident, $add:expr, $name:ident, $try_name:ident, $is_ordered:literal, $order:literal) => {
        #[doc = concat!("Polls the future that `function` makes of each item, as many at once as the io lane allows; results come out ", $order, ".")]
        #[track_caller]
        $($vis)* fn $name<F, Fut>(self, lane: &IoLane, function: F) -> $stage!(Fut::Output)
        where
            F: Fn($item) -> Fut + Send + Sync + 'static,
            Fut: Future<Output: Send + 'static> + Send + 'static,
        {
            let (lane, make, site) = (Arc::clone(lane.shared()), futures(function, Ok), Location::caller());
            $add(self, Part { lane, make, is_ordered: $is_ordered, site })
        }

        #[doc = concat!("As [`", stringify!($name), "`](Self::", stringify!($name), "), for futures that give a `Result`: an `Err` is a failure, which passes down.")]
        #[track_caller]
        $($vis)* fn $try_name<F, Fut, U, E>(self, lane: &IoLane, function: F) -> $stage!(U)
        where
            F: Fn($item) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<U, E>> + Send + 'static,
            U: Send + 'static,
            E: Into<BoxError> + 'static,
        {
            let make = futures(function, |returned: Result<U, E>| returned.map_err(Into::into));
            let (lane, site) = (Arc::clone(lane.shared()), Location::caller());
            $add(self, Part { lane, make, is_ordered: $is_ordered, site })
        }
    };
    (@cpu [$($vis:tt)*] $item:ty, $stage:ident, $add:expr, $lane:ident, $name:ident, $try_name:ident, $is_ordered:literal,
        $where:literal, $order:literal) => {
        #[doc = concat!("Calls `function` for each item ", $where, "; results come out ", $order, ".")]
        #[track_caller]
        $($vis)* fn $name<F, U>(self, lane: &$lane, function: F) -> $stage!(U)
        where
            F: Fn($item) -> U + Send + Sync + 'static,
            U: Send + 'static,
        {
            let (lane, make, site) = (Arc::clone(lane.shared()), closures(function, Ok), Location::caller());
            $add(self, Part { lane, make, is_ordered: $is_ordered, site })
        }

        #[doc = concat!("As [`", stringify!($name), "`](Self::", stringify!($name), "), for a function that returns a `Result`: an `Err` is a failure, which passes down.")]
        #[track_caller]
        $($vis)* fn $try_name<F, U, E>(self, lane: &$lane, function: F) -> $stage!(U)
        where
            F: Fn($item) -> Result<U, E> + Send + Sync + 'static,
            U: Send + 'static,
            E: Into<BoxError> + 'static,
        {
            let make = closures(function, |returned: Result<U, E>| returned.map_err(Into::into));
            let (lane, site) = (Arc::clone(lane.shared()), Location::caller());
            $add(self, Part { lane, make, is_ordered: $is_ordered, site })
        }
    };
}

macro_rules! from_stream {
    ($value:ty) => { Stage<Self, $value> };
}

macro_rules! from_stage {
    ($value:ty) => { Stage<S, $value> };
}

/// Takes the items of any stream through lanes, stage by stage, with one bound from end to end.
///
/// The same methods on a [`Stage`] add the next one: it gets the values of the stage before, and failures pass it by.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use futures_util::{TryStreamExt as _, stream};
/// use workyard::{LaneStreamExt as _, Scheduler};
///
/// let yard = Scheduler::new();
/// let sizes = stream::iter(["Cargo.toml", "src/lib.rs"])
///     .try_map_blocking(yard.blocking(), std::fs::read) // as many at once as the lane allows
///     .map_cpu(yard.cpu(), |bytes| bytes.len()) // sees what was read, not the `Result`
///     .window(16) // at most 16 files are in memory
///     .try_collect::<Vec<_>>()
///     .await?;
/// assert_eq!(sizes.len(), 2);
///
/// let error = stream::iter(["Cargo.toml", "nowhere"])
///     .try_map_blocking(yard.blocking(), std::fs::read)
///     .map_cpu(yard.cpu(), |bytes| bytes.len())
///     .try_collect::<Vec<_>>()
///     .await
///     .unwrap_err();
/// assert_eq!((error.index(), error.lane()), (1, "blocking"));
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
pub trait LaneStreamExt: Stream<Item: Send + 'static> + Sized {
    verbs!([] Self::Item, from_stream, Stage::first);
}

impl<S: Stream<Item: Send + 'static>> LaneStreamExt for S {}

/// The next stage, which gets the values of this one.
impl<S, T> Stage<S, T>
where
    S: Stream<Item: Send + 'static>,
    T: Send + 'static,
{
    verbs!([pub] T, from_stage, Stage::then);
}
