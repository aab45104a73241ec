//! How maps end before their inputs do: dropped, drained, cancelled, abandoned, without a runtime, without a yard.

use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::Semaphore;
use workyard::{Lane, MapError, Scheduler, TaskErrorKind};
use workyard_testkit::{DropCounter, Payload, Rng, SeedOnPanic, seeds, wait_for, wait_for_async};

use crate::lanes::{Gate, balanced, until};
use crate::run::{SOON, on_runtime, soon};

/// Runs a test on a runtime of one thread, where a map of futures has one runner.
fn on_one_thread<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(SOON, test).await.expect("the test ends") })
}

/// The input, a turn later.
async fn yielded(x: u64) -> u64 {
    tokio::task::yield_now().await;
    x
}

/// The kinds of the failures, by item.
fn kinds<T, I>(settled: &[Result<T, MapError<I>>]) -> Vec<(u64, TaskErrorKind)> {
    settled.iter().filter_map(|result| result.as_ref().err()).map(|error| (error.index(), error.kind())).collect()
}

#[test]
fn futures_that_run_finish_while_the_yard_drains() {
    // One thread, so one runner, which starts the first four.
    on_one_thread(async {
        let yard = Scheduler::builder().lane("db", Lane::io().limit(4).queue(8)).build().unwrap();
        let gates: Arc<[Semaphore; 4]> = Arc::new(std::array::from_fn(|_| Semaphore::new(0)));
        let inside = Arc::clone(&gates);
        let map = yard.io_lane("db").unwrap().map(0..100_usize, move |x| {
            let gates = Arc::clone(&inside);
            async move {
                gates[x].acquire().await.unwrap().forget();
                x
            }
        });
        let map = tokio::spawn(map.settle());
        until(&yard, "four run", |ledger| ledger.running == 4).await;
        let end = tokio::spawn(yard.shutdown().into_future());
        soon(yard.closing().cancelled()).await;
        gates[2].add_permits(1);
        until(&yard, "one has ended", |ledger| ledger.completed == 1).await;
        for gate in [3, 1, 0] {
            gates[gate].add_permits(1);
        }
        let settled = soon(map).await.unwrap();
        assert!(settled[..4].iter().map(|result| *result.as_ref().unwrap()).eq(0..4));
        assert!(kinds(&settled).iter().all(|&(_, kind)| kind == TaskErrorKind::Refused), "{settled:?}");
        let report = soon(end).await.unwrap();
        assert_eq!(report.to_string(), "accepted 4 = 4 completed; stuck: none");
        balanced(&yard).await;
    });
}

#[test]
fn closures_that_were_accepted_run_while_the_yard_drains() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(2).queue(0)).build().unwrap();
        let (first, second) = (Gate::default(), Gate::default());
        let gates = (first.clone(), second.clone());
        let map = yard.cpu().map(0..1_000_u32, move |x| {
            match x {
                0 => gates.0.pass(),
                4 => gates.1.pass(),
                _ => {}
            }
            x
        });
        let map = tokio::spawn(map.chunk_size(4).settle());
        until(&yard, "both batches are taken", |ledger| ledger.accepted == 8 && ledger.running == 2).await;
        let end = tokio::spawn(yard.shutdown().into_future());
        soon(yard.closing().cancelled()).await;
        first.open();
        until(&yard, "the first batch has ended", |ledger| ledger.completed >= 4).await;
        second.open();
        let settled = soon(map).await.unwrap();
        assert!(settled[..8].iter().map(|result| *result.as_ref().unwrap()).eq(0..8));
        assert!(kinds(&settled).iter().all(|&(_, kind)| kind == TaskErrorKind::Refused), "{settled:?}");
        assert_eq!(soon(end).await.unwrap().to_string(), "accepted 8 = 8 completed; stuck: none");
        balanced(&yard).await;
    });
}

#[test]
fn all_items_of_a_future_that_blocks_its_thread_are_answered_when_it_is_abandoned() {
    on_runtime(async {
        let yard = Scheduler::builder().lane("db", Lane::io().limit(8).queue(8)).build().unwrap();
        let gate = Gate::default();
        let inside = gate.clone();
        // Both runners get three items each: one that is over, one that blocks its thread, and one behind it.
        let map = yard.io_lane("db").unwrap().map([0, 1, 2], move |x| {
            let gate = inside.clone();
            async move {
                if x == 1 {
                    gate.pass();
                }
                x
            }
        });
        let map = std::thread::spawn(|| map.settle().blocking_join());
        until(&yard, "one blocks", |ledger| ledger.live() > 0).await;
        let report = soon(yard.shutdown().drain_for(Duration::ZERO).grace(Duration::from_millis(50))).await;
        wait_for_async("the map has ended", SOON, || map.is_finished()).await;
        let settled = map.join().unwrap();
        assert_eq!(kinds(&settled).iter().find(|&&(index, _)| index == 1), Some(&(1, TaskErrorKind::Abandoned)));
        assert!(report.balances() && report.stuck.len() == 1, "{report:#}");
        gate.open();
        wait_for_async("the body has returned", SOON, || {
            yard.snapshot().lanes.iter().all(|lane| lane.counts.occupied == 0)
        })
        .await;
    });
}

#[test]
fn a_closure_that_never_returns_is_abandoned_with_what_waits_behind_it() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1).queue(0)).build().unwrap();
        let gate = Gate::default();
        let inside = gate.clone();
        let map = yard.cpu().map(0..100, move |x| {
            if x == 2 {
                inside.pass();
            }
        });
        let map = tokio::spawn(map.chunk_size(5).keep_inputs().settle());
        until(&yard, "five are accepted", |ledger| ledger.accepted == 5 && ledger.running == 1).await;
        let report = soon(yard.shutdown().drain_for(Duration::ZERO).grace(Duration::from_millis(50))).await;
        let settled = soon(map).await.unwrap();
        assert!(settled[0].is_ok() && settled[1].is_ok(), "{settled:?}");
        let failed: Vec<_> = settled.into_iter().filter_map(Result::err).collect();
        assert!(failed.iter().all(|error| error.input() == Some(i32::try_from(error.index()).unwrap())));
        let kinds: Vec<_> = failed.iter().map(MapError::kind).collect();
        assert_eq!(kinds[0], TaskErrorKind::Abandoned);
        assert!(kinds[1..3].iter().all(|&kind| kind == TaskErrorKind::Cancelled), "{kinds:?}");
        assert!(report.balances() && report.stuck.len() == 1, "{report:#}");
        assert_eq!((report.total.completed, report.total.abandoned, report.total.cancelled), (2, 1, 2));
        gate.open();
        wait_for_async("the body has returned", SOON, || yard.snapshot().lane("cpu").unwrap().counts.occupied == 0)
            .await;
    });
}

#[test]
fn a_runner_that_gave_way_ends_with_its_runtime() {
    // Of one thread: it drops its tasks in the order in which they came, that of the runner first.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (yard, map, blocker) = runtime.block_on(async {
        let yard = Scheduler::builder().lane("db", Lane::io().limit(1).queue(8)).build().unwrap();
        let db = yard.io_lane("db").unwrap().clone();
        let (first, started) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let (inside, count) = (Arc::clone(&first), Arc::clone(&started));
        let map = db.map(0..10, move |x| {
            let (first, count) = (Arc::clone(&inside), Arc::clone(&count));
            async move {
                count.fetch_add(1, Ordering::SeqCst);
                first.acquire().await.unwrap().forget();
                x
            }
        });
        let map = std::thread::spawn(|| map.settle().blocking_join());
        wait_for_async("an item runs", SOON, || started.load(Ordering::SeqCst) == 1).await;
        let blocker = db.submit(std::future::pending::<()>()).await.unwrap();
        first.add_permits(1);
        // The runner gives way to the task that never ends.
        wait_for_async("the task runs", SOON, || blocker.status().to_string() == "running").await;
        (yard, map, blocker)
    });
    drop(runtime);
    wait_for("the map has ended", SOON, || map.is_finished());
    let settled = map.join().unwrap();
    assert!(settled[0].is_ok());
    assert!(kinds(&settled).iter().all(|&(_, kind)| kind != TaskErrorKind::Abandoned), "{settled:?}");
    assert!(blocker.blocking_join().unwrap_err().is_cancelled());
    let counts = yard.snapshot().lane("db").unwrap().counts;
    assert_eq!((counts.ledger.live(), counts.occupied, counts.lending), (0, 0, 0));
    let report = yard.shutdown().blocking_join();
    assert!(report.balances() && report.is_clean(), "{report:#}");
}

#[test]
fn every_item_has_its_outcome_after_enough_failures() {
    on_one_thread(async {
        let yard = Scheduler::builder().lane("db", Lane::io().limit(4).queue(8)).build().unwrap();
        let slow = Arc::new(Semaphore::new(0));
        let inside = Arc::clone(&slow);
        let map = yard.io_lane("db").unwrap().try_map(0..8, move |x| {
            let slow = Arc::clone(&inside);
            async move {
                match x {
                    0 => Err("the first"),
                    1 => {
                        slow.acquire().await.unwrap().forget();
                        Ok(x)
                    }
                    _ => Ok(x),
                }
            }
        });
        let map = tokio::spawn(map.window(2).settle().stop_after(1));
        until(&yard, "one failed", |ledger| ledger.failed == 1 && ledger.running == 1).await;
        // On one thread, all that was woken has had its turn by then.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        slow.add_permits(1);
        let settled = soon(map).await.unwrap();
        assert!(matches!(settled[..], [Err(_), Ok(1), ..]), "what runs goes on: {settled:?}");
        balanced(&yard).await;
    });
}

#[test]
fn what_waits_behind_an_item_out_of_time_is_answered_when_the_map_stops() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1).queue(0)).build().unwrap();
        let gate = Gate::default();
        let inside = gate.clone();
        let map = yard.cpu().map(0..8, move |x| {
            if x == 1 {
                inside.pass();
            }
            x
        });
        let map = map.chunk_size(4).timeout(Duration::from_millis(50)).settle().stop_after(1);
        let settled = soon(map).await;
        assert_eq!(settled[1].as_ref().unwrap_err().kind(), TaskErrorKind::TimedOut);
        assert!(settled[2..].iter().all(|result| result.as_ref().is_err_and(MapError::is_cancelled)), "{settled:?}");
        gate.open();
        balanced(&yard).await;
    });
}

#[test]
fn a_function_whose_drop_panics_costs_no_worker() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1).queue(4)).build().unwrap();
        let drops = DropCounter::new();
        for _ in 0..3 {
            let (gate, captured) = (Gate::default(), drops.panicking_payload());
            let inside = gate.clone();
            let mut map = yard
                .cpu()
                .map(0..100, move |x| {
                    let _held = &captured;
                    if x == 1 {
                        inside.pass();
                    }
                    x
                })
                .chunk_size(1)
                .ordered();
            assert_eq!(soon(map.next()).await.unwrap().unwrap(), 0);
            let after = yard.cpu().submit(|| "after").await.unwrap();
            drop(map);
            gate.open();
            assert_eq!(soon(after).await.unwrap(), "after");
        }
        wait_for_async("the functions are dropped", SOON, || drops.alive() == 0).await;
        let report = balanced(&yard).await;
        assert_eq!(report.unobserved_failures(), 3);
    });
}

#[test]
fn a_place_that_a_submitter_gave_up_is_an_items() {
    // One thread, so one runner.
    on_one_thread(async {
        let yard = Scheduler::builder().lane("db", Lane::io().limit(2).queue(0)).build().unwrap();
        let db = yard.io_lane("db").unwrap().clone();
        let blocker = db.submit(std::future::pending::<()>()).await.unwrap();
        let pair = Arc::new(tokio::sync::Barrier::new(2));
        // The two items need each other.
        let map = tokio::spawn(
            db.map(0..2, move |_| {
                let pair = Arc::clone(&pair);
                async move { pair.wait().await.is_leader() }
            })
            .into_future(),
        );
        until(&yard, "the first runs", |ledger| ledger.running == 2).await;
        let mut submit = Box::pin(db.submit(async {}));
        assert!((&mut submit).now_or_never().is_none());
        blocker.cancel();
        wait_for_async("the place is promised", SOON, || yard.snapshot().lane("db").unwrap().counts.promised == 1)
            .await;
        drop(submit);
        soon(map).await.unwrap().unwrap();
        drop(blocker);
        balanced(&yard).await;
    });
}

#[test]
fn dropped_anywhere_it_leaves_nothing() {
    on_runtime(async {
        let yard = Scheduler::builder()
            .cpu(Lane::cpu().threads(2).queue(1))
            .blocking(Lane::blocking().limit(2).queue(0))
            .lane("db", Lane::io().limit(5).queue(1))
            .build()
            .unwrap();
        let drops = DropCounter::new();
        for seed in seeds(100) {
            let _told = SeedOnPanic::new(seed);
            let mut rng = Rng::new(seed);
            let inputs = |from: &DropCounter| {
                let from = from.clone();
                (0_u64..).map(move |x| (x, from.payload()))
            };
            let slow = rng.below(50) as u64;
            let item = move |(x, payload): (u64, Payload)| {
                if x == slow {
                    std::thread::yield_now();
                }
                assert!(x % 13 != 5, "on purpose");
                (x, payload)
            };
            let later = move |(x, payload)| async move {
                for _ in 0..x % 3 {
                    tokio::task::yield_now().await;
                }
                if x == slow {
                    std::future::pending::<()>().await;
                }
                (x, payload)
            };
            let take = rng.below(60);
            match rng.below(4) {
                0 => drop(soon(yard.cpu().map(inputs(&drops), item).ordered().take(take).collect::<Vec<_>>()).await),
                1 => drop(
                    soon(yard.blocking().map(inputs(&drops), item).unordered().take(take).collect::<Vec<_>>()).await,
                ),
                2 => {
                    let take = take.min(usize::try_from(slow).unwrap());
                    drop(
                        soon(
                            yard.io_lane("db")
                                .unwrap()
                                .map(inputs(&drops), later)
                                .ordered()
                                .take(take)
                                .collect::<Vec<_>>(),
                        )
                        .await,
                    );
                }
                _ => {
                    // Dropped in the midst of waiting, wherever that is.
                    let map = yard.io_lane("db").unwrap().map(inputs(&drops).take(200), later).into_future();
                    let turns = async {
                        for _ in 0..take {
                            tokio::task::yield_now().await;
                        }
                    };
                    tokio::select! { _ = map => {}, () = turns => {} }
                }
            }
        }
        let report = balanced(&yard).await;
        assert_eq!(report.total.live(), 0);
        wait_for_async("no input, no result is left", SOON, || drops.alive() == 0).await;
        assert!(drops.made() > 100);
    });
}

#[test]
fn futures_dropped_half_way_may_panic_in_that() {
    on_runtime(async {
        let yard = Scheduler::builder().lane("db", Lane::io().limit(4).queue(0)).build().unwrap();
        let drops = DropCounter::new();
        for _ in 0..3 {
            let from = drops.clone();
            let map = yard.io_lane("db").unwrap().map(0..20, move |x| {
                let held = from.panicking_payload();
                async move {
                    if x > 0 {
                        std::future::pending::<()>().await;
                    }
                    assert!(catch_unwind(|| drop(held)).is_err());
                }
            });
            let mut results = map.ordered();
            soon(results.next()).await.unwrap().unwrap();
            drop(results);
            wait_for_async("they are dropped", SOON, || drops.alive() == 0).await;
        }
        let report = balanced(&yard).await;
        assert_eq!(usize::try_from(report.unobserved_failures()).unwrap(), drops.made() - 3, "each panic is counted");
    });
}

#[test]
fn a_shutdown_without_drain_answers_every_item() {
    on_runtime(async {
        for seed in seeds(20) {
            let _told = SeedOnPanic::new(seed);
            let mut rng = Rng::new(seed);
            let yard = Scheduler::builder()
                .cpu(Lane::cpu().threads(2).queue(1))
                .lane("db", Lane::io().limit(5).queue(1))
                .build()
                .unwrap();
            let drops = DropCounter::new();
            let inputs = |from: &DropCounter| {
                let from = from.clone();
                (0_u64..).map(move |x| (x, from.payload()))
            };
            let on_cpu = tokio::spawn(yard.cpu().map(inputs(&drops), |(x, _)| x).settle());
            let on_io = tokio::spawn(
                yard.io_lane("db")
                    .unwrap()
                    .map(inputs(&drops), async |(x, _): (u64, Payload)| {
                        tokio::task::yield_now().await;
                        x
                    })
                    .settle(),
            );
            let many = rng.below(5_000) as u64;
            until(&yard, "some have ended", |ledger| ledger.completed >= many).await;
            let drain = Duration::from_millis([0, 0, 50][rng.below(3)]);
            let report = soon(yard.shutdown().drain_for(drain)).await;
            assert!(report.balances() && report.is_clean(), "{report:#}");
            let mut completed = 0;
            for settled in [soon(on_cpu).await.unwrap(), soon(on_io).await.unwrap()] {
                for (index, result) in (0..).zip(&settled) {
                    match result {
                        Ok(value) => assert_eq!(*value, index),
                        Err(error) => assert!(
                            error.index() == index
                                && matches!(error.kind(), TaskErrorKind::Cancelled | TaskErrorKind::Refused),
                            "{error}"
                        ),
                    }
                }
                completed += settled.iter().filter(|result| result.is_ok()).count() as u64;
            }
            assert_eq!(report.total.completed, completed);
            wait_for_async("nothing is left", SOON, || drops.alive() == 0).await;
        }
    });
}

#[test]
fn without_its_yard_a_map_ends() {
    on_runtime(async {
        for round in 0..10 {
            let yard = Scheduler::builder()
                .cpu(Lane::cpu().threads(1).queue(0))
                .lane("db", Lane::io().limit(3).queue(0))
                .build()
                .unwrap();
            let (cpu, db) = (yard.cpu().clone(), yard.io_lane("db").unwrap().clone());
            let on_cpu = tokio::spawn(cpu.map(0_u64.., |x| x).settle());
            let on_io = tokio::spawn(db.map(0_u64.., yielded).settle());
            until(&yard, "some have ended", |ledger| ledger.completed > 50 * round).await;
            drop(yard);
            for settled in [soon(on_cpu).await.unwrap(), soon(on_io).await.unwrap()] {
                let error = settled.last().unwrap().as_ref().unwrap_err();
                assert!(matches!(error.kind(), TaskErrorKind::Cancelled | TaskErrorKind::Refused), "{error}");
            }
            // Begun when all is over.
            assert_eq!(soon(cpu.map([1], |x| x)).await.unwrap_err().kind(), TaskErrorKind::Refused);
            assert_eq!(soon(db.map([1], async |x| x)).await.unwrap_err().kind(), TaskErrorKind::Refused);
        }
    });
}

#[test]
fn without_its_runtime_a_map_ends() {
    for round in 0..6 {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (yard, maps) = runtime.block_on(async {
            let yard = Scheduler::builder()
                .cpu(Lane::cpu().threads(1).queue(0))
                .blocking(Lane::blocking().limit(2).queue(0))
                .lane("db", Lane::io().limit(3).queue(0))
                .build()
                .unwrap();
            let limit = Duration::from_secs(round * 100 + 1);
            let on_io = yard.io_lane("db").unwrap().map(0_u64.., yielded);
            let on_blocking = yard.blocking().map(0_u64.., |x| x);
            let on_cpu = yard.cpu().map(0_u64..20_000, |x| x).timeout(limit);
            let maps = [
                std::thread::spawn(move || on_io.timeout(limit).settle().blocking_join().len()),
                std::thread::spawn(move || on_blocking.timeout(limit).settle().blocking_join().len()),
                std::thread::spawn(move || on_cpu.settle().blocking_join().len()),
            ];
            until(&yard, "some have ended", |ledger| ledger.completed > 300 * round).await;
            (yard, maps)
        });
        drop(runtime);
        for map in maps {
            wait_for("the map has ended", SOON, || map.is_finished());
            assert!(map.join().is_ok(), "it ended without a panic");
        }
        // Without a runtime, nobody waits at the end for bodies that are about to return.
        wait_for("no runner is left", SOON, || yard.snapshot().lanes.iter().all(|lane| lane.counts.occupied == 0));
        let report = yard.shutdown().blocking_join();
        assert!(report.balances() && report.is_clean(), "{report:#}");
    }
}

#[test]
fn nothing_is_left_of_a_map_and_its_yard() {
    on_runtime(async {
        let drops = DropCounter::new();
        for _ in 0..5 {
            let yard = Scheduler::builder()
                .lane("mapend", Lane::cpu().threads(2).queue(0))
                .lane("db", Lane::io().limit(3).queue(0))
                .build()
                .unwrap();
            let captured = (drops.payload(), drops.payload());
            let inputs = || {
                std::iter::repeat_with({
                    let drops = drops.clone();
                    move || drops.payload()
                })
            };
            let mut on_cpu = yard
                .cpu_lane("mapend")
                .unwrap()
                .map(inputs(), move |input| {
                    let _held = &captured.0;
                    input
                })
                .describe(|_| String::from("an input"))
                .ordered();
            let mut on_io = yard
                .io_lane("db")
                .unwrap()
                .map(inputs(), move |input| {
                    let _held = &captured.1;
                    async move {
                        tokio::task::yield_now().await;
                        input
                    }
                })
                .timeout(Duration::from_secs(600))
                .unordered();
            for _ in 0..50 {
                drop((soon(on_cpu.next()).await, soon(on_io.next()).await));
            }
            drop((on_cpu, on_io));
            drop(yard);
        }
        wait_for_async("no value, and no Arc that has one, is left", SOON, || drops.alive() == 0).await;
        let threads = || workyard_testkit::threads_named("workyard-mapend");
        wait_for_async("no thread is left", SOON, || threads().is_none_or(|names| names.is_empty())).await;
    });
}
