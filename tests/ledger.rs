//! The conservation law under a storm: two hundred thousand tasks that are submitted, cancelled, aborted, timed out, dropped
//! and panic at random on every kind of lane, with a shutdown at a random moment. Never looks at how a lane does it.
#![cfg(test)]

#[path = "ledger/bodies.rs"]
mod bodies;
#[path = "ledger/books.rs"]
mod books;
#[path = "ledger/flight.rs"]
mod flight;
#[path = "common/run.rs"]
mod run;
#[path = "ledger/script.rs"]
mod script;
#[path = "ledger/spans.rs"]
mod spans;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use workyard::{Lane, Order, Report, Scheduler};
use workyard_testkit::{Rng, SeedOnPanic, seeds, threads_named, wait_for};

use books::{Books, Seen};
use run::{SOON, on_runtime, soon};
use script::Script;

/// Tasks of one storm.
const TASKS: usize = 12_500;
/// By default; `WORKYARD_SEEDS` says otherwise.
const STORMS: usize = 16;
/// How many are under way at once: more than all lanes together have room for.
const FLYING: usize = 256;

/// The limits of the lanes: io, cpu, blocking, and the two named ones.
pub(crate) const LIMITS: [usize; 5] = [8, 2, 3, 2, 1];

#[test]
fn every_accepted_task_is_accounted_for() {
    bodies::quiet();
    spans::watch();
    let mut seen = Seen::default();
    let mut storms = 0;
    for seed in seeds(STORMS as u64) {
        let _told = SeedOnPanic::new(seed);
        on_runtime(storm(seed, &mut seen));
        storms += 1;
        assert_eq!(spans::opened(), TASKS * storms, "each task has a span");
        wait_for("no task is left in memory", SOON, || spans::open() == 0);
    }
    if storms >= STORMS {
        seen.assert_at_least(50);
    }
}

async fn storm(seed: u64, seen: &mut Seen) {
    let mut rng = Rng::new(seed);
    let yard = build();
    let books = Arc::new(Books::default());
    let shutdown_at = TASKS / 8 * 7 + rng.below(TASKS / 8);
    let (mut flying, mut ending) = (JoinSet::new(), None);
    for number in 0..TASKS {
        if number == shutdown_at {
            ending = Some(end(&yard, &mut rng));
        }
        let script = Script::draw(&mut rng);
        flight::launch(&yard, &mut flying, rng.below(LIMITS.len()), script, &books);
        if number % 64 == 0 {
            look(&yard);
        }
        while flying.len() >= FLYING {
            flying.join_next().await.unwrap().unwrap();
        }
        if number % (TASKS / 4) == TASKS / 8 {
            land(&mut flying).await;
            rest(&yard, &books);
        }
    }
    land(&mut flying).await;
    let report = soon(ending.unwrap()).await.unwrap();
    books.settle(&yard, &report, seen);
    rest(&yard, &books);
    drop(yard);
    wait_for("the threads are gone", SOON, || threads_named("workyard-bulk").is_none_or(|threads| threads.is_empty()));
}

fn build() -> Scheduler {
    let [io, cpu, blocking, db, bulk] = LIMITS;
    Scheduler::builder()
        .io(Lane::io().limit(io).queue(16))
        .cpu(Lane::cpu().threads(cpu).queue(16))
        .blocking(Lane::blocking().limit(blocking).queue(16))
        .lane("db", Lane::io().limit(db).queue(8).order(Order::Priority))
        .lane("bulk", Lane::cpu().threads(bulk).queue(8).order(Order::Lifo))
        .build()
        .unwrap()
}

fn end(yard: &Scheduler, rng: &mut Rng) -> JoinHandle<Report> {
    let shutdown = yard.shutdown().drain_for(Duration::from_millis(rng.below(10) as u64)).grace(SOON);
    tokio::spawn(async { shutdown.await })
}

async fn land(flying: &mut JoinSet<()>) {
    while let Some(flown) = flying.join_next().await {
        flown.unwrap();
    }
}

/// What holds of each lane at every moment.
fn look(yard: &Scheduler) {
    for lane in yard.snapshot().lanes {
        let counts = lane.counts;
        assert!(counts.ledger.balances(), "{lane}");
        assert!(counts.overrunning <= counts.occupied && counts.occupied <= counts.limit, "{counts:?}");
        let waiting = usize::try_from(counts.ledger.queued).unwrap();
        assert!(counts.occupied + waiting + counts.promised <= counts.limit + counts.queue, "{counts:?}");
        assert!(counts.promised <= counts.submitters, "{counts:?}");
    }
}

/// What holds once nobody does anything: all is back.
fn rest(yard: &Scheduler, books: &Books) {
    let at_rest = || {
        yard.snapshot().lanes.iter().all(|lane| {
            let counts = lane.counts;
            let held = counts.occupied + counts.overrunning + counts.lending + counts.submitters + counts.promised;
            held == 0 && counts.ledger.live() == 0 && counts.ledger.balances()
        })
    };
    if !at_rest() {
        // Tasks whose handle was dropped may still be on their way.
        wait_for(&format!("the yard is at rest: {}", yard.snapshot()), SOON, at_rest);
    }
    wait_for("all values are dropped", SOON, || books.payloads.alive() == 0);
}
