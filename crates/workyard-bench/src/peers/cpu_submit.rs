//! Owns the variants that submit a short computation at a time, and collect what they give.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio_rayon::AsyncThreadPool as _;
use workyard::{BoxError, Lane, Scheduler};

use super::bare::{BareLane, Manner};
use super::group::{Group, PER_ITEM, Requirement, Row, Unit, WALL, no_row, per_item};
use super::runtime::{Awaited, run, threads};
use crate::harness::{Meter, Sample};
use crate::work::spin_from;

/// Collected by `buffer_unordered`.
pub(super) const GROUP: Group = Group {
    name: "cpu-unordered",
    title: "computations of 1 µs, submitted one by one, 1,024 at once, collected as they end",
    rows: &[
        Row::new("tokio-rayon", "`tokio_rayon::spawn`, `buffer_unordered`"),
        Row::new("workyard", "workyard `cpu().run`, `buffer_unordered`"),
        Row::new("workyard-map", "workyard `cpu().map`"),
        Row::new("rayon", "rayon, `into_par_iter().map().sum()`"),
        Row::new("bare", "a queue without guarantees, `buffer_unordered`"),
    ],
    columns: PER_ITEM,
    requirements: &[at_most("workyard", 0.70, 0.55), at_most("workyard-map", 0.40, 0.32)],
    items: 200_000,
    work: Some(Duration::from_micros(1)),
    sample,
};

/// Collected in order.
pub(super) const RING: Group = Group {
    name: "cpu-ring",
    title: "computations of 1 µs, submitted one by one, a ring of 1,024 handles",
    rows: &[
        Row::new("tokio-rayon-ring", "`tokio_rayon::spawn`, a ring of handles"),
        Row::new("workyard-ring", "workyard `cpu().submit`, a ring of handles"),
        Row::new("bare-ring", "a queue without guarantees, a ring of handles"),
        Row::new("bare-each", "the same, each taken by itself, its times noted, its end counted"),
    ],
    requirements: &[at_most("workyard-ring", 0.80, 0.70)],
    ..GROUP
};

const fn at_most(row: &'static str, must: f64, aim: f64) -> Requirement {
    Requirement { row, number: WALL, unit: Unit::OfBaseline, must, aim: Some(aim) }
}

fn sample(row: &str, items: u64, iterations: u64) -> Result<Sample, BoxError> {
    let task = Task { items, iterations };
    match row {
        "tokio-rayon" => in_pool(task, How::Unordered),
        "tokio-rayon-ring" => in_pool(task, How::Ring),
        "rayon" => in_pool(task, How::AtOnce),
        "bare" => in_bare_lane(task, How::Unordered, Manner::Batches),
        "bare-ring" => in_bare_lane(task, How::Ring, Manner::Batches),
        "bare-each" => in_bare_lane(task, How::Ring, Manner::Each),
        "workyard" => in_lane(task, How::Unordered),
        "workyard-ring" => in_lane(task, How::Ring),
        "workyard-map" => in_lane(task, How::AtOnce),
        other => no_row(other),
    }
}

/// How results are collected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// One by one, as they come.
    Unordered,
    /// One by one, in order.
    Ring,
    /// All inputs are given at once.
    AtOnce,
}

#[derive(Clone, Copy)]
struct Task {
    items: u64,
    iterations: u64,
}

impl Task {
    fn item(self, index: u64) -> u64 {
        // Not too large to be added up, and never zero.
        spin_from(index, self.iterations) >> 32 | 1
    }

    const fn warm_up(self) -> Self {
        Self { items: 10_000, ..self }
    }

    /// # Errors
    /// When this is not what the items add up to.
    fn check(self, sum: u64) -> Result<(), BoxError> {
        let right = (0..self.items).into_par_iter().map(|index| self.item(index)).sum::<u64>();
        if sum == right { Ok(()) } else { Err(format!("{} items add up to {right}, not {sum}", self.items).into()) }
    }
}

fn in_pool(task: Task, how: How) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        let pool = ThreadPoolBuilder::new().num_threads(threads()).build()?;
        measured(task, |task| sum_in_pool(&pool, task, how)).await
    })
}

async fn sum_in_pool(pool: &ThreadPool, task: Task, how: How) -> Result<u64, BoxError> {
    if how == How::AtOnce {
        return Ok(pool.install(|| (0..task.items).into_par_iter().map(|index| task.item(index)).sum()));
    }
    Ok(collected(task, how, |index| pool.spawn_async(move || task.item(index))).await)
}

fn in_bare_lane(task: Task, how: How, manner: Manner) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        let lane = BareLane::new(threads(), manner);
        measured(task, |task| sum_in_bare_lane(&lane, task, how)).await
    })
}

async fn sum_in_bare_lane(lane: &BareLane, task: Task, how: How) -> Result<u64, BoxError> {
    Ok(collected(task, how, |index| lane.submit(move || task.item(index))).await)
}

fn in_lane(task: Task, how: How) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(threads()).queue(AT_ONCE)).build()?;
        let sample = measured(task, |task| sum_in_lane(&yard, task, how)).await?;
        let report = yard.shutdown().await;
        if !report.balances() || report.total.completed != task.items + task.warm_up().items {
            return Err(format!("{} items were asked for: {report}", task.items).into());
        }
        Ok(sample)
    })
}

/// `sum` is measured after it was warmed up.
async fn measured<S>(task: Task, sum: impl Fn(Task) -> S) -> Result<Sample, BoxError>
where
    S: Future<Output = Result<u64, BoxError>>,
{
    task.warm_up().check(sum(task.warm_up()).await?)?;
    let meter = Meter::start();
    let total = sum(task).await?;
    let used = meter.read();
    task.check(total)?;
    Ok(per_item(used, task.items))
}

/// What the items add up to, each of which is submitted by itself.
async fn collected<F: Future<Output = u64>>(task: Task, how: How, submit: impl Fn(u64) -> F) -> u64 {
    if how != How::Ring {
        let results = stream::iter(0..task.items).map(submit).buffer_unordered(AT_ONCE);
        return results.fold(0, async |sum, value| sum + value).await;
    }
    let (mut sum, mut ring) = (0, VecDeque::with_capacity(AT_ONCE));
    for index in 0..task.items {
        if ring.len() == AT_ONCE
            && let Some(result) = ring.pop_front()
        {
            let result: F = result;
            sum += result.await;
        }
        ring.push_back(submit(index));
    }
    for result in ring {
        sum += result.await;
    }
    sum
}

async fn sum_in_lane(yard: &Scheduler, task: Task, how: How) -> Result<u64, BoxError> {
    let item = move |index| move || task.item(index);
    match how {
        How::Unordered => {
            let cpu = yard.cpu();
            let results = stream::iter(0..task.items).map(|index| cpu.run(item(index))).buffer_unordered(AT_ONCE);
            Ok(results.try_fold(0, async |sum, value| Ok(sum + value)).await?)
        }
        How::Ring => {
            let (mut sum, mut ring) = (0, VecDeque::with_capacity(AT_ONCE));
            for index in 0..task.items {
                if ring.len() == AT_ONCE
                    && let Some(handle) = ring.pop_front()
                {
                    let handle: workyard::Handle<u64> = handle;
                    sum += handle.await?;
                }
                ring.push_back(yard.cpu().submit(item(index)).await?);
            }
            for handle in ring {
                sum += handle.await?;
            }
            Ok(sum)
        }
        How::AtOnce => Ok(yard.cpu().map(0..task.items, move |index| task.item(index)).sum().await?),
    }
}

const AT_ONCE: usize = 1_024;
