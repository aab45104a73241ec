//! Owns the variants that have a few items compute for long between two awaits, and measure how long the others take meanwhile,
//! each from its first poll to its end.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::yield_now;
use workyard::{BoxError, Lane, Scheduler};

use super::group::{Column, Group, Requirement, Row, Unit, WALL, no_row, per_item};
use super::runtime::{Awaited, run};
use crate::harness::{Meter, Sample, quantile};
use crate::work::Work;

/// One item in a hundred computes for a millisecond.
pub(super) const GROUP: Group = Group {
    name: "map-latency",
    title: "futures that yield twice, 64 at once, while 1 % compute for 1 ms in between; of the other 99 %",
    rows: ROWS,
    columns: COLUMNS,
    requirements: &[Requirement { row: "workyard", number: P99, unit: Unit::OfBaseline, must: 1.5, aim: None }],
    items: 20_000,
    work: Some(Duration::from_millis(1)),
    sample: |row, items, iterations| sample(row, Mix { items, one_in: 100, work: Work::new(iterations) }),
};

/// One item in two thousand computes for twenty.
pub(super) const LONG_POLLS: Group = Group {
    name: "map-long-polls",
    title: "the same, while 1 in 2,000 computes for 20 ms",
    requirements: &[],
    work: Some(Duration::from_millis(20)),
    sample: |row, items, iterations| sample(row, Mix { items, one_in: 2_000, work: Work::new(iterations) }),
    ..GROUP
};

/// As [`GROUP`], submitted one by one.
pub(super) const SUBMIT: Group = Group {
    name: "submit-latency",
    title: "futures that yield twice, submitted one by one, a ring of 64, while 1 % compute for 1 ms in between; of the other 99 %",
    rows: &[Row::new("spawn-ring", "`tokio::spawn` each"), Row::new("workyard-ring", "workyard `io().submit`")],
    requirements: &[Requirement { row: "workyard-ring", number: P99, unit: Unit::OfBaseline, must: 1.5, aim: None }],
    ..GROUP
};

/// As [`LONG_POLLS`], submitted one by one.
pub(super) const SUBMIT_LONG: Group =
    Group { name: "submit-long", rows: SUBMIT.rows, sample: LONG_POLLS.sample, requirements: &[], ..LONG_POLLS };

const ROWS: &[Row] =
    &[Row::new("spawn", "a permit and `tokio::spawn` each"), Row::new("workyard", "workyard `io().map`")];

const COLUMNS: &[Column] = &[
    Column { number: P50, title: "p50 µs", compared: false },
    Column { number: P99, title: "p99 µs", compared: true },
    Column { number: P999, title: "p99.9 µs", compared: true },
    Column { number: MAX, title: "max µs", compared: false },
    Column { number: WALL, title: "wall ns", compared: true },
];

/// Of the items that do not compute, in microseconds.
const P50: &str = "p50";
const P99: &str = "p99";
const P999: &str = "p99.9";
const MAX: &str = "max";

fn sample(row: &str, mix: Mix) -> Result<Sample, BoxError> {
    match row {
        "spawn" => spawned(mix),
        "spawn-ring" => spawned_ring(mix),
        "workyard-ring" => submitted_ring(mix),
        "workyard" => workyard(mix),
        other => no_row(other),
    }
}

#[derive(Clone, Copy)]
struct Mix {
    items: u64,
    /// One in so many computes.
    one_in: u64,
    work: Work,
}

/// What came of an item.
struct Ended {
    took: Duration,
    /// Whether its work came out right, if it was one of those that compute.
    is_right: Option<bool>,
}

impl Mix {
    async fn item(self, index: u64) -> Ended {
        self.item_since(Instant::now(), index).await
    }

    async fn item_since(self, began: Instant, index: u64) -> Ended {
        yield_now().await;
        let is_right = (index % self.one_in == self.one_in / 2).then(|| self.work.is_done());
        yield_now().await;
        Ended { took: began.elapsed(), is_right }
    }

    /// # Errors
    /// When an item is missing, or its work is wrong.
    fn summed_up(self, ended: &[Ended], sample: Sample) -> Result<Sample, BoxError> {
        let computed = ended.iter().filter_map(|ended| ended.is_right).collect::<Vec<_>>();
        if ended.len() as u64 != self.items || computed != vec![true; usize::try_from(self.items / self.one_in)?] {
            return Err(format!("{} of {} items, of which computed: {computed:?}", ended.len(), self.items).into());
        }
        let others = ended.iter().filter(|ended| ended.is_right.is_none());
        let micros: Vec<f64> = others.map(|ended| ended.took.as_secs_f64() * 1e6).collect();
        let numbers = [(P50, 0.5), (P99, 0.99), (P999, 0.999), (MAX, 1.0)];
        Ok(numbers.into_iter().fold(sample, |sample, (name, share)| sample.with(name, quantile(&micros, share))))
    }
}

fn workyard(mix: Mix) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        let yard = Scheduler::builder().io(Lane::io().limit(AT_ONCE)).build()?;
        // Until the workers are there.
        yard.io().map(0..WARM_UP, async |_| yield_now().await).await?;
        let meter = Meter::start();
        let ended = yard.io().map(0..mix.items, move |index| mix.item(index)).await?;
        mix.summed_up(&ended, per_item(meter.read(), mix.items))
    })
}

/// From the moment at which an item is submitted.
fn submitted_ring(mix: Mix) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        let yard = Scheduler::new();
        yard.io().map(0..WARM_UP, async |_| yield_now().await).await?;
        let meter = Meter::start();
        let mut ended = Vec::with_capacity(usize::try_from(mix.items)?);
        let mut ring = VecDeque::with_capacity(AT_ONCE);
        for index in 0..mix.items {
            if ring.len() == AT_ONCE
                && let Some(handle) = ring.pop_front()
            {
                let handle: workyard::Handle<Ended> = handle;
                ended.push(handle.await?);
            }
            ring.push_back(yard.io().submit(mix.item_since(Instant::now(), index)).await?);
        }
        for handle in ring {
            ended.push(handle.await?);
        }
        mix.summed_up(&ended, per_item(meter.read(), mix.items))
    })
}

#[expect(clippy::disallowed_methods, reason = "this is what workyard is compared with")]
fn spawned_ring(mix: Mix) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        for _ in 0..WARM_UP {
            tokio::spawn(yield_now()).await?;
        }
        let meter = Meter::start();
        let mut ended = Vec::with_capacity(usize::try_from(mix.items)?);
        let mut ring = VecDeque::with_capacity(AT_ONCE);
        for index in 0..mix.items {
            if ring.len() == AT_ONCE
                && let Some(task) = ring.pop_front()
            {
                let task: tokio::task::JoinHandle<Ended> = task;
                ended.push(task.await?);
            }
            ring.push_back(tokio::spawn(mix.item_since(Instant::now(), index)));
        }
        for task in ring {
            ended.push(task.await?);
        }
        mix.summed_up(&ended, per_item(meter.read(), mix.items))
    })
}

#[expect(clippy::disallowed_methods, reason = "this is what workyard is compared with")]
fn spawned(mix: Mix) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        for _ in 0..WARM_UP {
            tokio::spawn(yield_now()).await?;
        }
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        let meter = Meter::start();
        let mut tasks = Vec::with_capacity(usize::try_from(mix.items)?);
        for index in 0..mix.items {
            let permit = Arc::clone(&permits).acquire_owned().await?;
            tasks.push(tokio::spawn(async move {
                let ended = mix.item(index).await;
                drop(permit);
                ended
            }));
        }
        let mut ended = Vec::with_capacity(tasks.len());
        for task in tasks {
            ended.push(task.await?);
        }
        mix.summed_up(&ended, per_item(meter.read(), mix.items))
    })
}

const AT_ONCE: usize = 64;

const WARM_UP: u64 = 1_000;
