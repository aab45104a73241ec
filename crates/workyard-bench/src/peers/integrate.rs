//! Owns the variants that integrate x² from 0 to 10 in chunks. All have the same chunks and the same kernel.

use rayon::ThreadPoolBuilder;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use workyard::{BoxError, Lane, Scheduler};

use super::group::{Group, PER_ITEM, Requirement, Row, Unit, WALL, no_row, per_item};
use super::runtime::{Awaited, run, threads};
use crate::harness::{Meter, Sample};

pub(super) const GROUP: Group = Group {
    name: "integrate",
    title: "steps of an integral, in 1,000 chunks, summed",
    rows: &[Row::new("rayon", "rayon, `par_iter().map().sum()`"), Row::new("workyard", "workyard `cpu().map().sum()`")],
    columns: PER_ITEM,
    requirements: &[Requirement { row: "workyard", number: WALL, unit: Unit::OfBaseline, must: 1.03, aim: None }],
    items: 100_000_000,
    work: None,
    sample,
};

fn sample(row: &str, steps: u64, _: u64) -> Result<Sample, BoxError> {
    match row {
        "rayon" => rayon(steps),
        "workyard" => workyard(steps),
        other => no_row(other),
    }
}

fn rayon(steps: u64) -> Result<Sample, BoxError> {
    let pool = ThreadPoolBuilder::new().num_threads(threads()).build()?;
    let integrate = |steps| -> f64 { pool.install(|| chunks(steps).par_iter().map(|&chunk| area(chunk)).sum()) };
    check(integrate(steps / WARMER))?;
    let meter = Meter::start();
    let whole = integrate(steps);
    let used = meter.read();
    check(whole)?;
    Ok(per_item(used, steps))
}

fn workyard(steps: u64) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(threads())).build()?;
        let integrate = async |steps| yard.cpu().map(chunks(steps), area).sum::<f64>().await;
        check(integrate(steps / WARMER).await?)?;
        let meter = Meter::start();
        let whole = integrate(steps).await?;
        let used = meter.read();
        check(whole)?;
        Ok(per_item(used, steps))
    })
}

/// Some of the steps.
#[derive(Clone, Copy)]
struct Chunk {
    first: u64,
    end: u64,
    /// How wide a step is.
    width: f64,
}

fn chunks(steps: u64) -> Vec<Chunk> {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let width = END / steps as f64;
    let bound = |chunk| steps * chunk / CHUNKS;
    (0..CHUNKS).map(|chunk| Chunk { first: bound(chunk), end: bound(chunk + 1), width }).collect()
}

/// By the midpoint rule.
fn area(Chunk { first, end, width }: Chunk) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let middle = |step: u64| (step as f64 + 0.5) * width;
    (first..end).map(|step| middle(step) * middle(step)).sum::<f64>() * width
}

/// # Errors
/// When this is not the integral, to nine digits.
fn check(whole: f64) -> Result<(), BoxError> {
    let right = END.powi(3) / 3.0;
    let error = ((whole - right) / right).abs();
    if error <= TOLERANCE { Ok(()) } else { Err(format!("{whole} is not {right}").into()) }
}

const END: f64 = 10.0;

const CHUNKS: u64 = 1_000;

const TOLERANCE: f64 = 1e-9;

/// The warm-up has one step in so many: enough for nine digits.
const WARMER: u64 = 10;
