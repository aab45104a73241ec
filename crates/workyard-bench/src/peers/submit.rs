//! Owns the variants that submit a tiny future at a time, have at most 1,024 in flight, and add up what they give.

use std::collections::VecDeque;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;

use async_executor::Executor;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::{JoinSet, yield_now};
use tokio_util::task::TaskTracker;
use workyard::{BoxError, Scheduler};

use super::group::{CPU, Group, PER_ITEM, Requirement, Row, Unit, WALL, no_row, per_item};
use super::runtime::{Awaited, WORKERS, run};
use crate::harness::{Meter, Sample};

/// Futures that are ready at once.
pub(super) const GROUP: Group = Group {
    name: "submit",
    title: "futures that do nothing, submitted one by one, at most 1,024 in flight",
    rows: ROWS,
    columns: PER_ITEM,
    requirements: &[at_most(WALL, 0.50, 0.25), at_most(CPU, 0.50, 0.25)],
    items: 1_000_000,
    work: None,
    sample: |row, items, _| sample::<Ready<u64>>(row, items, ready),
};

/// Futures that yield once.
pub(super) const YIELDS: Group = Group {
    name: "submit-yields",
    title: "futures that yield once, submitted one by one, at most 1,024 in flight",
    requirements: &[at_most(WALL, 1.00, 0.40), at_most(CPU, 1.00, 0.40)],
    sample: |row, items, _| sample(row, items, yields),
    ..GROUP
};

const ROWS: &[Row] = &[
    Row::new("join-set", "a permit and `JoinSet::spawn` each"),
    Row::new("workyard", "workyard `io().submit`, a ring of handles"),
    Row::new("workyard-group", "workyard `group().io`"),
    Row::new("tracker", "a permit and `TaskTracker::spawn` each, a ring of handles"),
    Row::new("spawn", "`tokio::spawn` each, a ring of handles"),
    Row::new("executor", "async-executor on two threads, a ring of tasks"),
    Row::new("unordered", "`FuturesUnordered`, no tasks: one core"),
];

const fn at_most(number: &'static str, must: f64, aim: f64) -> Requirement {
    Requirement { row: "workyard", number, unit: Unit::OfBaseline, must, aim: Some(aim) }
}

async fn yields(index: u64) -> u64 {
    yield_now().await;
    index
}

fn sample<F>(row: &str, items: u64, item: fn(u64) -> F) -> Result<Sample, BoxError>
where
    F: Future<Output = u64> + Send + 'static,
{
    match row {
        "join-set" => measure(items, move |items| Box::pin(join_set(items, item))),
        "workyard" => workyard(items, move |yard, items| Box::pin(ring_of_handles(yard, items, item))),
        "workyard-group" => workyard(items, move |yard, items| Box::pin(group(yard, items, item))),
        "tracker" => measure(items, move |items| Box::pin(tracker(items, item))),
        "spawn" => measure(items, move |items| Box::pin(ring_of_spawned(items, item))),
        "executor" => executor(items, item),
        "unordered" => measure(items, move |items| Box::pin(unordered(items, item))),
        other => no_row(other),
    }
}

/// What so many items add up to.
type Sum = Pin<Box<dyn Future<Output = Result<u64, BoxError>> + Send>>;

fn measure(items: u64, sum: impl Fn(u64) -> Sum + Send + Sync + 'static) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        check(sum(WARM_UP).await?, WARM_UP)?;
        let meter = Meter::start();
        let total = sum(items).await?;
        let used = meter.read();
        check(total, items)?;
        Ok(per_item(used, items))
    })
}

fn workyard(items: u64, sum: impl Fn(Scheduler, u64) -> Sum + Send + Sync + 'static) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        let yard = Scheduler::new();
        check(sum(yard.clone(), WARM_UP).await?, WARM_UP)?;
        let meter = Meter::start();
        let total = sum(yard.clone(), items).await?;
        let used = meter.read();
        check(total, items)?;
        let report = yard.shutdown().await;
        if !report.balances() || report.total.completed != items + WARM_UP {
            return Err(format!("{items} items were asked for: {report}").into());
        }
        Ok(per_item(used, items))
    })
}

async fn ring_of_handles<F>(yard: Scheduler, items: u64, item: fn(u64) -> F) -> Result<u64, BoxError>
where
    F: Future<Output = u64> + Send + 'static,
{
    let (mut sum, mut ring) = (0, VecDeque::with_capacity(AT_ONCE));
    for index in 0..items {
        if ring.len() == AT_ONCE
            && let Some(handle) = ring.pop_front()
        {
            let handle: workyard::Handle<u64> = handle;
            sum += handle.await?;
        }
        ring.push_back(yard.io().submit(item(index)).await?);
    }
    for handle in ring {
        sum += handle.await?;
    }
    Ok(sum)
}

async fn group<F>(yard: Scheduler, items: u64, item: fn(u64) -> F) -> Result<u64, BoxError>
where
    F: Future<Output = u64> + Send + 'static,
{
    let (mut sum, mut in_flight, group) = (0, 0, yard.group());
    for index in 0..items {
        if in_flight == AT_ONCE {
            sum += group.join_next().await.ok_or("a task is missing")??;
            in_flight -= 1;
        }
        group.io(item(index)).await?;
        in_flight += 1;
    }
    while let Some(joined) = group.join_next().await {
        sum += joined?;
    }
    Ok(sum)
}

async fn join_set<F>(items: u64, item: fn(u64) -> F) -> Result<u64, BoxError>
where
    F: Future<Output = u64> + Send + 'static,
{
    let (mut sum, mut tasks, permits) = (0, JoinSet::new(), Arc::new(Semaphore::new(AT_ONCE)));
    for index in 0..items {
        let permit = Arc::clone(&permits).acquire_owned().await?;
        while let Some(joined) = tasks.try_join_next() {
            sum += joined?;
        }
        tasks.spawn(async move {
            let _permit = permit;
            item(index).await
        });
    }
    while let Some(joined) = tasks.join_next().await {
        sum += joined?;
    }
    Ok(sum)
}

async fn tracker<F>(items: u64, item: fn(u64) -> F) -> Result<u64, BoxError>
where
    F: Future<Output = u64> + Send + 'static,
{
    let (mut sum, tracker, permits) = (0, TaskTracker::new(), Arc::new(Semaphore::new(AT_ONCE)));
    let mut ring = VecDeque::with_capacity(AT_ONCE);
    for index in 0..items {
        let permit = Arc::clone(&permits).acquire_owned().await?;
        if ring.len() == AT_ONCE
            && let Some(task) = ring.pop_front()
        {
            let task: tokio::task::JoinHandle<u64> = task;
            sum += task.await?;
        }
        ring.push_back(tracker.spawn(async move {
            let _permit = permit;
            item(index).await
        }));
    }
    for task in ring {
        sum += task.await?;
    }
    tracker.close();
    tracker.wait().await;
    Ok(sum)
}

#[expect(clippy::disallowed_methods, reason = "this is what workyard is compared with")]
async fn ring_of_spawned<F>(items: u64, item: fn(u64) -> F) -> Result<u64, BoxError>
where
    F: Future<Output = u64> + Send + 'static,
{
    let (mut sum, mut ring) = (0, VecDeque::with_capacity(AT_ONCE));
    for index in 0..items {
        if ring.len() == AT_ONCE
            && let Some(task) = ring.pop_front()
        {
            let task: tokio::task::JoinHandle<u64> = task;
            sum += task.await?;
        }
        ring.push_back(tokio::spawn(item(index)));
    }
    for task in ring {
        sum += task.await?;
    }
    Ok(sum)
}

async fn unordered<F>(items: u64, item: fn(u64) -> F) -> Result<u64, BoxError>
where
    F: Future<Output = u64> + Send + 'static,
{
    let (mut sum, mut futures) = (0, FuturesUnordered::new());
    for index in 0..items {
        if futures.len() == AT_ONCE {
            sum += futures.next().await.ok_or("a future is missing")?;
        }
        futures.push(item(index));
    }
    while let Some(value) = futures.next().await {
        sum += value;
    }
    Ok(sum)
}

#[expect(clippy::disallowed_methods, reason = "this is what workyard is compared with")]
/// On threads of its own, since it knows nothing of tokio; the task that submits is one of the executor's.
fn executor<F>(items: u64, item: fn(u64) -> F) -> Result<Sample, BoxError>
where
    F: Future<Output = u64> + Send + 'static,
{
    run(Awaited::InMain, async move {
        let executor = Arc::new(Executor::new());
        let mut stops = Vec::new();
        for _ in 0..WORKERS {
            let (stop, stopped) = oneshot::channel::<()>();
            let executor = Arc::clone(&executor);
            std::thread::spawn(move || futures_lite::future::block_on(executor.run(stopped)));
            stops.push(stop);
        }
        let own = Arc::clone(&executor);
        let measured = executor.spawn(async move {
            check(ring_in(&own, WARM_UP, item).await, WARM_UP)?;
            let meter = Meter::start();
            let total = ring_in(&own, items, item).await;
            let used = meter.read();
            check(total, items)?;
            Ok(per_item(used, items))
        });
        measured.await
    })
}

async fn ring_in<F>(executor: &Executor<'static>, items: u64, item: fn(u64) -> F) -> u64
where
    F: Future<Output = u64> + Send + 'static,
{
    let (mut sum, mut ring) = (0, VecDeque::with_capacity(AT_ONCE));
    for index in 0..items {
        if ring.len() == AT_ONCE
            && let Some(task) = ring.pop_front()
        {
            let task: async_executor::Task<u64> = task;
            sum += task.await;
        }
        ring.push_back(executor.spawn(item(index)));
    }
    for task in ring {
        sum += task.await;
    }
    sum
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
