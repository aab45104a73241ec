//! Memory stays where it is, however many tasks there were.

use std::panic::resume_unwind;
use std::time::Duration;

use workyard::{Lane, Scheduler};
use workyard_testkit::not_run;

use crate::alone::{alone, resident_kib};
use crate::run::{on_runtime, soon};

/// What allocators and thread-locals may still take when all is warm.
const SLACK_KIB: u64 = 4 << 10;

#[test]
fn a_hundred_thousand_panics_leave_memory_as_it_was() {
    alone("memory::a_hundred_thousand_panics_leave_memory_as_it_was", ":", || {
        let Some(_) = resident_kib() else { return not_run("this system does not tell how much memory a process has") };
        on_runtime(async {
            let yard = Scheduler::builder().cpu(Lane::cpu().threads(1).queue(64)).build().unwrap();
            let mut after = Vec::new();
            for _ in 0..5 {
                for _ in 0..10_000 {
                    drop(yard.io().submit(async { resume_unwind(Box::new([0_u8; 64])) as () }).await.unwrap());
                    drop(yard.cpu().submit(|| resume_unwind(Box::new([0_u8; 64])) as ()).await.unwrap());
                }
                yard.cpu().run(|| {}).await.unwrap();
                after.push(resident_kib().unwrap().0);
            }
            let report = soon(yard.shutdown()).await;
            assert!(report.balances() && report.total.panicked == 100_000, "{report}");
            assert!(after[4] <= after[0] + SLACK_KIB, "resident KiB after each fifth: {after:?}");
        });
    });
}

#[test]
fn ten_rounds_of_the_same_load_leave_memory_as_it_was() {
    alone("memory::ten_rounds_of_the_same_load_leave_memory_as_it_was", ":", || {
        let Some(_) = resident_kib() else { return not_run("this system does not tell how much memory a process has") };
        let after: Vec<u64> = (0..10)
            .map(|_| {
                on_runtime(whole_life());
                resident_kib().unwrap().0
            })
            .collect();
        assert!(after[9] <= after[1] + after[1] / 20 + SLACK_KIB, "resident KiB after each round: {after:?}");
    });
}

/// Some of all that a yard does, to its end.
async fn whole_life() {
    let yard = Scheduler::builder().cpu(Lane::cpu().threads(2).queue(64)).build().unwrap();
    for n in 0..2_000_u64 {
        let limit = Duration::from_hours(1);
        drop(yard.io().task("io").timeout(limit).submit(async move { n }).await.unwrap());
        drop(yard.cpu().submit(move || vec![n; 100]).await.unwrap());
        let cancelled = yard.io().submit(std::future::pending::<()>()).await.unwrap();
        assert!(cancelled.abort());
    }
    assert_eq!(yard.cpu().map(0..50_000_u64, |x| x).sum::<u64>().await.unwrap(), 1_249_975_000);
    let report = soon(yard.shutdown()).await;
    assert!(report.balances() && report.is_clean(), "{report}");
}

/// Two million items, each of a kilobyte, would be two gigabytes if they stood anywhere.
#[test]
fn sixty_four_mebibytes_are_enough_for_a_pipeline_of_any_length() {
    alone("memory::sixty_four_mebibytes_are_enough_for_a_pipeline_of_any_length", "ulimit -v 4000000", || {
        on_runtime(async {
            let yard = Scheduler::builder().cpu(Lane::cpu().threads(2).queue(64)).build().unwrap();
            let mut items = yard.cpu().map(0..200_000_u64, |n| vec![n; 128]).unordered();
            let mut sum = 0;
            while let Some(item) = items.next().await {
                sum += item.unwrap()[127];
            }
            drop(items);
            assert_eq!(sum, 199_999 * 200_000 / 2);
            for n in 0..20_000_u64 {
                let item = vec![n; 1_024];
                drop(yard.cpu().submit(move || item.len()).await.unwrap());
            }
            let report = soon(yard.shutdown()).await;
            assert!(report.balances() && report.is_clean(), "{report}");
        });
        match resident_kib() {
            Some((_, most)) => assert!(most < 64 << 10, "{most} KiB were resident at most"),
            None => not_run("this system does not tell how much memory a process has"),
        }
    });
}
