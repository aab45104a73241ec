//! A work scheduler for async services: tokio runs what waits, threads of their own run what computes, and one
//! [`Scheduler`] stands in front, which bounds it all and accounts for every task it ever accepted.
//!
//! 1. *Bounded.* Nothing queues without a limit; a full lane says so, and gives the work back.
//! 2. *Accounted.* Every accepted task ends in exactly one [`Outcome`], and the [`Report`] of the shutdown balances.
//! 3. *Isolated.* What computes cannot starve the runtime; a panic takes no worker, no lane and no neighbour with it.
//!
//! # One task per lane
//! ```
//! # async fn fetch(_url: &str) -> Result<Vec<u8>, std::io::Error> { Ok(b"page".to_vec()) }
//! # fn sha256(bytes: &[u8]) -> usize { bytes.len() }
//! # fn main() -> Result<(), workyard::BoxError> {
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! # let url = "https://example.org";
//! use workyard::*;
//!
//! let yard = Scheduler::new();                                   // inside a tokio runtime; sized to this machine
//! let page   = yard.io().submit(fetch(url)).await?;              // waits for room: back-pressure; gives a handle
//! let bytes  = page.await??;                                     // first ?: a TaskError naming the task; second ?: fetch's own
//! let digest = yard.cpu().run(move || sha256(&bytes)).await?;    // submit + await
//! # assert_eq!(digest, 4);
//! # assert!(yard.shutdown().await.balances());
//! # Ok(()) }) }
//! ```
//!
//! # Limits, a bulkhead, and a full lane
//! Of a lane, `limit` (or `threads`) tasks run at once and `queue` tasks wait. `submit` may wait for room, `try_submit` never
//! does, `blocking_submit` is for plain threads.
//! ```
//! # async fn query(_sql: &str) -> Result<Vec<u32>, std::io::Error> { Ok(vec![1]) }
//! # type Work = fn() -> u32;
//! # fn busy(_work: Work) -> Result<(), workyard::BoxError> { Ok(()) }
//! # fn main() -> Result<(), workyard::BoxError> { tokio::runtime::Runtime::new()?.block_on(program()) }
//! # async fn program() -> Result<(), workyard::BoxError> {
//! # let (work, more): (Work, Work) = (|| 1, || 2);
//! use std::time::Duration;
//! use workyard::*;
//!
//! let yard = Scheduler::builder()
//!     .io(Lane::io().limit(512).queue(4_096))
//!     .cpu(Lane::cpu().threads(8).queue(256).order(Order::Priority))
//!     .lane("db", Lane::io().limit(10).queue(100))               // a named lane: a bulkhead
//!     .build()?;
//! let rows = yard.io_lane("db")?.run(query("select 1")).await??; // typed; look it up once, keep a clone
//! let thumb = match yard.cpu().try_submit(work) {
//!     Ok(handle) => handle.await?,
//!     Err(full) if full.is_full() => return busy(full.into_inner()),   // the work comes back, nothing is lost
//!     Err(closed) => return Err(closed.into()),
//! };
//! let handle = yard.cpu().task("resize").priority(Priority::HIGH).timeout(Duration::from_secs(5)).submit(more).await?;
//! # assert_eq!((rows[0], thumb, handle.await?), (1, 1, 2));
//! # assert!(yard.shutdown().await.balances());
//! # Ok(()) }
//! ```
//!
//! # Cancellation reaches closures, and a partial result is a result
//! ```
//! # struct Series(f64);
//! # impl Series { fn new() -> Self { Self(0.0) } fn step(&mut self) { self.0 += 1.0 } fn value(&self) -> f64 { self.0 } }
//! # fn main() -> Result<(), workyard::BoxError> { tokio::runtime::Runtime::new()?.block_on(async {
//! # let yard = workyard::Scheduler::new();
//! # let pause = std::time::Duration::from_millis(20);
//! let handle = yard.cpu().submit_with(|ctx| { let mut e = Series::new(); while !ctx.is_cancelled() { e.step() } e.value() }).await?;
//! tokio::time::sleep(pause).await;
//! handle.cancel();
//! println!("{}", handle.await?);
//! # assert_eq!(yard.shutdown().await.total.completed, 1);
//! # Ok(()) }) }
//! ```
//!
//! # The Pool family: one function over many inputs
//! ```
//! # use futures_util::StreamExt as _;
//! # type Chunk = std::ops::Range<u32>;
//! # fn area(chunk: Chunk) -> f64 { chunk.map(|x| f64::from(x) / 100.0).sum() }
//! # async fn fetch(url: &'static str) -> Result<usize, std::io::Error> {
//! #     if url.is_empty() { Err(std::io::Error::other("no url")) } else { Ok(url.len()) }
//! # }
//! # #[cfg(not(feature = "progress"))] trait Unseen: Sized { fn progress(self, _: &str) -> Self { self } }
//! # #[cfg(not(feature = "progress"))] impl<T> Unseen for T {}
//! # fn main() -> Result<(), workyard::BoxError> { tokio::runtime::Runtime::new()?.block_on(async {
//! # let yard = workyard::Scheduler::new();
//! # let (urls, chunks) = (["one", "", "three"], [0..10_u32, 10..20]);
//! let squares = yard.cpu().map(1..=8u64, |x| x * x).await?;                    // input order, first failure ends it
//! let settled = yard.io().try_map(urls, fetch).keep_inputs().settle().await;   // every item: Ok, or an error with index and input
//! let mut areas = yard.cpu().map(chunks.clone(), area).unordered();            // a Stream: imap_unordered, input pulled lazily
//! while let Some(area) = areas.next().await { println!("{}", area?); }
//! let total = yard.cpu().map(chunks, area).progress("integrate").sum::<f64>().await?;
//! # assert_eq!((squares[7], total), (64, 1.9));
//! # let error = settled[1].as_ref().unwrap_err();
//! # assert_eq!((error.index(), error.input(), settled.iter().flatten().sum::<usize>()), (1, Some(""), 8));
//! # assert_eq!(yard.shutdown().await.total.failed, 1);
//! # Ok(()) }) }
//! ```
//! Tiny items are taken in batches, so one of a microsecond costs little more than itself; counts, errors and time limits are per item.
//! See [`Map`] for what else there is: folds, endless inputs, timeouts, plain threads.
//!
//! # Pipelines across lanes, memory bounded end to end
//! ```
//! # use futures_util::{TryStreamExt as _, stream};
//! # use workyard::LaneStreamExt as _;
//! # fn sha256(bytes: &[u8]) -> usize { bytes.len() }
//! # async fn read(path: &'static str) -> Result<Vec<u8>, std::io::Error> { Ok(path.as_bytes().to_vec()) }
//! # fn main() -> Result<(), workyard::BoxError> { tokio::runtime::Runtime::new()?.block_on(async {
//! # let yard = workyard::Scheduler::new();
//! # let paths = ["a", "bc"];
//! let digests = stream::iter(paths)
//!     .try_map_io(yard.io(), read)                // as many at once as the lane allows, in order; a failure passes down
//!     .map_cpu(yard.cpu(), |b| sha256(&b))        // sees what was read, not the Result
//!     .try_collect::<Vec<_>>().await?;
//! # assert_eq!(digests, [1, 2]);
//! # assert_eq!(yard.shutdown().await.total.completed, 4);
//! # Ok(()) }) }
//! ```
//!
//! # Producers and consumers
//! ```
//! # use workyard::queue::{Consumer, Producer};
//! # type Product = usize;
//! # async fn produce(id: usize, tx: Producer<Product>) { for n in 0..10 { tx.put(id * 10 + n).await.unwrap(); } }
//! # async fn consume(_id: usize, rx: Consumer<Product>) { while rx.get().await.is_some() {} }
//! # fn main() -> Result<(), workyard::BoxError> { tokio::runtime::Runtime::new()?.block_on(async {
//! # use workyard::*;
//! # let yard = Scheduler::new();
//! let (tx, rx) = queue::bounded::<Product>(10);                 // also queue::lifo, queue::priority; put/get, try_, _timeout, blocking_
//! let group = yard.group();
//! for id in 0..2 { group.io(produce(id, tx.clone())).await?; }  // group.io_on(&db, ..) for a named lane
//! for id in 0..2 { group.io(consume(id, rx.clone())).await?; }
//! drop((tx, rx));                                               // each side ends when the last of the other has: no sentinel to count
//! while let Some(done) = group.join_next().await { done?; }
//! # assert_eq!(yard.shutdown().await.total.completed, 4);
//! # Ok(()) }) }
//! ```
//!
//! # Time
//! ```
//! # #[cfg(feature = "cron")] async fn nightly() {}
//! # fn sweep(_tick: workyard::Tick) {}
//! # fn main() -> Result<(), workyard::BoxError> { tokio::runtime::Runtime::new()?.block_on(async {
//! # use std::time::Duration;
//! # use workyard::*;
//! # let yard = Scheduler::new();
//! yard.after(Duration::from_secs(3)).io(async { println!("once") });           // gives a handle to cancel; dropping it detaches
//! yard.every(Duration::from_secs(60)).overlap(Overlap::Skip).cpu(sweep);       // a function of the tick
//! # #[cfg(feature = "cron")]
//! yard.cron("0 3 * * *")?.io(|_tick| nightly());                               // with the feature `cron`
//! # assert_eq!(yard.shutdown().await.cancelled_timers, 2 + u64::from(cfg!(feature = "cron")));
//! # Ok(()) }) }
//! ```
//! See [`After`] and [`Every`] for what becomes of ticks that come too late or too early, and of full lanes.
//!
//! # The end
//! ```
//! # fn main() -> Result<(), workyard::BoxError> { tokio::runtime::Runtime::new()?.block_on(async {
//! # use std::time::Duration;
//! # let yard = workyard::Scheduler::new();
//! let report = yard.shutdown().drain_for(Duration::from_secs(30)).await;       // stop intake, drain, then cancel, then abandon: always ends
//! println!("{report}");                                          // accepted 10_412 = 10_398 completed + 9 failed + 5 cancelled; stuck: none
//! # assert!(report.balances());
//! # Ok(()) }) }
//! ```
//! With the feature `signals`, `yard.shutdown().on_signal()` waits for Ctrl-C or SIGTERM first.
//!
//! # From a plain thread, with no runtime of one's own
//! ```
//! # fn main() -> Result<(), workyard::BoxError> {
//! # use workyard::Scheduler;
//! let yard = Scheduler::standalone()?;
//! let answer = yard.cpu().blocking_run(|| 6 * 7)?;
//! # assert_eq!(answer, 42);
//! # Ok(()) }
//! ```
//!
//! # Which lane?
//! | work | lane | why |
//! |---|---|---|
//! | waits: requests, queries, timers | [`io`](Scheduler::io) | thousands wait on a few threads |
//! | computes for more than about 100 µs | [`cpu`](Scheduler::cpu) | on a thread of the runtime it would hold up everything that waits there |
//! | blocks its thread: files, drivers without an async form | [`blocking`](Scheduler::blocking) | it needs a thread and little CPU, so there may be more of them than CPUs |
//! | talks to one dependency that may get slow | a named lane | the others do not wait with it |
//!
//! The repository's `docs/lanes.md` has the borderline cases.
//!
//! # More programs
//! In the repository: `docs/recipes.md` has whole programs to copy, and `docs/coming-from/` goes call by call through
//! `multiprocessing.Pool`, `concurrent.futures`, `JoinSet` and its neighbours, and rayon.
//!
//! # Panics
//! A panic of a body is an outcome of its task, on every lane, as long as panics unwind. In a program that is built with `panic = "abort"` the first one ends
//! the process, as it would everywhere in it; nothing of that is caught or counted here.
//!
//! # Features
//! `cron` adds `Scheduler::cron` and `cron_in`, timers by patterns (croner and jiff). `signals` adds `Shutdown::on_signal` (tokio's signal driver). `progress` adds `Progress`, which shows how far work has come,
//! in bars or lines (indicatif draws the bars).
#![deny(unsafe_code)]

mod apart;
mod block_on;
mod builder;
mod callbacks;
mod clock;
mod completed;
mod ground;
mod group;
mod lane;
mod machine;
mod map;
mod observe;
pub mod out;
mod primitives;
#[cfg(feature = "progress")]
pub mod progress;
pub mod queue;
mod refusals;
mod report;
mod retry;
mod runtime;
mod schedule;
mod scheduler;
mod shutdown;
#[cfg(all(test, workyard_shuttle))]
mod shuttle_models;
#[cfg(feature = "signals")]
mod signals;
pub mod simulation;
pub mod sync;
mod task;
mod timers;
mod turns;
mod waits;
mod yard;

pub use builder::{BuildError, Builder};
pub use completed::{AsCompleted, BlockingIter, Finished, as_completed};
pub use group::{Group, GroupSubmit, GroupTask, JoinNext, Until, Wait};
pub use lane::{
    BlockingLane, BlockingLaneConfig, ClosureTask, CpuLane, CpuLaneConfig, Fallible, FutureTask, IoLane, IoLaneConfig,
    Lane, LaneSpec, Retried, Run, Submit, SubmitError, SubmitTimeout, Value,
};
pub use machine::{Machine, machine};
pub use map::{
    Fold, ForEach, LaneStreamExt, Map, MapError, MapFuture, MapIter, MapStream, RetriedFuture, RetriedMap,
    RetriedSettle, RetriedStream, Settle, Stage, StageIter, Sum,
};
pub use observe::{Alarm, AlarmKind, LaneSnapshot, Snapshot, TaskInfo};
#[cfg(feature = "progress")]
pub use progress::Progress;
pub use report::Report;
pub use retry::{Retry, RetryBudget, RetryBuilder};
#[cfg(feature = "cron")]
pub use schedule::CronError;
pub use schedule::{After, Every, Tick, Timer, TimerInfo, TimerKind};
pub use scheduler::{NoSuchLane, Scheduler, WeakScheduler};
pub use shutdown::{Shutdown, ShutdownFuture};
#[cfg(feature = "signals")]
pub use signals::OnSignal;
pub use task::{BoxError, Handle, TaskContext, TaskEnded, TaskError, TaskErrorKind, TaskId, TaskRef, TaskStatus};
pub use workyard_core::{
    Ageing, GaveUp, InvalidRetry, LaneCounts, Ledger, Missed, Order, OutOfRange, Outcome, Overlap, Percentiles,
    Priority, Reason,
};

/// The programs in the README, which documentation tests compile and run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The programs in the recipes.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/recipes.md")]
struct Recipes;

/// The programs of the table of lanes.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/lanes.md")]
struct Lanes;

/// The programs of the page on what is shared.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/sync.md")]
struct Shared;

/// The programs of courses on threads and processes in Python.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/coming-from-python.md")]
struct FromPython;

/// What users of Python's `multiprocessing.Pool` write here.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/coming-from/multiprocessing-pool.md")]
struct FromMultiprocessingPool;

/// What users of Python's `concurrent.futures` write here.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/coming-from/concurrent-futures.md")]
struct FromConcurrentFutures;

/// What users of `JoinSet` and its neighbours write here.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/coming-from/joinset.md")]
struct FromJoinSet;

/// What users of rayon write here.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/coming-from/rayon.md")]
struct FromRayon;

/// How often locks of this library were taken so far: for the test that counts them.
#[cfg(workyard_mutants)]
#[doc(hidden)]
pub fn locked() -> u64 {
    primitives::counted::locked()
}
