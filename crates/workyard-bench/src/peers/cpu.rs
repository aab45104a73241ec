//! Owns the variants that map a short computation over many inputs, and keep all results in order.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::oneshot;
use workyard::{BoxError, Lane, Scheduler};

use super::group::{Group, PER_ITEM, Requirement, Row, Unit, WALL, no_row, per_item};
use super::runtime::{Awaited, run, threads};
use crate::harness::{Meter, Sample};
use crate::work::spin_from;

pub(super) const GROUP: Group = Group {
    name: "map-cpu",
    title: "computations of 1 µs, collected in order",
    rows: &[
        Row::new("rayon", "rayon, `into_par_iter().map().collect()`"),
        Row::new("workyard", "workyard `cpu().map`"),
        Row { one_in: 5, ..Row::new("oneshots", "`rayon::spawn` and a oneshot each, `buffer_unordered`") },
    ],
    columns: PER_ITEM,
    requirements: &[Requirement { row: "workyard", number: WALL, unit: Unit::OfBaseline, must: 1.35, aim: Some(1.10) }],
    items: 1_000_000,
    work: Some(Duration::from_micros(1)),
    sample,
};

fn sample(row: &str, items: u64, iterations: u64) -> Result<Sample, BoxError> {
    let task = Task { items: usize::try_from(items)?, iterations };
    match row {
        "rayon" => rayon(task),
        "workyard" => workyard(task),
        "oneshots" => oneshots(task),
        other => no_row(other),
    }
}

#[derive(Clone, Copy)]
struct Task {
    items: usize,
    iterations: u64,
}

impl Task {
    fn item(self, index: usize) -> u64 {
        spin_from(index as u64, self.iterations)
    }

    const fn warm_up(self) -> Self {
        Self { items: 10_000, ..self }
    }

    /// # Errors
    /// When results are missing or not in their places.
    fn check(self, values: &[u64]) -> Result<(), BoxError> {
        let is_right = |index: usize| values.get(index) == Some(&self.item(index));
        let is_sampled = |index: &usize| index.is_multiple_of(CHECK_EVERY) || index + 1 == self.items;
        match (0..self.items).filter(is_sampled).find(|&index| !is_right(index)) {
            None if values.len() == self.items => Ok(()),
            wrong => Err(format!("{} of {} results, the first wrong one {wrong:?}", values.len(), self.items).into()),
        }
    }
}

fn rayon(task: Task) -> Result<Sample, BoxError> {
    let pool = pool()?;
    let collect = |task: Task| -> Vec<u64> {
        pool.install(|| (0..task.items).into_par_iter().map(|index| task.item(index)).collect())
    };
    task.warm_up().check(&collect(task.warm_up()))?;
    let meter = Meter::start();
    let values = collect(task);
    let used = meter.read();
    task.check(&values)?;
    Ok(per_item(used, task.items as u64))
}

fn workyard(task: Task) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(threads())).build()?;
        let collect = async |task: Task| yard.cpu().map(0..task.items, move |index| task.item(index)).await;
        task.warm_up().check(&collect(task.warm_up()).await?)?;
        let meter = Meter::start();
        let values = collect(task).await?;
        let used = meter.read();
        task.check(&values)?;
        let report = yard.shutdown().await;
        if !report.balances() || report.total.completed != (task.items + task.warm_up().items) as u64 {
            return Err(format!("{} items were asked for: {report}", task.items).into());
        }
        Ok(per_item(used, task.items as u64))
    })
}

fn oneshots(task: Task) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        let pool = pool()?;
        by_oneshots(&pool, task.warm_up()).await?;
        let meter = Meter::start();
        let mut values = by_oneshots(&pool, task).await?;
        let used = meter.read();
        values.sort_unstable();
        task.check(&values.into_iter().map(|(_, value)| value).collect::<Vec<_>>())?;
        Ok(per_item(used, task.items as u64))
    })
}

/// As tokio-rayon does it, which has had no release since 2021.
async fn by_oneshots(pool: &ThreadPool, task: Task) -> Result<Vec<(usize, u64)>, BoxError> {
    let submit = |index| {
        let (sender, receiver) = oneshot::channel();
        // Whoever waits for it is there until the end.
        pool.spawn(move || {
            sender.send((index, task.item(index))).ok();
        });
        receiver
    };
    Ok(stream::iter(0..task.items).map(submit).buffer_unordered(AT_ONCE).try_collect().await?)
}

fn pool() -> Result<ThreadPool, BoxError> {
    Ok(ThreadPoolBuilder::new().num_threads(threads()).build()?)
}

const AT_ONCE: usize = 1_024;

/// Checking all results would take as long as making them.
const CHECK_EVERY: usize = 1_000;
