//! Owns the variants that do nothing, and those that begin and end.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rayon::ThreadPoolBuilder;
use tokio::runtime::Builder;
use workyard::{BoxError, Lane, Scheduler};

use super::group::{Column, Group, Requirement, Row, Unit, no_row};
use super::runtime::threads;
use crate::harness::Sample;

/// A service that has nothing to do.
pub(super) const GROUP: Group = Group {
    name: "idle",
    title: "a second in which nothing runs, after some tasks have",
    rows: &[Row::new("runtime", "a tokio runtime"), Row::new("yard", "the same, and a workyard of three lanes")],
    columns: &[Column { number: WAKES, title: "wake-ups of threads", compared: false }],
    requirements: &[Requirement { row: "yard", number: WAKES, unit: Unit::AsMeasured, must: 0.0, aim: None }],
    items: 1_000,
    work: None,
    sample,
};

/// A yard that is built and dropped.
pub(super) const BUILD: Group = Group {
    name: "build",
    title: "building what work runs on, and dropping it, until its threads have ended",
    rows: &[
        Row::new("rayon", "a rayon pool of a thread for each CPU"),
        Row::new("workyard", "a workyard of three lanes"),
    ],
    columns: &[Column { number: MICROS, title: "µs", compared: true }],
    requirements: &[],
    items: 1_000,
    work: None,
    sample: build,
};

const WAKES: &str = "wakes";
const MICROS: &str = "micros";

fn sample(row: &str, items: u64, _: u64) -> Result<Sample, BoxError> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let yard = match row {
        "runtime" => None,
        "yard" => Some(runtime.block_on(async { Scheduler::builder().build() })?),
        other => return no_row(other),
    };
    runtime.block_on(async {
        for _ in 0..items {
            runtime.spawn(async {}).await?;
            if let Some(yard) = &yard {
                yard.io().run(async {}).await?;
                yard.cpu().run(|| ()).await?;
                yard.blocking().run(|| ()).await?;
            }
        }
        Ok::<_, BoxError>(())
    })?;
    // Threads that were just at work look around once more before they sleep, and the watchdog twice, a quarter of a second apart.
    thread::sleep(SETTLE);
    let before = wakes()?;
    thread::sleep(LOOK);
    // This thread woke once.
    let wakes = wakes()?.saturating_sub(before).saturating_sub(1);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    Ok(Sample::default().with(WAKES, wakes as f64))
}

fn build(row: &str, items: u64, _: u64) -> Result<Sample, BoxError> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let _inside = runtime.enter();
    let since = Instant::now();
    for _ in 0..items {
        match row {
            "rayon" => drop(ThreadPoolBuilder::new().num_threads(threads()).build()?),
            "workyard" => drop(Scheduler::builder().cpu(Lane::cpu().threads(threads())).build()?),
            other => return no_row(other),
        }
        while count_threads()? > ALWAYS {
            thread::yield_now();
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    Ok(Sample::default().with(MICROS, since.elapsed().as_secs_f64() * 1e6 / items as f64))
}

/// How often threads of this process have gone to sleep so far; of Linux alone.
fn wakes() -> Result<u64, BoxError> {
    let mut all = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let status = fs::read_to_string(task?.path().join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        all += line.ok_or("this system does not tell")?.trim().parse::<u64>()?;
    }
    Ok(all)
}

fn count_threads() -> Result<usize, BoxError> {
    Ok(fs::read_dir("/proc/self/task")?.count())
}

/// The main thread and the workers of the runtime.
const ALWAYS: usize = 3;

const SETTLE: Duration = Duration::from_secs(1);

const LOOK: Duration = Duration::from_secs(1);
