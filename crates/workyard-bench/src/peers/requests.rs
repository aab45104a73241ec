//! Owns the variants that serve requests: each waits for a millisecond, then computes for a fifth of one. Clients ask again
//! as soon as they have an answer; beside them a ticker tells how late the runtime is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rayon::ThreadPoolBuilder;
use tokio::time::sleep;
use tokio_rayon::AsyncThreadPool as _;
use workyard::{BoxError, Lane, Scheduler};

use super::group::{Column, Group, Requirement, Row, Unit, WALL, no_row, per_item};
use super::runtime::{Awaited, run, threads};
use crate::harness::{Meter, Sample, quantile};
use crate::work::Work;

pub(super) const GROUP: Group = Group {
    name: "requests",
    title: "requests of 64 clients that wait for 1 ms and compute for 200 µs, beside a ticker of 1 ms",
    rows: &[
        Row::new("tokio-rayon", "`tokio_rayon::spawn`"),
        Row::new("workyard", "workyard `cpu().run`"),
        Row::new("workyard-background", "workyard `cpu().run`, in the background"),
    ],
    columns: &[
        Column { number: WALL, title: "wall ns a request", compared: true },
        Column { number: REQUEST_P99, title: "request p99 ms", compared: true },
        Column { number: TICKER_P99, title: "ticker p99 ms late", compared: true },
    ],
    requirements: &[at_most(WALL, 1.00, 0.98), at_most(REQUEST_P99, 0.90, 0.84), at_most(TICKER_P99, 0.40, 0.36)],
    items: 10_000,
    work: Some(Duration::from_micros(200)),
    sample,
};

const fn at_most(number: &'static str, must: f64, aim: f64) -> Requirement {
    Requirement { row: "workyard-background", number, unit: Unit::OfBaseline, must, aim: Some(aim) }
}

const REQUEST_P99: &str = "request-p99";
const TICKER_P99: &str = "ticker-p99";

fn sample(row: &str, items: u64, iterations: u64) -> Result<Sample, BoxError> {
    let requests = Requests { each: items / CLIENTS, work: Work::new(iterations) };
    match row {
        "tokio-rayon" => run(Awaited::InTask, async move {
            let pool = Arc::new(ThreadPoolBuilder::new().num_threads(threads()).build()?);
            let serve = move || {
                let pool = Arc::clone(&pool);
                async move {
                    sleep(WAIT).await;
                    Ok(pool.spawn_async(move || requests.work.is_done()).await)
                }
            };
            requests.all(serve).await
        }),
        "workyard" => in_yard(requests, false),
        "workyard-background" => in_yard(requests, true),
        other => no_row(other),
    }
}

fn in_yard(requests: Requests, background: bool) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        let lane = Lane::cpu().threads(threads());
        let yard = Scheduler::builder().cpu(if background { lane.background() } else { lane }).build()?;
        let cpu = yard.cpu().clone();
        let serve = move || {
            let cpu = cpu.clone();
            async move {
                sleep(WAIT).await;
                Ok(cpu.run(move || requests.work.is_done()).await?)
            }
        };
        let sample = requests.all(serve).await?;
        let report = yard.shutdown().await;
        if !report.balances() || report.total.completed != requests.each * CLIENTS {
            return Err(format!("{} requests of {CLIENTS} clients each: {report}", requests.each).into());
        }
        Ok(sample)
    })
}

#[derive(Clone, Copy)]
struct Requests {
    /// Of one client.
    each: u64,
    work: Work,
}

impl Requests {
    /// # Errors
    /// When a request failed, or came to a wrong result.
    #[expect(clippy::disallowed_methods, reason = "clients and the ticker are the service around what is measured")]
    async fn all<F>(self, serve: impl Fn() -> F + Clone + Send + 'static) -> Result<Sample, BoxError>
    where
        F: Future<Output = Result<bool, BoxError>> + Send + 'static,
    {
        let stop = Arc::new(AtomicBool::new(false));
        let ticker = tokio::spawn(lateness(Arc::clone(&stop)));
        let meter = Meter::start();
        let clients: Vec<_> = (0..CLIENTS).map(|_| tokio::spawn(self.client(serve.clone()))).collect();
        let mut took = Vec::new();
        for client in clients {
            took.extend(client.await??);
        }
        let sample = per_item(meter.read(), self.each * CLIENTS);
        stop.store(true, Ordering::Relaxed);
        let late = ticker.await?;
        Ok(sample.with(REQUEST_P99, quantile(&took, 0.99)).with(TICKER_P99, quantile(&late, 0.99)))
    }

    async fn client<F>(self, serve: impl Fn() -> F + Send + 'static) -> Result<Vec<f64>, BoxError>
    where
        F: Future<Output = Result<bool, BoxError>> + Send,
    {
        let mut took = Vec::new();
        for _ in 0..self.each {
            let asked = Instant::now();
            if !serve().await? {
                return Err("a request came to a wrong result".into());
            }
            took.push(asked.elapsed().as_secs_f64() * 1e3);
        }
        Ok(took)
    }
}

/// How late each tick was, in milliseconds.
async fn lateness(stop: Arc<AtomicBool>) -> Vec<f64> {
    let mut ticks = tokio::time::interval(WAIT);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut late = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let due = ticks.tick().await;
        late.push(due.elapsed().as_secs_f64() * 1e3);
    }
    late
}

const CLIENTS: u64 = 64;

const WAIT: Duration = Duration::from_millis(1);
