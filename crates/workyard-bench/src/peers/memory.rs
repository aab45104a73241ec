//! Owns the variants that have many tasks wait, each with a handle and 32 bytes of its own, and tell how much memory that takes.

use std::fs;
use std::hint::black_box;

use async_executor::Executor;
use tokio::runtime::Builder;
use workyard::{BoxError, Lane, Scheduler};

use super::group::{Column, Group, Requirement, Row, Unit, no_row};
use crate::harness::Sample;

pub(super) const GROUP: Group = Group {
    name: "memory",
    title: "tasks that wait, with a handle and 32 bytes of state each",
    rows: &[
        Row::new("spawn", "`tokio::spawn`"),
        Row::new("workyard-io", "workyard `io().submit`"),
        Row::new("workyard-cpu", "workyard `cpu().submit`"),
        Row::new("executor", "async-executor"),
    ],
    columns: &[Column { number: BYTES, title: "resident bytes", compared: true }],
    requirements: &[at_most("workyard-io"), at_most("workyard-cpu")],
    items: 1_000_000,
    work: None,
    sample,
};

const fn at_most(row: &'static str) -> Requirement {
    Requirement { row, number: BYTES, unit: Unit::OfBaseline, must: 0.30, aim: Some(0.25) }
}

const BYTES: &str = "bytes";

/// What a task holds.
type State = [u64; 4];

fn sample(row: &str, items: u64, _: u64) -> Result<Sample, BoxError> {
    match row {
        "spawn" => spawned(items),
        "workyard-io" => in_io_lane(items),
        "workyard-cpu" => in_cpu_lane(items),
        "executor" => in_executor(items),
        other => no_row(other),
    }
}

/// A runtime of one thread, which runs nothing meanwhile.
fn spawned(items: u64) -> Result<Sample, BoxError> {
    let runtime = Builder::new_current_thread().build()?;
    let mut handles = Vec::with_capacity(usize::try_from(items)?);
    let before = resident()?;
    handles.extend((0..items).map(|index| runtime.spawn(sum(state(index)))));
    let sample = per_item(before, resident()?, items);
    let summed = runtime.block_on(async {
        let mut total = 0;
        for handle in handles {
            total += handle.await?;
        }
        Ok::<_, BoxError>(total)
    })?;
    check(summed, items, sample)
}

fn in_io_lane(items: u64) -> Result<Sample, BoxError> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let yard = Scheduler::builder().io(Lane::io().limit(1).queue(usize::try_from(items)?)).build()?;
        let first = yard.io().submit(std::future::pending::<()>()).await?;
        let mut handles = Vec::with_capacity(usize::try_from(items)?);
        let before = resident()?;
        for index in 0..items {
            handles.push(yard.io().try_submit(sum(state(index)))?);
        }
        let sample = per_item(before, resident()?, items);
        first.abort();
        let mut total = 0;
        for handle in handles {
            total += handle.await?;
        }
        check(total, items, sample)
    })
}

fn in_cpu_lane(items: u64) -> Result<Sample, BoxError> {
    let yard = Scheduler::builder().cpu(Lane::cpu().threads(1).queue(usize::try_from(items)?)).build_standalone()?;
    let (open, shut) = std::sync::mpsc::channel::<()>();
    let first = yard.cpu().blocking_submit(move || shut.recv().is_err())?;
    let mut handles = Vec::with_capacity(usize::try_from(items)?);
    let before = resident()?;
    for index in 0..items {
        let state = state(index);
        handles.push(yard.cpu().try_submit(move || black_box(state).iter().sum::<u64>())?);
    }
    let sample = per_item(before, resident()?, items);
    drop(open);
    first.blocking_join()?;
    let mut total = 0;
    for handle in handles {
        total += handle.blocking_join()?;
    }
    check(total, items, sample)
}

fn in_executor(items: u64) -> Result<Sample, BoxError> {
    let executor = Executor::new();
    let mut handles = Vec::with_capacity(usize::try_from(items)?);
    let before = resident()?;
    handles.extend((0..items).map(|index| executor.spawn(sum(state(index)))));
    let sample = per_item(before, resident()?, items);
    let total = futures_lite::future::block_on(executor.run(async {
        let mut total = 0;
        for handle in handles {
            total += handle.await;
        }
        total
    }));
    check(total, items, sample)
}

const fn state(index: u64) -> State {
    [index, index + 1, index + 2, index + 3]
}

async fn sum(state: State) -> u64 {
    std::future::ready(()).await;
    black_box(state).iter().sum()
}

/// # Errors
/// When this is not what the items add up to.
fn check(sum: u64, items: u64, sample: Sample) -> Result<Sample, BoxError> {
    let right = (0..items).flat_map(state).sum::<u64>();
    if sum == right { Ok(sample) } else { Err(format!("{items} items add up to {right}, not {sum}").into()) }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn per_item(before: u64, after: u64, items: u64) -> Sample {
    Sample::default().with(BYTES, after.saturating_sub(before) as f64 / items as f64)
}

/// The memory that this process has now; of Linux alone.
fn resident() -> Result<u64, BoxError> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("this system does not tell")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1_024)
}
