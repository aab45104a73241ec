//! Owns the variants that tell how the cost of a task grows: with the tasks that wait, and with the threads that run them.

use std::collections::VecDeque;

use workyard::{BoxError, Lane, Scheduler};

use super::group::{Group, PER_ITEM, Row, no_row, per_item};
use super::runtime::{Awaited, run};
use crate::harness::{Meter, Sample};

/// With the tasks that wait.
pub(super) const QUEUED: Group = Group {
    name: "queued",
    title: "closures that do nothing, all of which wait before the first runs; a sample repeats few often",
    rows: &[
        Row { one_in: 1_000_000, ..Row::new("10", "workyard, 10 wait") },
        Row { one_in: 10_000, ..Row::new("1000", "workyard, 1,000 wait") },
        Row { one_in: 100, ..Row::new("100000", "workyard, 100,000 wait") },
        Row::new("10000000", "workyard, 10,000,000 wait"),
    ],
    columns: PER_ITEM,
    requirements: &[],
    items: 10_000_000,
    work: None,
    sample: |_, items, _| queued(items),
};

/// With the threads that run them.
pub(super) const THREADS: Group = Group {
    name: "threads",
    title: "closures that do nothing, a ring of 1,024 handles, on a cpu lane of so many threads",
    rows: &[
        Row::new("1", "workyard, 1 thread"),
        Row::new("2", "workyard, 2 threads"),
        Row::new("4", "workyard, 4 threads"),
        Row::new("8", "workyard, 8 threads"),
    ],
    columns: PER_ITEM,
    requirements: &[],
    items: 500_000,
    work: None,
    sample: |row, items, _| match row.parse() {
        Ok(threads) => in_threads(threads, items),
        Err(_) => no_row(row),
    },
};

fn queued(items: u64) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        let at_once = usize::try_from(items)?;
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1).queue(at_once)).build()?;
        let rounds = (LEAST / items).max(1);
        let mut handles = Vec::with_capacity(at_once);
        let meter = Meter::start();
        let mut sum = 0;
        for _ in 0..rounds {
            let (open, shut) = std::sync::mpsc::channel::<()>();
            let first = yard.cpu().submit(move || shut.recv().is_err()).await?;
            for index in 0..items {
                handles.push(yard.cpu().submit(move || index).await?);
            }
            drop(open);
            first.await?;
            for handle in handles.drain(..) {
                sum += handle.await?;
            }
        }
        let used = meter.read();
        let right = rounds * (items * (items - 1) / 2);
        if sum != right {
            return Err(format!("{rounds} times {items} items add up to {right}, not {sum}").into());
        }
        Ok(per_item(used, rounds * items))
    })
}

fn in_threads(threads: usize, items: u64) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(threads)).build()?;
        let (mut sum, mut ring) = (0, VecDeque::with_capacity(AT_ONCE));
        let meter = Meter::start();
        for index in 0..items {
            if ring.len() == AT_ONCE
                && let Some(handle) = ring.pop_front()
            {
                let handle: workyard::Handle<u64> = handle;
                sum += handle.await?;
            }
            ring.push_back(yard.cpu().submit(move || index).await?);
        }
        for handle in ring {
            sum += handle.await?;
        }
        let used = meter.read();
        let right = items * (items - 1) / 2;
        if sum == right { Ok(per_item(used, items)) } else { Err(format!("{sum} is not {right}").into()) }
    })
}

const AT_ONCE: usize = 1_024;

/// Of one sample.
const LEAST: u64 = 100_000;
