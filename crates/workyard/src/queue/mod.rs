//! Producers and consumers: a bounded channel that knows its end.
//!
//! Any number of [`Producer`]s put, any number of [`Consumer`]s get, and each item goes to exactly one of them. A full
//! queue makes producers wait, an empty one consumers. Each side ends when the last handle of the other is
//! gone, so there is no sentinel to count and no flag to poll.
//!
//! ```
//! use workyard::queue;
//!
//! # type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
//! let (tx, rx) = queue::bounded::<u32>(10);
//! let mut tasks = tokio::task::JoinSet::new();
//! for id in 0..2 {
//!     let tx = tx.clone();
//!     tasks.spawn(async move {
//!         for n in 0..50 {
//!             tx.put(id * 50 + n).await?; // waits for room
//!         }
//!         Ok(0) // or fails, or panics: its handle is gone either way
//!     });
//! }
//! for _ in 0..3 {
//!     let rx = rx.clone();
//!     tasks.spawn(async move {
//!         let mut sum = 0;
//!         while let Some(n) = rx.get().await {
//!             sum += n;
//!         }
//!         Ok(sum) // reached by all three: every producer is gone and nothing is left
//!     });
//! }
//! drop((tx, rx)); // the tasks hold their own
//!
//! let mut total = 0;
//! while let Some(sum) = tasks.join_next().await {
//!     let sum: Result<u32> = sum?;
//!     total += sum?;
//! }
//! assert_eq!(total, (0..100).sum());
//! # Ok(()) }
//! ```
//!
//! # Three orders, four ways to wait
//!
//! | constructor | what comes out next | Python |
//! |---|---|---|
//! | [`bounded`] | what went in first | `queue.Queue(n)` |
//! | [`lifo`] | what went in last | `queue.LifoQueue(n)` |
//! | [`priority`](priority()) | the most urgent; of equals what went in first; waiting makes urgent | `queue.PriorityQueue(n)` |
//!
//! | | puts | gets |
//! |---|---|---|
//! | waits, async | [`put`](Producer::put) | [`get`](Consumer::get), [`get_many`](Consumer::get_many) |
//! | never waits | [`try_put`](Producer::try_put) | [`try_get`](Consumer::try_get), [`drain`](Consumer::drain) |
//! | gives up | [`put_timeout`](Producer::put_timeout) | [`get_timeout`](Consumer::get_timeout) |
//! | parks the thread | [`blocking_put`](Producer::blocking_put), [`_timeout`](Producer::blocking_put_timeout) | [`blocking_get`](Consumer::blocking_get), [`_timeout`](Consumer::blocking_get_timeout) |
//! | for combinators | [`into_sink`](Producer::into_sink) | [`into_stream`](Consumer::into_stream) |
//!
//! All of them mix on one queue: a plain thread may put what a task gets. Only the async timeouts need a tokio runtime;
//! the rest runs on any executor, or none. A put that fails gives the item back ([`PutError::into_inner`]).
//!
//! # What ends what
//!
//! | what happens | puts | gets |
//! |---|---|---|
//! | the last producer is dropped | there are none | get what is queued, then `None` |
//! | the last consumer is dropped | fail as closed, with the item | there are none; what is queued is dropped |
//! | `close()` on either side | fail as closed, with the item | get what is queued, then `None` |
//!
//! Everybody who waits is woken for it. A producer or consumer whose task was cancelled, or whose thread
//! panicked, drops its handle like any other and so counts as gone. To keep what is left: `close`, then
//! [`drain`](Consumer::drain). A handle in the hands of the very task that waits for its end is the classic way to wait for ever:
//! drop the originals once the clones are handed out.
//!
//! [`task_done`](Consumer::task_done) and [`join`](Consumer::join) are Python's, for "everything put was *worked on*",
//! where the end of the consumers would tell too late.
//!
//! # Fairness
//!
//! Waiting producers get room, and waiting consumers get items, in the order in which they began to wait. Nobody
//! barges: room that was promised to a waiter is not seen by `try_put`, nor a promised item by `try_get` or `drain`. The length
//! and all promises together never exceed the capacity.
//!
//! The promise is kept until the future is polled or dropped. A put or get that waits and is *neither polled nor
//! dropped* (borrowed by a `select!` whose other branch runs on, say) therefore holds up those behind it, as it does with
//! tokio's semaphore. Drop it, or go on polling it.
//!
//! # Cancel safety
//!
//! All futures here may be dropped at any time, so all may stand in a `select!`. A dropped put has not put, a dropped
//! get has not taken, and what they were promised goes to the next in line, also when they were woken already.
//!
//! # Cost
//!
//! One short lock an operation, and one for a batch; who finds it taken looks again a microsecond later, and is parked
//! after some more. Nothing is allocated unless somebody waits, but for the batch itself. An operation wakes at most one waiter for each
//! item, outside the lock, where items are dropped too. Memory grows with what is queued, not with the capacity. A long
//! queue that was emptied keeps its memory for the next time. The futures take part in tokio's cooperative budget; a yield for
//! that reason never counts as full, empty or late.
//!
//! # Why not a stock channel inside
//!
//! | | this | tokio `mpsc` | `async-channel` | `flume` |
//! |---|---|---|---|---|
//! | several consumers | yes | no | yes | yes |
//! | those who wait are served in order, nobody barges | yes | yes | no: a late call may take the place of one just woken | producers yes, consumers no |
//! | a put that is dropped was not put | yes | yes | yes | no: a receive takes the item out of the waiting send |
//! | last in, first out; priority with ageing | yes | no | no | no |
//! | `task_done` and `join` | yes | no | no | no |
//! | leftovers taken out in one step, promised ones apart | yes | no | no | yes, but not apart |
//! | async and blocking on both sides, both with timeouts | yes | async only, on sends | no timeouts | blocking only |
//!
//! If all you need is one consumer, first in first out, `tokio::sync::mpsc` is a fine choice: its senders share
//! no lock.
//!
//! From `asyncio.Queue` or `queue.Queue`: `put`, `get`, `task_done` and `join` mean the same; `maxsize=0` is refused rather than
//! unlimited; `qsize` is `len`; `put_nowait` is `try_put`; `queue.shutdown()` is `close`, and its
//! `ShutDown` exception is the `None` of a get. Priorities stand beside the item, so equal ones never compare
//! the items.

mod consumer;
mod create;
mod error;
mod get;
mod join;
mod line;
mod lock;
#[cfg(all(test, workyard_loom))]
mod loom_tests;
mod priority_producer;
mod producer;
mod put;
mod shared;
mod sink;
mod state;
mod store;
mod stream;
mod times;
mod wakes;

pub use consumer::Consumer;
pub use create::{MAX_CAPACITY, bounded, lifo, priority, priority_with_ageing};
pub use error::{GetError, PutError, PutErrorKind, TaskDoneError};
pub use get::{Get, GetMany, GetTimeout};
pub use join::Join;
pub use priority_producer::PriorityProducer;
pub use producer::Producer;
pub use put::{Put, PutTimeout};
pub use sink::ProducerSink;
pub use stream::ConsumerStream;
pub use workyard_core::{Ageing, Priority};
