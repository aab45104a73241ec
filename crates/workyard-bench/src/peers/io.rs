//! Owns the variants that map a tiny future over many inputs: each yields once, and the results are added up in order.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_buffered::BufferedStreamExt as _;
use futures_concurrency::concurrent_stream::ConcurrentStream as _;
use futures_concurrency::stream::StreamExt as _;
use futures_util::{StreamExt as _, stream};
use tokio::task::{JoinError, yield_now};
use workyard::{BoxError, Scheduler};

use super::group::{CPU, Group, PER_ITEM, Requirement, Row, Unit, WALL, no_row, per_item};
use super::runtime::{Awaited, run};
use crate::harness::{Meter, Sample};

pub(super) const GROUP: Group = Group {
    name: "map-io",
    title: "futures that yield once, 1,024 at once, summed in order",
    rows: &[
        Row::new("spawn", "`tokio::spawn`, `buffered`"),
        Row::new("workyard", "workyard `io().map`"),
        Row::new("workyard-main", "workyard `io().map`, awaited by the main thread"),
        Row::new("futures-buffered", "futures-buffered, `buffered_ordered`"),
        Row::new("buffered", "futures `buffered`, no tasks"),
        Row::new("futures-concurrency", "futures-concurrency, `co().limit(1_024)`, in any order"),
    ],
    columns: PER_ITEM,
    requirements: &[
        Requirement { row: "workyard", number: WALL, unit: Unit::OfBaseline, must: 0.08, aim: Some(0.04) },
        Requirement { row: "workyard", number: CPU, unit: Unit::OfBaseline, must: 0.08, aim: Some(0.04) },
    ],
    items: 1_000_000,
    work: None,
    sample,
};

fn sample(row: &str, items: u64, _: u64) -> Result<Sample, BoxError> {
    match row {
        "spawn" => measure(Awaited::InTask, spawned, items),
        "workyard" => workyard(Awaited::InTask, items),
        "workyard-main" => workyard(Awaited::InMain, items),
        "futures-buffered" => measure(Awaited::InTask, buffered_by_peer, items),
        "buffered" => measure(Awaited::InTask, buffered, items),
        "futures-concurrency" => measure(Awaited::InTask, concurrent, items),
        other => no_row(other),
    }
}

fn workyard(awaited: Awaited, items: u64) -> Result<Sample, BoxError> {
    run(awaited, async move {
        let yard = Scheduler::new();
        let sum = async |items| yard.io().map(0..items, item).sum::<u64>().await;
        check(sum(WARM_UP).await?, WARM_UP)?;
        let meter = Meter::start();
        let total = sum(items).await?;
        let used = meter.read();
        check(total, items)?;
        let report = yard.shutdown().await;
        if !report.balances() || report.total.completed != items + WARM_UP {
            return Err(format!("{items} items were asked for: {report}").into());
        }
        Ok(per_item(used, items))
    })
}

/// Does it by another function.
fn measure<Fut>(
    awaited: Awaited,
    sum: impl Fn(u64) -> Fut + Send + Sync + 'static,
    items: u64,
) -> Result<Sample, BoxError>
where
    Fut: Future<Output = Result<u64, JoinError>> + Send,
{
    run(awaited, async move {
        check(sum(WARM_UP).await?, WARM_UP)?;
        let meter = Meter::start();
        let total = sum(items).await?;
        let used = meter.read();
        check(total, items)?;
        Ok(per_item(used, items))
    })
}

#[expect(clippy::disallowed_methods, reason = "this is what workyard is compared with")]
async fn spawned(items: u64) -> Result<u64, JoinError> {
    let mut results = stream::iter(0..items).map(|index| tokio::spawn(item(index))).buffered(AT_ONCE);
    let mut sum = 0;
    while let Some(result) = results.next().await {
        sum += result?;
    }
    Ok(sum)
}

async fn buffered(items: u64) -> Result<u64, JoinError> {
    Ok(stream::iter(0..items).map(item).buffered(AT_ONCE).fold(0, async |sum, value| sum + value).await)
}

async fn buffered_by_peer(items: u64) -> Result<u64, JoinError> {
    Ok(stream::iter(0..items).map(item).buffered_ordered(AT_ONCE).fold(0, async |sum, value| sum + value).await)
}

async fn concurrent(items: u64) -> Result<u64, JoinError> {
    let sum = Arc::new(AtomicU64::new(0));
    let add = |index| {
        let sum = Arc::clone(&sum);
        async move {
            sum.fetch_add(item(index).await, Ordering::Relaxed);
        }
    };
    stream::iter(0..items).co().limit(NonZeroUsize::new(AT_ONCE)).for_each(add).await;
    Ok(sum.load(Ordering::Relaxed))
}

async fn item(index: u64) -> u64 {
    yield_now().await;
    index
}

/// # Errors
/// When this is not what the items add up to.
fn check(sum: u64, items: u64) -> Result<(), BoxError> {
    let right = items * (items - 1) / 2;
    if sum == right { Ok(()) } else { Err(format!("{items} items add up to {right}, not {sum}").into()) }
}

/// The limit of an io lane by default.
const AT_ONCE: usize = 1_024;

/// Until the workers are there, and what is allocated once is.
const WARM_UP: u64 = 10_000;
