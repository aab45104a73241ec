//! Owns the variants that compute one thing after the other: what it costs to use a map where there is nothing to spread.

use std::time::Duration;

use rayon::ThreadPoolBuilder;
use workyard::{BoxError, Lane, Scheduler};

use super::group::{Group, PER_ITEM, Requirement, Row, Unit, WALL, no_row, per_item};
use super::runtime::{Awaited, run, threads};
use crate::harness::{Meter, Sample};
use crate::work::spin_from;

pub(super) const GROUP: Group = Group {
    name: "map-one",
    title: "computations of 1 ms, one after the other",
    rows: &[
        Row::new("here", "a loop, on the thread that asks"),
        Row::new("rayon", "rayon, `install` for each"),
        Row::new("workyard", "workyard `cpu().map` of one item, for each"),
    ],
    columns: PER_ITEM,
    requirements: &[Requirement { row: "workyard", number: WALL, unit: Unit::OfBaseline, must: 1.05, aim: None }],
    items: 200,
    work: Some(Duration::from_millis(1)),
    sample,
};

fn sample(row: &str, items: u64, iterations: u64) -> Result<Sample, BoxError> {
    match row {
        "here" => here(items, iterations),
        "rayon" => rayon(items, iterations),
        "workyard" => workyard(items, iterations),
        other => no_row(other),
    }
}

fn here(items: u64, iterations: u64) -> Result<Sample, BoxError> {
    spin_from(0, iterations);
    let meter = Meter::start();
    let values = (0..items).map(|item| spin_from(item, iterations)).collect::<Vec<_>>();
    let used = meter.read();
    check(&values, iterations)?;
    Ok(per_item(used, items))
}

fn rayon(items: u64, iterations: u64) -> Result<Sample, BoxError> {
    let pool = ThreadPoolBuilder::new().num_threads(threads()).build()?;
    pool.install(|| spin_from(0, iterations));
    let meter = Meter::start();
    let values = (0..items).map(|item| pool.install(|| spin_from(item, iterations))).collect::<Vec<_>>();
    let used = meter.read();
    check(&values, iterations)?;
    Ok(per_item(used, items))
}

fn workyard(items: u64, iterations: u64) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(threads())).build()?;
        let map = async |item| yard.cpu().map([item], move |item| spin_from(item, iterations)).await;
        map(0).await?;
        let meter = Meter::start();
        let mut values = Vec::new();
        for item in 0..items {
            values.append(&mut map(item).await?);
        }
        let used = meter.read();
        check(&values, iterations)?;
        Ok(per_item(used, items))
    })
}

/// # Errors
/// When the last result is not that of its item. To make all of them again takes as long as the sample.
fn check(values: &[u64], iterations: u64) -> Result<(), BoxError> {
    let last = values.len() as u64 - 1;
    if values.last() == Some(&spin_from(last, iterations)) { Ok(()) } else { Err("a wrong result".into()) }
}
