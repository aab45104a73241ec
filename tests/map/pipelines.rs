//! Pipelines: streams through lanes, with one bound from end to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use workyard::{LaneStreamExt as _, Scheduler, TaskErrorKind};
use workyard_testkit::{DropCounter, Rng, SeedOnPanic, seeds, wait_for_async};

use crate::lanes::{balanced, completed};
use crate::run::{SOON, on_runtime, soon};

#[test]
fn three_stages_in_order() {
    on_runtime(async {
        let yard = Scheduler::new();
        let many = 10_000_u64;
        let texts = stream::iter(0..many)
            .map_io(yard.io(), async |x| {
                tokio::task::yield_now().await;
                x + 1
            })
            .map_cpu(yard.cpu(), |x| x * 2)
            .map_blocking(yard.blocking(), |x| x.to_string());
        let texts: Vec<String> = soon(texts.try_collect()).await.unwrap();
        assert!(texts.into_iter().eq((0..many).map(|x| ((x + 1) * 2).to_string())));
        assert_eq!(completed(&yard).await, 3 * many);
    });
}

#[test]
fn a_failure_passes_down_in_its_place() {
    on_runtime(async {
        let yard = Scheduler::new();
        let line = line!() + 2;
        let mut results = stream::iter(0..100_u32)
            .try_map_io(yard.io(), async |x| if x == 3 { Err("three") } else { Ok(x) })
            .name("first")
            .map_cpu(yard.cpu(), |x| if x == 7 { panic!("seven") } else { x })
            .name("second")
            .map_io(yard.io(), async |x| x);
        for index in 0..100 {
            let result = soon(results.next()).await.unwrap();
            match (index, result) {
                (3, Err(error)) => {
                    assert_eq!((error.kind(), error.index(), error.name()), (TaskErrorKind::Failed, 3, Some("first")));
                    assert_eq!(error.called_at().line(), line);
                    assert_eq!(error.into_source().unwrap().to_string(), "three");
                }
                (7, Err(error)) => {
                    assert_eq!((error.index(), error.name(), error.lane()), (7, Some("second"), "cpu"));
                    assert_eq!(error.panic_message(), Some("seven"));
                }
                (_, Ok(value)) => assert_eq!(value, index),
                (_, Err(error)) => panic!("{error}"),
            }
        }
        assert!(results.next().await.is_none());
        drop(results);
        let total = balanced(&yard).await.total;
        assert_eq!((total.accepted, total.failed, total.panicked), (100 + 99 + 98, 1, 1));
    });
}

#[test]
fn the_last_stage_decides_the_order() {
    on_runtime(async {
        let yard = Scheduler::new();
        let wait = |ms: u64| async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            ms
        };
        let ordered = stream::iter([90, 1, 40]).map_io_unordered(yard.io(), wait).map_cpu(yard.cpu(), |x| x);
        assert_eq!(ordered.try_collect::<Vec<_>>().await.unwrap(), [90, 1, 40]);
        let mut unordered = stream::iter([180, 1, 90]).map_io(yard.io(), wait).map_cpu_unordered(yard.cpu(), |x| x);
        let mut seen = Vec::new();
        while let Some((index, value)) = soon(unordered.next_indexed()).await {
            seen.push((index, value.unwrap()));
        }
        assert_eq!(seen, [(1, 1), (2, 90), (0, 180)]);
        drop(unordered);
        assert_eq!(completed(&yard).await, 12);
    });
}

#[test]
fn one_bound_from_end_to_end_with_a_slow_sink() {
    on_runtime(async {
        let yard = Scheduler::new();
        let many = 100_000_u64;
        let bound = 100;
        let pulled = Arc::new(AtomicU64::new(0));
        let source = {
            let pulled = Arc::clone(&pulled);
            stream::iter((0..many).inspect(move |_| {
                pulled.fetch_add(1, Ordering::Relaxed);
            }))
        };
        let mut results = source
            .map_io(yard.io(), async |x| {
                tokio::task::yield_now().await;
                x
            })
            .map_cpu(yard.cpu(), |x| x)
            .map_io(yard.io(), async |x| x)
            .window(bound);
        let mut taken = 0;
        while let Some(result) = soon(results.next()).await {
            assert_eq!(result.unwrap(), taken);
            taken += 1;
            let in_flight = pulled.load(Ordering::Relaxed) - taken;
            assert!(in_flight <= bound as u64, "{in_flight}");
            if taken.is_multiple_of(1_000) {
                // A slow sink: everything behind it fills up, and goes no further.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        assert_eq!(taken, many);
        drop(results);
        assert_eq!(completed(&yard).await, 3 * many);
    });
}

#[test]
fn work_goes_on_between_polls() {
    on_runtime(async {
        let yard = Scheduler::new();
        let ended = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&ended);
        let mut results = stream::iter(0..50_usize)
            .map_io(yard.io(), async |x| {
                tokio::time::sleep(Duration::from_millis(1)).await;
                x
            })
            .map_cpu(yard.cpu(), |x| x)
            .map_blocking(yard.blocking(), move |x| {
                counts.fetch_add(1, Ordering::Relaxed);
                x
            });
        assert_eq!(soon(results.next()).await.unwrap().unwrap(), 0);
        wait_for_async("all stages are through, though nobody polls", SOON, || ended.load(Ordering::Relaxed) == 50)
            .await;
        assert_eq!(soon(results.try_fold(0, |count, _| async move { Ok(count + 1) })).await.unwrap(), 49);
        completed(&yard).await;
    });
}

#[test]
fn an_item_that_comes_late_does_not_wait_for_those_in_flight() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (tx, rx) = tokio::sync::mpsc::channel::<Duration>(4);
        let source = stream::unfold(rx, |mut rx| async move { Some((rx.recv().await?, rx)) });
        let mut results = source.map_io_unordered(yard.io(), async |time| {
            tokio::time::sleep(time).await;
            time
        });
        tx.send(Duration::from_hours(1)).await.unwrap();
        let none = tokio::time::timeout(Duration::from_millis(20), results.next()).await;
        assert!(none.is_err());
        tx.send(Duration::from_millis(1)).await.unwrap();
        assert_eq!(soon(results.next()).await.unwrap().unwrap(), Duration::from_millis(1));
        drop(results);
        balanced(&yard).await;
    });
}

#[test]
fn ended_anywhere_nothing_is_left() {
    for seed in seeds(100) {
        let _seed = SeedOnPanic::new(seed);
        let mut rng = Rng::new(seed);
        let counter = DropCounter::new();
        let items = counter.clone();
        on_runtime(async move {
            let yard = Scheduler::builder()
                .cpu(workyard::Lane::cpu().threads(2).queue(1))
                .io(workyard::Lane::io().limit(8).queue(2))
                .build()
                .unwrap();
            let (panics_at, end_at, how) = (rng.below(200) as u64, rng.below(200) as u64, rng.below(3));
            let mut results = stream::iter(0..200_u64)
                .map_io(yard.io(), move |x| {
                    let item = items.payload();
                    async move {
                        tokio::task::yield_now().await;
                        (x, item)
                    }
                })
                .map_cpu(yard.cpu(), move |(x, item)| {
                    assert_ne!(x, panics_at, "planned");
                    (x, item)
                })
                .map_io(yard.io(), async |item| {
                    tokio::task::yield_now().await;
                    item
                })
                .window(32);
            let mut next = 0;
            while next < end_at {
                match soon(results.next()).await.unwrap() {
                    Ok((x, _)) => assert_eq!(x, next),
                    Err(error) => assert_eq!((error.index(), next), (panics_at, panics_at), "{error}"),
                }
                next += 1;
            }
            match how {
                0 => drop(results),
                1 => {
                    let report = soon(yard.shutdown().drain_for(Duration::ZERO)).await;
                    assert!(report.balances(), "{report:#}");
                    let rest = soon(results.collect::<Vec<_>>()).await;
                    assert!(rest.iter().flatten().count() <= 200);
                }
                _ => {
                    let half = async { while soon(results.next()).await.is_some() {} };
                    half.await;
                }
            }
            balanced(&yard).await;
        });
        assert_eq!(counter.alive(), 0, "of {} items", counter.made());
    }
}
