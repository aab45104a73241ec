//! What a yard leaves of itself in its process: nothing. Looks at all of the process, so this is its only test.
#![cfg(test)]

use std::future::pending;
use std::time::Duration;

use rayon::ThreadPoolBuilder;
use tokio::runtime::Builder;
use workyard::{Lane, Scheduler};
use workyard_testkit::{Residue, wait_for_async};

const SOON: Duration = Duration::from_secs(20);

/// Some of all that a yard does, to its end. Before that, one that does nothing and is only dropped.
async fn whole_life() {
    drop(Scheduler::builder().cpu(Lane::cpu().threads(4)).build().unwrap());
    let yard = Scheduler::builder().cpu(Lane::cpu().threads(2)).lane("db", Lane::io().limit(2)).build().unwrap();
    let hour = Duration::from_hours(1);
    for n in 0..50_u64 {
        assert_eq!(yard.io().task("io").timeout(hour).run(async move { n }).await.unwrap(), n);
        assert_eq!(yard.cpu().run(move || rayon::join(|| n, || n).0).await.unwrap(), n);
        assert_eq!(yard.blocking().task("blocking").on_done(|_| {}).run(move || n).await.unwrap(), n);
    }
    assert_eq!(yard.cpu().map(0..1_000_u64, |x| x).sum::<u64>().await.unwrap(), 499_500);
    drop(yard.io_lane("db").unwrap().submit(pending::<()>()).await.unwrap());
    let report = yard.shutdown().drain_for(Duration::ZERO).await;
    assert!(report.balances() && report.is_clean() && report.total.cancelled == 1, "{report}");
}

#[test]
fn no_thread_file_or_task_is_left_of_a_yard_and_rayons_own_pool_is_untouched() {
    let runtime = || Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // The first runtime of a process opens what tokio keeps for signals.
    drop(runtime());
    let before = Residue::now();
    let runtime = runtime();
    for _ in 0..5 {
        runtime.block_on(async {
            tokio::time::timeout(SOON, whole_life()).await.expect("it ends");
            let metrics = tokio::runtime::Handle::current().metrics();
            wait_for_async("no task of the runtime is left", SOON, || metrics.num_alive_tasks() == 0).await;
        });
    }
    drop(runtime);
    before.assert_back(SOON);
    // Refused if anybody had used it before.
    ThreadPoolBuilder::new().num_threads(1).build_global().unwrap();
}
