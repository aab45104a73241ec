//! Owns the variants that set many timers, and have them fire or cancel them.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;
use workyard::{BoxError, Lane, Scheduler, Timer};

use super::group::{Group, PER_ITEM, Row, no_row, per_item};
use super::runtime::{Awaited, run};
use crate::harness::{Meter, Sample};

pub(super) const FIRE: Group = Group {
    name: "timers",
    title: "timers that are set and fire within 200 ms, each with a body that counts",
    rows: &[Row::new("spawn", "`tokio::spawn` of a `sleep`"), Row::new("workyard", "workyard `after(..).io(..)`")],
    columns: PER_ITEM,
    requirements: &[],
    items: 1_000_000,
    work: None,
    sample: fire,
};

pub(super) const CANCEL: Group = Group {
    name: "timers-cancel",
    title: "timers of an hour that are set and cancelled",
    rows: &[
        Row::new("spawn", "`tokio::spawn` of a `sleep`, `abort`"),
        Row::new("workyard", "workyard `after(..).io(..)`, `cancel`"),
    ],
    columns: PER_ITEM,
    requirements: &[],
    items: 1_000_000,
    work: None,
    sample: cancel,
};

/// Delays of whole milliseconds, in no order.
fn delay(item: u64) -> Duration {
    Duration::from_millis((item.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % 200)
}

/// Counts what has fired, and tells when it was the last.
#[derive(Clone)]
struct Fired {
    left: Arc<AtomicU64>,
    last: Arc<Notify>,
}

impl Fired {
    fn of(items: u64) -> Self {
        Self { left: Arc::new(AtomicU64::new(items)), last: Arc::new(Notify::new()) }
    }

    fn body(&self) -> impl Future<Output = ()> + Send + use<> {
        let Self { left, last } = self.clone();
        async move {
            if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                last.notify_one();
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is what workyard is compared with")]
fn fire(row: &str, items: u64, _: u64) -> Result<Sample, BoxError> {
    match row {
        "spawn" => run(Awaited::InTask, async move {
            let fired = Fired::of(items);
            let meter = Meter::start();
            for item in 0..items {
                let body = fired.body();
                drop(tokio::task::spawn(async move {
                    sleep(delay(item)).await;
                    body.await;
                }));
            }
            fired.last.notified().await;
            Ok(per_item(meter.read(), items))
        }),
        "workyard" => run(Awaited::InTask, async move {
            let yard = yard(items)?;
            let fired = Fired::of(items);
            let meter = Meter::start();
            for item in 0..items {
                yard.after(delay(item)).io(fired.body());
            }
            fired.last.notified().await;
            Ok(per_item(meter.read(), items))
        }),
        other => no_row(other),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is what workyard is compared with")]
fn cancel(row: &str, items: u64, _: u64) -> Result<Sample, BoxError> {
    const HOUR: Duration = Duration::from_hours(1);
    match row {
        "spawn" => run(Awaited::InTask, async move {
            let meter = Meter::start();
            let tasks = (0..items).map(|item| tokio::task::spawn(sleep(HOUR + delay(item)))).collect::<Vec<_>>();
            for task in &tasks {
                task.abort();
            }
            for task in tasks {
                if task.await.is_ok() {
                    return Err("an hour has passed".into());
                }
            }
            Ok(per_item(meter.read(), items))
        }),
        "workyard" => run(Awaited::InTask, async move {
            let yard = yard(items)?;
            let meter = Meter::start();
            let timers = (0..items).map(|item| yard.after(HOUR + delay(item)).io(async {})).collect::<Vec<_>>();
            if !timers.iter().all(Timer::cancel) {
                return Err("an hour has passed".into());
            }
            Ok(per_item(meter.read(), items))
        }),
        other => no_row(other),
    }
}

fn yard(items: u64) -> Result<Scheduler, BoxError> {
    Ok(Scheduler::builder().io(Lane::io().limit(512).queue(usize::try_from(items)?)).build()?)
}
