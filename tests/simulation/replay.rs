//! The same seed gives the same events, and other seeds give others.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use workyard::{Lane, Scheduler};
use workyard_testkit::simulation::blocking_sleep;
use workyard_testkit::{Sim, Simulation, simulate};

/// Tasks on all lanes, of which some wait for others, and what order they came in.
async fn program(_sim: Sim) -> Vec<u32> {
    let yard = Scheduler::builder()
        .io(Lane::io().limit(2).queue(64))
        .cpu(Lane::cpu().threads(2).queue(64))
        .blocking(Lane::blocking().limit(2).queue(64))
        .build()
        .unwrap();
    let order: Arc<Mutex<Vec<u32>>> = Arc::default();
    let mut handles = Vec::new();
    for number in 0..8_u32 {
        let ms = Duration::from_millis(u64::from(number % 3));
        let mine = Arc::clone(&order);
        handles.push(
            yard.io()
                .submit(async move {
                    tokio::time::sleep(ms).await;
                    mine.lock().unwrap().push(number);
                })
                .await
                .unwrap(),
        );
        let mine = Arc::clone(&order);
        handles.push(
            yard.cpu()
                .submit(move || {
                    blocking_sleep(ms);
                    mine.lock().unwrap().push(100 + number);
                })
                .await
                .unwrap(),
        );
        let (mine, io) = (Arc::clone(&order), yard.io().clone());
        handles.push(
            yard.blocking()
                .submit(move || {
                    io.blocking_run(async { tokio::task::yield_now().await }).unwrap();
                    mine.lock().unwrap().push(200 + number);
                })
                .await
                .unwrap(),
        );
    }
    for handle in handles {
        handle.await.unwrap();
    }
    let report = yard.shutdown().await;
    assert!(report.balances() && report.total.completed == 32, "{report}");
    order.lock().unwrap().clone()
}

#[test]
fn the_same_seed_gives_the_same_log_a_hundred_times() {
    let first = simulate(7, program);
    assert!(first.log.length() > 50, "{}", first.log);
    for _ in 0..100 {
        assert_eq!(simulate(7, program), first);
    }
}

#[test]
fn other_seeds_give_other_orders() {
    let orders: BTreeSet<_> = (0..100).map(|seed| simulate(seed, program).output).collect();
    assert!(orders.len() > 90, "{} orders", orders.len());
}

#[test]
fn a_log_that_is_not_kept_has_the_same_hash() {
    let kept = simulate(3, program);
    let hashed = Simulation::new(3).without_log().run(program).unwrap();
    assert!(hashed.log.events().is_empty());
    assert_eq!((hashed.log.hash(), hashed.log.length()), (kept.log.hash(), kept.log.length()));
}
