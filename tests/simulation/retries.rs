//! Tasks that are tried again, in every order: on all lanes, stopped at any moment, with a shutdown somewhere. The invariants are
//! checked after each step, and what was seen is counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;
use workyard::{BoxError, Handle, Lane, Retry, RetryBudget, Scheduler, TaskErrorKind, TaskStatus};
use workyard_testkit::simulation::blocking_sleep;
use workyard_testkit::{DropCounter, Rng, Sim, seeds, simulate};

const SEEDS: u64 = 300;
const TASKS: usize = 40;
const ATTEMPTS: u32 = 4;
const MS: Duration = Duration::from_millis(1);

type Seen = Arc<Mutex<BTreeMap<&'static str, u32>>>;

#[test]
fn whatever_the_order_what_is_tried_again_ends_once_and_leaves_nothing() {
    let seen = Seen::default();
    let mut lives = 0;
    for seed in seeds(SEEDS) {
        let seen = Arc::clone(&seen);
        simulate(seed, move |sim| life(sim, seed, seen));
        lives += 1;
    }
    let seen = seen.lock().unwrap().clone();
    for (what, least) in [
        ("cancelled in backoff", 100),
        ("completed", 100),
        ("failed", 100),
        ("timed out", 100),
        ("cut by shutdown", 20),
    ] {
        let count = seen.get(what).copied().unwrap_or_default();
        assert!(lives < SEEDS || count >= least, "{what}: {seen:?}");
    }
}

async fn life(sim: Sim, seed: u64, seen: Seen) {
    let builder = Scheduler::builder().io(Lane::io().limit(2).queue(6)).cpu(Lane::cpu().threads(2).queue(6));
    let yard = builder.blocking(Lane::blocking().limit(1).queue(6)).build().unwrap();
    let watched = yard.clone();
    sim.always(move || look(&watched));
    let base = Retry::exponential().attempts(ATTEMPTS).min_delay(4 * MS).max_delay(20 * MS).seed(seed);
    let retry = match sim.rng().below(3) {
        0 => base.without_budget(),
        1 => base.budget(RetryBudget::new(0.5, 3).unwrap()),
        _ => base.without_budget().attempt_timeout(3 * MS).retry_timeouts().within(60 * MS),
    };
    let (retry, values) = (retry.build().unwrap(), DropCounter::new());
    let cut = sim.rng().below(TASKS * 2);
    for number in 0..TASKS {
        let lane = sim.rng().below(3);
        let (yard, retry, held, seen) = (yard.clone(), retry.clone(), values.payload(), Arc::clone(&seen));
        let rng = Rng::new(seed.wrapping_mul(1_000) + number as u64);
        sim.spawn("client", async move { client(yard, lane, retry, held, rng, seen).await });
        sleep(Duration::from_millis(sim.rng().below(4) as u64)).await;
        if number == cut {
            break;
        }
    }
    let report = yard.shutdown().drain_for(Duration::from_millis(sim.rng().below(200) as u64)).await;
    assert!(report.balances() && report.is_clean(), "{report:#}");
    // Clients whose work came back let go of it.
    sleep(Duration::from_secs(1)).await;
    assert_eq!(values.alive(), 0);
    for lane in yard.snapshot().lanes {
        let counts = lane.counts;
        assert_eq!((counts.occupied, counts.lending, counts.promised, counts.ledger.live()), (0, 0, 0, 0), "{lane}");
    }
}

/// What holds at every moment.
fn look(yard: &Scheduler) {
    for lane in yard.snapshot().lanes {
        let counts = lane.counts;
        assert!(counts.ledger.balances() && counts.occupied <= counts.limit, "{lane}");
        let waiting = usize::try_from(counts.ledger.queued + counts.ledger.retry_waiting).unwrap();
        assert!(counts.occupied + waiting + counts.promised <= counts.limit + counts.queue, "{lane}");
    }
}

async fn client(yard: Scheduler, lane: usize, retry: Retry, held: workyard_testkit::Payload, mut rng: Rng, seen: Seen) {
    let fails = u32::try_from(rng.below(6)).unwrap();
    let lasts = Duration::from_millis(rng.below(6) as u64);
    let calls = Arc::new(AtomicU32::new(0));
    let counting = Arc::clone(&calls);
    let begin = move || {
        let _held = &held;
        if counting.fetch_add(1, Ordering::Relaxed) < fails { Err(BoxError::from("not yet")) } else { Ok(()) }
    };
    let submitted = match lane {
        0 => {
            let task = yard.io().task("again").retry(retry).submit(move || {
                let result = begin();
                async move {
                    sleep(lasts).await;
                    result
                }
            });
            task.await.ok()
        }
        1 => {
            let work = move || {
                blocking_sleep(lasts);
                begin()
            };
            yard.cpu().task("again").retry(retry).submit(work).await.ok()
        }
        _ => {
            let work = move || {
                blocking_sleep(lasts);
                begin()
            };
            yard.blocking().task("again").retry(retry).submit(work).await.ok()
        }
    };
    if let Some(handle) = submitted {
        follow(handle, &mut rng, &seen, &calls).await;
    }
}

async fn follow(handle: Handle<()>, rng: &mut Rng, seen: &Seen, calls: &AtomicU32) {
    let see = |what| *seen.lock().unwrap().entry(what).or_default() += 1;
    let mut stopped_at = None;
    if rng.chance(0.5) {
        sleep(Duration::from_millis(rng.below(40) as u64)).await;
        let status = handle.status();
        if if rng.chance(0.5) { handle.cancel() } else { handle.abort() } {
            stopped_at = Some(status);
        }
    }
    let result = handle.await;
    if stopped_at == Some(TaskStatus::RetryWaiting) {
        assert_eq!(result.as_ref().unwrap_err().kind(), TaskErrorKind::Cancelled);
        see("cancelled in backoff");
    }
    let Err(error) = result else { return see("completed") };
    let attempts = error.attempts().unwrap();
    assert!(attempts <= ATTEMPTS && calls.load(Ordering::Relaxed) <= attempts, "{error}");
    match error.kind() {
        TaskErrorKind::Failed => see("failed"),
        TaskErrorKind::TimedOut => see("timed out"),
        _ if stopped_at.is_none() => see("cut by shutdown"),
        _ => see("stopped"),
    }
}
