//! Races that were planted are found by a sweep, and the seed that found one shows it again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use workyard::{Lane, Scheduler};
use workyard_testkit::simulation::blocking_pause;
use workyard_testkit::{Sim, Simulation, first_failure};

/// Counts with a load and a store, and others may come in between.
async fn lost_update(_sim: Sim) {
    let yard = Scheduler::builder().cpu(Lane::cpu().threads(2)).build().unwrap();
    let counter = Arc::new(AtomicU64::new(0));
    let add = |counter: Arc<AtomicU64>| {
        move || {
            let seen = counter.load(SeqCst);
            blocking_pause();
            counter.store(seen + 1, SeqCst);
        }
    };
    let first = yard.cpu().submit(add(Arc::clone(&counter))).await.unwrap();
    let second = yard.cpu().submit(add(Arc::clone(&counter))).await.unwrap();
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(counter.load(SeqCst), 2, "an update is lost");
}

/// Says that it is done before it is.
async fn told_too_early(sim: Sim) {
    let yard = Scheduler::new();
    let (done, waits) = (Arc::new(AtomicU64::new(0)), Arc::new(workyard::sync::Event::new()));
    let (theirs, told) = (Arc::clone(&done), Arc::clone(&waits));
    let worker = yard.io().submit(async move {
        told.set();
        tokio::task::yield_now().await;
        theirs.store(1, SeqCst);
    });
    let worker = worker.await.unwrap();
    let reader = sim.spawn("who waits for it", async move {
        waits.wait().await;
        assert_eq!(done.load(SeqCst), 1, "it was told too early");
    });
    reader.await;
    worker.await.unwrap();
}

fn assert_found<F: Future<Output = ()>>(test: impl Fn(Sim) -> F + Sync, says: &str) {
    let failure = first_failure(0..10_000, &test).expect("a seed that shows it");
    assert!(failure.to_string().contains(says), "{failure}");
    let passes = (0..50).filter(|&seed| Simulation::new(seed).run(&test).is_ok()).count();
    assert!((1..50).contains(&passes), "{passes} of 50: it shows always or never");
    for _ in 0..5 {
        let again = Simulation::new(failure.seed()).run(&test).unwrap_err();
        assert_eq!((again.kind(), again.log()), (failure.kind(), failure.log()));
    }
}

#[test]
fn a_lost_update_is_found() {
    assert_found(lost_update, "an update is lost");
}

#[test]
fn an_event_that_comes_too_early_is_found() {
    assert_found(told_too_early, "it was told too early");
}
