//! A system that gives no more threads is an error and no half-built yard; one that gives none for now holds closures up, and loses none.

use std::time::Duration;

use tokio::runtime::Builder;
use workyard::{BuildError, Lane, Scheduler};
use workyard_testkit::Residue;

use crate::alone::{alone, alone_within};
use crate::run::{SOON, soon};

/// Long enough to ask the system for threads more than once.
const MOMENT: Duration = Duration::from_millis(50);

/// Each thread of a cpu lane has a stack of 8 MiB, so a thousand of them do not fit into two gigabytes. (A limit on the number of threads
/// does not hold for root, whom tests may be run by; the system's answer is the same.)
#[test]
#[cfg(target_os = "linux")]
fn a_yard_whose_threads_the_system_refuses_is_not_built_and_leaves_nothing() {
    let name = "shortage::a_yard_whose_threads_the_system_refuses_is_not_built_and_leaves_nothing";
    // What is left when the next stack does not fit is something else each time.
    alone_within(name, (2_000_000..2_008_000).step_by(1_000), || {
        let runtime = || Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        drop(runtime());
        let runtime = runtime();
        let before = Residue::now();
        runtime.block_on(async {
            for _ in 0..3 {
                let many = Scheduler::builder().lane("first", Lane::cpu().threads(3)).cpu(Lane::cpu().threads(1_000));
                let error = many.build().unwrap_err();
                let BuildError::Threads { lane, source } = error else { panic!("not for want of threads: {error}") };
                assert_eq!((lane.as_str(), source.to_string().is_empty()), ("cpu", false));
                before.assert_back(SOON);
            }
            let yard = Scheduler::builder().cpu(Lane::cpu().threads(3)).build().unwrap();
            assert_eq!(yard.cpu().run(|| 6 * 7).await.unwrap(), 42, "what the system has is enough for a smaller one");
            let report = yard.shutdown().await;
            assert!(report.balances() && report.is_clean(), "{report}");
        });
        before.assert_back(SOON);
    });
}

/// The watchdog is a help, and its want no harm.
#[test]
#[cfg(target_os = "linux")]
fn a_yard_that_gets_no_thread_for_its_watchdog_works_without() {
    let name = "shortage::a_yard_that_gets_no_thread_for_its_watchdog_works_without";
    alone(name, "ulimit -v 1000000", || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).build().unwrap();
            let held = all_address_space();
            assert_eq!(yard.io().run(async { 1 }).await.unwrap(), 1);
            assert_eq!(yard.cpu().run(|| 2).await.unwrap(), 2);
            let threads = workyard_testkit::threads_named("workyard-watch");
            drop(held);
            assert_eq!(threads, Some(Vec::new()), "the system gave it none");
            assert!(yard.shutdown().await.is_clean());
        });
    });
}

/// What was accepted runs, though nobody submits anything after it: each closure on a thread of its own, so that one may wait for the other.
#[test]
#[cfg(target_os = "linux")]
fn closures_that_get_no_thread_run_once_the_system_has_some() {
    let name = "shortage::closures_that_get_no_thread_run_once_the_system_has_some";
    alone(name, "ulimit -v 1000000", || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let lane = Lane::blocking().limit(2).queue(1);
            let yard = Scheduler::builder().blocking(lane).no_watchdog().build().unwrap();
            let (tell, told) = std::sync::mpsc::channel();
            let (called, mut calls) = tokio::sync::mpsc::channel(1);
            let held = all_address_space();
            let first = yard.blocking().submit(move || told.recv().is_ok()).await.unwrap();
            let second = yard.blocking().submit(move || tell.send(()).is_ok()).await.unwrap();
            let on_done = move |_: &_| called.try_send(()).unwrap();
            let last = yard.blocking().task("last").on_done(on_done).submit(|| 42).await.unwrap();
            tokio::time::sleep(MOMENT).await;
            let started = yard.snapshot().lane("blocking").unwrap().counts.occupied;
            drop(held);
            assert_eq!(started, 0, "the system gave no thread");
            assert!(soon(first).await.unwrap() && soon(second).await.unwrap());
            assert_eq!(soon(last).await.unwrap(), 42);
            assert_eq!(soon(calls.recv()).await, Some(()));
            assert!(soon(yard.shutdown()).await.is_clean());
        });
    });
}

/// All that is left of it, but for pieces in which no stack finds room. None of it is written to.
#[cfg(target_os = "linux")]
fn all_address_space() -> Vec<Vec<u8>> {
    let piece = || {
        let mut piece = Vec::new();
        piece.try_reserve_exact(256 << 10).ok().map(|()| piece)
    };
    std::iter::from_fn(piece).collect()
}
