//! Items out of time: answered at once, on each lane as it can.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use workyard::{Lane, MapError, Scheduler};
use workyard_testkit::{DropCounter, wait_for_async};

use crate::lanes::{Gate, balanced, lanes};
use crate::run::{SOON, on_runtime, soon};

#[test]
fn a_panic_after_the_answer_is_counted() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1).queue(0)).build().unwrap();
        let gate = Gate::default();
        let inside = gate.clone();
        let map = yard.cpu().map([0], move |_| {
            inside.pass();
            panic!("too late");
        });
        let settled: Vec<Result<(), _>> = soon(map.timeout(Duration::from_millis(20)).settle()).await;
        assert!(settled[0].as_ref().unwrap_err().is_timeout());
        gate.open();
        let report = balanced(&yard).await;
        assert_eq!((report.total.timed_out, report.unobserved_failures()), (1, 1));
        assert_eq!(report.lane("cpu").unwrap().counts.late_results, 1);
    });
}

#[test]
fn a_closure_out_of_time_is_answered_at_once_and_keeps_its_slot() {
    on_runtime(async {
        let yard = Scheduler::builder()
            .cpu(Lane::cpu().threads(2).queue(0))
            .blocking(Lane::blocking().limit(2).queue(0))
            .build()
            .unwrap();
        for on_cpu in [true, false] {
            let (gate, drops) = (Gate::default(), DropCounter::new());
            let (inside, made) = (gate.clone(), drops.clone());
            let item = move |x: u64| {
                if x == 1 {
                    inside.pass();
                }
                (x, made.payload())
            };
            let limit = Duration::from_millis(200);
            let settled = if on_cpu {
                soon(yard.cpu().map(0..12, item).chunk_size(6).timeout(limit).keep_inputs().settle()).await
            } else {
                soon(yard.blocking().map(0..12, item).timeout(limit).keep_inputs().settle()).await
            };
            for (index, result) in (0..).zip(&settled) {
                match result {
                    Ok((value, _)) => assert_eq!(*value, index),
                    Err(error) => assert!(index == 1 && error.is_timeout() && error.input() == Some(1), "{error}"),
                }
            }
            assert!(settled[1].is_err());
            let lane = if on_cpu { "cpu" } else { "blocking" };
            let counts = yard.snapshot().lane(lane).unwrap().counts;
            assert_eq!((counts.overrunning, counts.late_results), (1, 0), "{counts:?}");
            let occupied = || yard.snapshot().lane(lane).unwrap().counts.occupied;
            wait_for_async("the others have left", SOON, || occupied() == 1).await;
            gate.open();
            drop(settled);
            let late = || yard.snapshot().lane(lane).unwrap().counts.late_results;
            wait_for_async("it returned", SOON, || late() == 1).await;
            wait_for_async("it is dropped", SOON, || drops.alive() == 0).await;
        }
        let report = balanced(&yard).await;
        assert_eq!((report.total.completed, report.total.timed_out), (22, 2));
    });
}

#[test]
fn a_slow_consumer_hears_of_an_item_out_of_time() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(2).queue(0)).build().unwrap();
        let gate = Gate::default();
        let inside = gate.clone();
        let map = yard.cpu().map(0_u64.., move |x| {
            if x == 0 {
                inside.pass();
            }
            x
        });
        let mut results = map.timeout(Duration::from_millis(20)).unordered();
        let seen = async {
            while let Some((index, result)) = results.next_indexed().await {
                if index == 0 {
                    return result.unwrap_err().is_timeout();
                }
                // Slower than the lane, so there is always another.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            false
        };
        assert!(tokio::time::timeout(Duration::from_mins(1), seen).await.expect("it is told"));
        drop(results);
        gate.open();
        balanced(&yard).await;
    });
}

#[test]
fn behind_a_closure_out_of_time_items_wait_for_the_only_slot() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1).queue(0)).build().unwrap();
        let gate = Gate::default();
        let inside = gate.clone();
        let map = yard.cpu().map(0..6, move |x| {
            if x == 1 {
                inside.pass();
            }
            x
        });
        let mut results = map.chunk_size(6).window(24).timeout(Duration::from_millis(100)).unordered();
        let mut first = [soon(results.next_indexed()).await.unwrap(), soon(results.next_indexed()).await.unwrap()];
        first.sort_by_key(|(index, _)| *index);
        assert!(first[0].1.is_ok() && first[1].1.as_ref().unwrap_err().is_timeout());
        gate.open();
        let mut rest = Vec::new();
        while let Some(result) = soon(results.next()).await {
            rest.push(result.unwrap());
        }
        assert_eq!(rest, [2, 3, 4, 5]);
        drop(results);
        balanced(&yard).await;
    });
}

#[test]
fn a_future_out_of_time_is_dropped_before_its_answer() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let yard = lanes();
        let drops = DropCounter::new();
        let from = drops.clone();
        let map = yard.io_lane("db").unwrap().map([1, 50, 3, 1_000, 5], move |seconds| {
            let held = from.payload();
            async move {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                drop(held);
                seconds
            }
        });
        let began = tokio::time::Instant::now();
        let settled = map.timeout(Duration::from_secs(10)).keep_inputs().settle().await;
        assert_eq!(began.elapsed().as_secs(), 10);
        assert_eq!(drops.alive(), 0);
        for (index, seconds) in [(1, 50), (3, 1_000)] {
            let error = settled[index].as_ref().unwrap_err();
            assert!(error.is_timeout() && error.input() == Some(seconds) && error.attempts() == 1, "{error}");
        }
        assert_eq!(settled.iter().filter(|result| result.is_ok()).count(), 3);
        let report = balanced(&yard).await;
        assert_eq!((report.total.completed, report.total.timed_out), (3, 2));
    });
}

#[test]
fn no_time_at_all_begins_nothing() {
    on_runtime(async {
        let yard = lanes();
        let begun = Arc::new(AtomicUsize::new(0));
        let (on_cpu, on_io) = (Arc::clone(&begun), Arc::clone(&begun));
        let cpu = yard.cpu().map(0..100, move |_| {
            on_cpu.fetch_add(1, Ordering::SeqCst);
        });
        let io = yard.io_lane("db").unwrap().map(0..100, move |_| {
            on_io.fetch_add(1, Ordering::SeqCst);
            async {}
        });
        let none = Duration::ZERO;
        for settled in [soon(cpu.timeout(none).settle()).await, soon(io.timeout(none).settle()).await] {
            assert_eq!(settled.len(), 100);
            let timed_out = |result: &Result<(), MapError<i32>>| {
                result.as_ref().is_err_and(|error| error.is_timeout() && error.attempts() == 0)
            };
            assert!(settled.iter().all(timed_out));
        }
        assert_eq!(begun.load(Ordering::SeqCst), 0);
        let report = balanced(&yard).await;
        assert_eq!((report.total.timed_out, report.never_started), (200, 200));
    });
}
