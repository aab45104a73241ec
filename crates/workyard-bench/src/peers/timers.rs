//! Owns the variants that set many timers, and have them fire or cancel them.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::time::DelayQueue;
use workyard::{BoxError, Lane, Scheduler, Timer};

use super::group::{CPU, Column, Group, Requirement, Row, Unit, WALL, no_row, per_item};
use super::runtime::{Awaited, run};
use crate::harness::{Meter, Sample, Used};

/// All timers are pending before the first is due. What was waited for in between is not counted.
pub(super) const FIRE: Group = Group {
    name: "timers",
    title: "timers that are set, and when all are, fire within 20 ms, each with a body that counts",
    rows: &[
        Row::new("spawn", "`tokio::spawn` of a `sleep_until`"),
        Row::new("delay-queue", "tokio-util `DelayQueue`, one task polls it and the bodies"),
        Row::new("workyard", "workyard `after(..).io(..)`"),
    ],
    columns: &[
        Column { number: SET, title: "wall ns, set", compared: true },
        Column { number: FIRED, title: "wall ns, fire", compared: true },
        Column { number: WALL, title: "wall ns", compared: true },
        Column { number: CPU, title: "CPU ns", compared: true },
    ],
    requirements: &[Requirement { row: "workyard", number: WALL, unit: Unit::OfBaseline, must: 0.30, aim: None }],
    items: 1_000_000,
    work: None,
    sample: fire,
};

pub(super) const CANCEL: Group = Group {
    name: "timers-cancel",
    title: "timers of an hour that are set and cancelled",
    rows: &[
        Row::new("spawn", "`tokio::spawn` of a `sleep`, `abort`"),
        Row::new("delay-queue", "tokio-util `DelayQueue`, `remove`"),
        Row::new("workyard", "workyard `after(..).io(..)`, `cancel`"),
    ],
    columns: &[
        Column { number: SET, title: "wall ns, set", compared: true },
        Column { number: CANCELLED, title: "wall ns, cancel", compared: true },
        Column { number: WALL, title: "wall ns", compared: true },
        Column { number: CPU, title: "CPU ns", compared: true },
    ],
    requirements: &[],
    items: 1_000_000,
    work: None,
    sample: cancel,
};

/// Nanoseconds a timer, of wall time, of the parts.
const SET: &str = "set";
const FIRED: &str = "fired";
const CANCELLED: &str = "cancelled";

/// A time within so many milliseconds, whole ones, in no order.
fn spread(item: u64, milliseconds: u64) -> Duration {
    Duration::from_millis((item.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % milliseconds)
}

/// When timers are due that are being set: not before all of them are.
struct DueTimes {
    first: Instant,
    now: Instant,
}

impl DueTimes {
    const WITHIN_MS: u64 = 20;

    fn after(items: u64) -> Self {
        // Far more than it takes on a busy machine.
        let now = Instant::now();
        let setting = Duration::from_secs(1) + Duration::from_nanos(items.saturating_mul(4_000));
        Self { first: now + setting, now }
    }

    fn of(&self, item: u64) -> Instant {
        self.first + spread(item, Self::WITHIN_MS)
    }

    /// How long until then; the clock is asked now and then.
    fn delay(&mut self, item: u64) -> Duration {
        if item.is_multiple_of(64) {
            self.now = Instant::now();
        }
        self.of(item) - self.now
    }
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

    /// Waits for the last one, when all were set. What was used from the first due time on.
    ///
    /// # Errors
    /// When one has fired before all were set, or the first of them was due.
    async fn all(&self, items: u64, due: &DueTimes) -> Result<Used, BoxError> {
        const BEFORE: Duration = Duration::from_millis(20);
        sleep_until(due.first - BEFORE).await;
        let meter = Meter::start();
        let waited = due.first.saturating_duration_since(Instant::now());
        if waited.is_zero() || self.left.load(Ordering::Relaxed) != items {
            return Err("timers were due before all of them were set".into());
        }
        self.last.notified().await;
        Ok(meter.read().after_waiting(waited))
    }
}

/// What the two parts of a sample used, and the second one is called so.
fn in_parts(set: Used, called: &str, then: Used, items: u64) -> Sample {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let nanos = |used: &Used| used.wall.as_secs_f64() * 1e9 / items as f64;
    per_item(set.and(then), items).with(SET, nanos(&set)).with(called, nanos(&then))
}

#[expect(clippy::disallowed_methods, reason = "this is what workyard is compared with")]
fn fire(row: &str, items: u64, _: u64) -> Result<Sample, BoxError> {
    match row {
        "spawn" => run(Awaited::InTask, async move {
            let (fired, due) = (Fired::of(items), DueTimes::after(items));
            let meter = Meter::start();
            for item in 0..items {
                let (body, due) = (fired.body(), due.of(item));
                drop(tokio::task::spawn(async move {
                    sleep_until(due).await;
                    body.await;
                }));
            }
            // A sleep is set when it is polled first.
            while Handle::current().metrics().global_queue_depth() > 0 {
                yield_now().await;
            }
            let set = meter.read();
            Ok(in_parts(set, FIRED, fired.all(items, &due).await?, items))
        }),
        "delay-queue" => run(Awaited::InTask, async move {
            let (fired, due) = (Fired::of(items), DueTimes::after(items));
            let meter = Meter::start();
            let mut queue = DelayQueue::new();
            for item in 0..items {
                queue.insert_at(fired.body(), due.of(item));
            }
            let set = meter.read();
            let polls = tokio::task::spawn(async move {
                while let Some(due) = poll_fn(|cx| queue.poll_expired(cx)).await {
                    due.into_inner().await;
                }
            });
            let sample = in_parts(set, FIRED, fired.all(items, &due).await?, items);
            polls.await?;
            Ok(sample)
        }),
        "workyard" => run(Awaited::InTask, async move {
            let yard = yard(items)?;
            let (fired, mut due) = (Fired::of(items), DueTimes::after(items));
            let meter = Meter::start();
            for item in 0..items {
                yard.after(due.delay(item)).io(fired.body());
            }
            let set = meter.read();
            let sample = in_parts(set, FIRED, fired.all(items, &due).await?, items);
            let total = yard.shutdown().await.total;
            if (total.accepted, total.completed) != (items, items) {
                return Err(format!("{items} timers should have fired: {total}").into());
            }
            Ok(sample)
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
            let tasks = (0..items).map(|item| tokio::task::spawn(sleep(HOUR + spread(item, 200)))).collect::<Vec<_>>();
            while Handle::current().metrics().global_queue_depth() > 0 {
                yield_now().await;
            }
            let (set, meter) = (meter.read(), Meter::start());
            for task in &tasks {
                task.abort();
            }
            for task in tasks {
                if task.await.is_ok() {
                    return Err("an hour has passed".into());
                }
            }
            Ok(in_parts(set, CANCELLED, meter.read(), items))
        }),
        "delay-queue" => run(Awaited::InTask, async move {
            let meter = Meter::start();
            let mut queue = DelayQueue::new();
            let keys = (0..items).map(|item| queue.insert(async {}, HOUR + spread(item, 200))).collect::<Vec<_>>();
            let (set, meter) = (meter.read(), Meter::start());
            for key in &keys {
                drop(queue.remove(key));
            }
            if !queue.is_empty() {
                return Err("there are more than were set".into());
            }
            Ok(in_parts(set, CANCELLED, meter.read(), items))
        }),
        "workyard" => run(Awaited::InTask, async move {
            let yard = yard(items)?;
            let meter = Meter::start();
            let timers = (0..items).map(|item| yard.after(HOUR + spread(item, 200)).io(async {})).collect::<Vec<_>>();
            let (set, meter) = (meter.read(), Meter::start());
            if !timers.iter().all(Timer::cancel) {
                return Err("an hour has passed".into());
            }
            drop(timers);
            let sample = in_parts(set, CANCELLED, meter.read(), items);
            let total = yard.shutdown().await.total;
            if (total.accepted, total.cancelled) != (items, items) {
                return Err(format!("{items} timers should have been cancelled: {total}").into());
            }
            Ok(sample)
        }),
        other => no_row(other),
    }
}

fn yard(items: u64) -> Result<Scheduler, BoxError> {
    Ok(Scheduler::builder().io(Lane::io().limit(512).queue(usize::try_from(items)?)).build()?)
}
