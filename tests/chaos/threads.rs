//! Threads and files come back, however many yards there were.

use std::time::Duration;

use tokio::runtime::Builder;
use workyard::{Lane, Scheduler};
use workyard_testkit::Residue;

use crate::alone::{alone, resident_kib};
use crate::run::{SOON, soon};

/// What allocators may still take when all is warm.
const SLACK_KIB: u64 = 8 << 10;

#[test]
fn ten_thousand_yards_leave_no_thread_no_file_and_no_memory() {
    alone("threads::ten_thousand_yards_leave_no_thread_no_file_and_no_memory", ":", || {
        let runtime = || Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        // The first runtime of a process opens what tokio keeps for signals.
        drop(runtime());
        let before = Residue::now();
        let runtime = runtime();
        let held = Residue::now();
        let mut resident = Vec::new();
        for hundred in 0..100_u32 {
            runtime.block_on(async {
                for n in 0..100_u32 {
                    let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).build().unwrap();
                    match n % 10 {
                        // With something in it, ended in each of two ways; most without.
                        0 => {
                            assert_eq!(yard.cpu().run(move || n).await.unwrap(), n);
                            assert_eq!(yard.io().run(async move { n }).await.unwrap(), n);
                            assert!(soon(yard.shutdown()).await.is_clean());
                        }
                        5 => drop(yard.io().submit(std::future::pending::<()>()).await.unwrap()),
                        _ => {}
                    }
                }
            });
            held.assert_back(SOON);
            if hundred % 33 == 32 {
                resident.extend(resident_kib().map(|(now, _)| now));
            }
        }
        assert!(resident.last() <= resident.first().map(|&first| first + SLACK_KIB).as_ref(), "{resident:?} KiB");
        drop(runtime);
        before.assert_back(SOON);
    });
}

/// The deadline of a shutdown is kept to the tick, whatever does not heed it; of the machine's own delays a paused clock knows nothing.
#[test]
fn a_shutdown_that_nothing_heeds_ends_at_its_deadline() {
    alone("threads::a_shutdown_that_nothing_heeds_ends_at_its_deadline", ":", || {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (drain, grace) = (Duration::from_secs(30), Duration::from_millis(700));
        runtime.block_on(async {
            for stuck in [1, 5] {
                let lane = Lane::cpu().threads(stuck).queue(8);
                let yard = Scheduler::builder().cpu(lane).no_watchdog().build().unwrap();
                let (go_on, wait) = std::sync::mpsc::channel::<()>();
                let wait = std::sync::Arc::new(std::sync::Mutex::new(wait));
                let (tell, mut told) = tokio::sync::mpsc::channel(stuck);
                for _ in 0..stuck {
                    let (wait, tell) = (std::sync::Arc::clone(&wait), tell.clone());
                    let body = move || {
                        tell.try_send(()).unwrap();
                        let _closed = wait.lock().unwrap().recv();
                    };
                    drop(yard.cpu().try_submit(body).unwrap());
                }
                for _ in 0..stuck {
                    told.recv().await.unwrap();
                }
                let began = tokio::time::Instant::now();
                let report = yard.shutdown().drain_for(drain).grace(grace).await;
                let over = began.elapsed().checked_sub(drain + grace).expect("it waits for its deadline");
                assert!(over <= Duration::from_millis(250), "{over:?} too late");
                assert_eq!(report.stuck.len(), stuck, "{report}");
                assert!(report.balances() && report.total.abandoned == stuck as u64, "{report}");
                drop(go_on);
            }
        });
    });
}

/// On the clock of the machine, which may be busy with other tests: the best of some attempts.
#[test]
fn a_shutdown_ends_within_a_quarter_of_a_second_of_its_deadline() {
    alone("threads::a_shutdown_ends_within_a_quarter_of_a_second_of_its_deadline", ":", || {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let moment = Duration::from_millis(50);
        let over = (0..5).map(|_| {
            runtime.block_on(async {
                let yard = Scheduler::builder().build().unwrap();
                let (go_on, wait) = std::sync::mpsc::channel::<()>();
                let (tell, told) = tokio::sync::oneshot::channel();
                let body = move || {
                    tell.send(()).unwrap();
                    wait.recv().is_err()
                };
                drop(yard.blocking().submit(body).await.unwrap());
                soon(told).await.unwrap();
                let began = std::time::Instant::now();
                let report = soon(yard.shutdown().drain_for(moment).grace(moment)).await;
                let over = began.elapsed().saturating_sub(2 * moment);
                assert_eq!(report.stuck.len(), 1, "{report}");
                drop(go_on);
                over
            })
        });
        let best = over.min().unwrap();
        assert!(best <= Duration::from_millis(250), "{best:?} too late at best");
    });
}
