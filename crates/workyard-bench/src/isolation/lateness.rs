//! Owns the ticker and what it says of the service it runs in. Never knows what the load is.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use workyard::BoxError;

use super::load::{Load, Running};
use super::service::{cpus, serve};
use crate::harness::{Meter, Sample, quantile};
use crate::work::Work;

/// The numbers of a sample of lateness; the first four are in microseconds.
pub(super) const P50: &str = "p50";
pub(super) const P99: &str = "p99";
pub(super) const P999: &str = "p99.9";
pub(super) const MAX: &str = "max";
/// Closures that ended in a second meanwhile.
pub(super) const CLOSURES: &str = "closures";

/// # Errors
/// When the load did not do all of its work, or not as it was asked to.
pub(super) fn sample(load: Load, ticks: u32, work: Work) -> Result<Sample, BoxError> {
    serve(async move {
        let running = Running::start(load, work).await?;
        tokio::time::sleep(WARM_UP).await;
        let (closures, meter) = (running.closures(), Meter::start());
        let late = tick(ticks).await;
        let (closures, used) = (running.closures() - closures, meter.read());
        running.stop().await?;
        if load != Load::Idle && closures < cpus() as u64 {
            return Err(format!("only {closures} closures ended: the service was not under load").into());
        }
        let sample = Sample::default()
            .with(P50, quantile(&late, 0.5))
            .with(P99, quantile(&late, 0.99))
            .with(P999, quantile(&late, 0.999))
            .with(MAX, quantile(&late, 1.0))
            .with(CLOSURES, used.rate(closures));
        Ok(used.add_to(sample))
    })
}

/// How late each of so many ticks came, in microseconds.
///
/// A tick is due at a multiple of the period from the start, whatever became of the ones before it. `tokio::time::interval`
/// would not do: with `MissedTickBehavior::Delay` a tick that comes late puts off all that follow, so those that a stall would
/// have hit are never due; and it does so only past 5 ms, so what is due would depend on how long the stall was.
///
/// Tokio wakes at whole milliseconds since the runtime began, so that a tick is late by up to one more, depending on where
/// between two of these it is due. The period is 1 ms and a little, so that the ticks of one sample are due at every point
/// between, once each, and no sample is lucky.
async fn tick(ticks: u32) -> Vec<f64> {
    let period = TICK + TICK / ticks;
    let mut late = Vec::with_capacity(ticks as usize);
    let start = Instant::now();
    for tick in 1..=ticks {
        let due = start + period * tick;
        sleep_until(due).await;
        late.push((Instant::now() - due).as_secs_f64() * 1e6);
    }
    late
}

const TICK: Duration = Duration::from_millis(1);

/// Until the runtime's threads are there, and the load's have had the CPUs for a while.
const WARM_UP: Duration = Duration::from_millis(200);
