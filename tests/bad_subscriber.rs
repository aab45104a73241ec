//! A subscriber of tracing that panics, wherever a lane calls it: the task ends as it would, and so do those after it. Alone in
//! its program, since the subscriber is everybody's.
#![cfg(test)]

#[path = "common/run.rs"]
mod run;

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU8, Ordering};

use tracing::span::{Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use workyard::{Lane, Scheduler};

use run::{on_runtime, soon};

/// Where it panics next, once: 0 is nowhere.
static NEXT: AtomicU8 = AtomicU8::new(0);

const ENTER: u8 = 1;
const EXIT: u8 = 2;
const RECORD: u8 = 3;
const CLOSE: u8 = 4;
/// Each record, for as long as it is there.
const EVENT: u8 = 5;

struct Bad;

fn here(place: u8) {
    if NEXT.compare_exchange(place, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
        resume_unwind(Box::new("on purpose"));
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Bad {
    fn on_enter(&self, _: &Id, _: Context<'_, S>) {
        here(ENTER);
    }

    fn on_exit(&self, _: &Id, _: Context<'_, S>) {
        here(EXIT);
    }

    fn on_record(&self, _: &Id, _: &Record<'_>, _: Context<'_, S>) {
        here(RECORD);
    }

    fn on_event(&self, _: &tracing::Event<'_>, _: Context<'_, S>) {
        if NEXT.load(Ordering::SeqCst) == EVENT {
            resume_unwind(Box::new("on purpose"));
        }
    }

    fn on_close(&self, _: Id, _: Context<'_, S>) {
        here(CLOSE);
    }
}

/// Runs a task, or a map, in each of the lanes in turn.
async fn run_in(yard: &Scheduler, what: usize) -> Result<usize, workyard::BoxError> {
    Ok(match what {
        0 => yard.io().run(async { 1 }).await?,
        1 => yard.cpu().run(|| 1).await?,
        2 => yard.blocking().run(|| 1).await?,
        3 => yard.io().map(0..10, async |_| 1).await?.len() / 10,
        _ => yard.cpu().map(0..10, |_| 1).await?.len() / 10,
    })
}

#[test]
fn a_subscriber_that_panics_costs_no_task_and_no_slot() {
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Bad)).unwrap();
    spans();
    records();
}

fn spans() {
    for what in 0..5 {
        for place in [ENTER, EXIT, RECORD, CLOSE] {
            on_runtime(async {
                let builder = Scheduler::builder().io(Lane::io().limit(1)).cpu(Lane::cpu().threads(1));
                let yard = builder.blocking(Lane::blocking().limit(1)).build().unwrap();
                NEXT.store(place, Ordering::SeqCst);
                assert_eq!(soon(run_in(&yard, what)).await.unwrap(), 1, "{what} {place}");
                for what in 0..5 {
                    assert_eq!(soon(run_in(&yard, what)).await.unwrap(), 1, "{what} after {place}");
                }
                let report = soon(yard.shutdown()).await;
                assert!(report.balances() && report.is_clean(), "{what} {place}: {report}");
                assert_eq!(NEXT.swap(0, Ordering::SeqCst), 0, "it panicked in {what} at {place}");
            });
        }
    }
}

/// Of panics that nobody looks at, more than are told of at once: the rest is told of at the end. And of a callback.
fn records() {
    for lane in ["io", "cpu", "blocking"] {
        on_runtime(async {
            let builder = Scheduler::builder().io(Lane::io().limit(1)).cpu(Lane::cpu().threads(1));
            let yard = builder.blocking(Lane::blocking().limit(1)).build().unwrap();
            NEXT.store(EVENT, Ordering::SeqCst);
            for _ in 0..30 {
                let fails = || resume_unwind(Box::new("nobody looks"));
                match lane {
                    "io" => drop(yard.io().submit(async move { fails() }).await.unwrap()),
                    "cpu" => drop(yard.cpu().submit(fails).await.unwrap()),
                    _ => drop(yard.blocking().submit(fails).await.unwrap()),
                }
            }
            let told = |_: &workyard::TaskEnded| resume_unwind(Box::new("a callback"));
            soon(yard.cpu().task("told").on_done(told).run(|| ())).await.unwrap();
            for what in 0..5 {
                assert_eq!(soon(run_in(&yard, what)).await.unwrap(), 1, "{what} after panics on {lane}");
            }
            let report = soon(yard.shutdown()).await;
            assert!(report.balances() && report.is_clean(), "{lane}: {report}");
            assert_eq!((report.total.panicked, report.pending_callbacks), (30, 0), "{lane}");
            NEXT.store(0, Ordering::SeqCst);
        });
    }
}
