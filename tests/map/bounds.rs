//! What is bounded: inputs pulled, results kept, items at once, the turns of a map among others.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Context;
use std::time::{Duration, Instant};

use futures_util::{FutureExt as _, Stream, StreamExt as _};
use workyard::{Lane, MapError, Order, Scheduler};
use workyard_testkit::{DropCounter, Gauge, wait_for_async};

use crate::lanes::{Gate, balanced, completed};
use crate::run::{SOON, on_runtime, soon};

/// How many inputs were pulled.
#[derive(Clone, Default)]
struct Pulled(Arc<AtomicU64>);

impl Pulled {
    /// A thousand million inputs, each counted when it is pulled.
    fn inputs(&self) -> impl Iterator<Item = u64> + Send + use<> {
        let Self(pulled) = self.clone();
        (0..1_000_000_000_u64).inspect(move |_| {
            pulled.fetch_add(1, Ordering::SeqCst);
        })
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Keeps this thread busy for so long.
fn busy(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Three lanes with known limits.
fn lanes() -> Scheduler {
    Scheduler::builder()
        .cpu(Lane::cpu().threads(2).queue(4))
        .lane("db", Lane::io().limit(16).queue(4))
        .lane("disk", Lane::blocking().limit(3).queue(4))
        .build()
        .unwrap()
}

/// Reads a thousand results; inputs and results alive are never more than the window.
async fn read_thousand<I>(
    results: impl Stream<Item = Result<(u64, workyard_testkit::Payload), MapError<I>>>,
    (pulled, alive, window): (Pulled, DropCounter, u64),
) {
    let mut results = std::pin::pin!(results);
    let mut indices = Vec::new();
    for given in 1..=1_000 {
        indices.push(soon(results.next()).await.unwrap().unwrap().0);
        let ahead = pulled.now() - given;
        assert!(ahead <= window, "{ahead} inputs ahead of {given} results");
        assert!(alive.alive() as u64 <= window, "{} results kept", alive.alive());
    }
    indices.sort_unstable();
    indices.dedup();
    assert_eq!(indices.len(), 1_000, "each once");
    assert!(indices[999] < 1_000 + window);
}

/// P40: bounded by default.
#[test]
fn of_endless_inputs_no_more_are_pulled_than_the_window_holds() {
    on_runtime(async {
        let yard = lanes();
        let seen = || (Pulled::default(), DropCounter::new());
        let (db, disk) = (yard.io_lane("db").unwrap(), yard.blocking_lane("disk").unwrap());
        for is_ordered in [true, false] {
            let (pulled, made) = seen();
            let from = made.clone();
            let map = yard.cpu().map(pulled.inputs(), move |x| (x, from.payload()));
            let results = if is_ordered { map.ordered() } else { map.unordered() };
            read_thousand(results, (pulled, made.clone(), 4_096)).await;
            wait_for_async("no result is left", SOON, || made.alive() == 0).await;

            let (pulled, made) = seen();
            let from = made.clone();
            let map = disk.map(pulled.inputs(), move |x| (x, from.payload()));
            let results = if is_ordered { map.ordered() } else { map.unordered() };
            read_thousand(results, (pulled, made.clone(), 6)).await;
            wait_for_async("no result is left", SOON, || made.alive() == 0).await;

            let (pulled, made) = seen();
            let from = made.clone();
            let map = db.map(pulled.inputs(), move |x| {
                let made = from.clone();
                async move {
                    if x % 3 == 0 {
                        tokio::task::yield_now().await;
                    }
                    (x, made.payload())
                }
            });
            let results = if is_ordered { map.ordered() } else { map.unordered() };
            read_thousand(results, (pulled, made.clone(), 32)).await;
            wait_for_async("no result is left", SOON, || made.alive() == 0).await;
        }
        balanced(&yard).await;
    });
}

#[test]
fn inputs_may_be_as_many_as_there_are_numbers() {
    on_runtime(async {
        let yard = lanes();
        let mut results = yard.cpu().map(0..=u64::MAX, |x| x).ordered();
        for expected in 0..1_000 {
            assert_eq!(soon(results.next()).await.unwrap().unwrap(), expected);
        }
        drop(results);
        balanced(&yard).await;
    });
}

#[test]
fn a_window_of_ones_own_holds_with_batches_of_any_size() {
    on_runtime(async {
        let yard = lanes();
        for window in [1, 2, 7, 100] {
            for chunk in [0, 1, 3, 10_000] {
                let pulled = Pulled::default();
                let mut results =
                    yard.cpu().map(pulled.inputs().take(300), |x| x).chunk_size(chunk).window(window).ordered();
                for expected in 0..300 {
                    assert_eq!(soon(results.next()).await.unwrap().unwrap(), expected);
                    assert!(pulled.now() <= expected + 1 + window as u64, "{} at {expected}", pulled.now());
                }
                assert!(results.next().await.is_none());
            }
        }
        let sum = yard.cpu().map(0..300_u64, |x| x).window(0).sum::<u64>();
        assert_eq!(soon(sum).await.unwrap(), 44_850, "0 counts as 1");
        assert_eq!(completed(&yard).await, 17 * 300);
    });
}

#[test]
fn a_slow_first_item_stops_the_source_at_the_window_and_nothing_spins() {
    on_runtime(async {
        let yard = lanes();
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let (pulled, inside) = (Pulled::default(), Arc::clone(&gate));
        let map = yard.io_lane("db").unwrap().map(pulled.inputs().take(100), move |x| {
            let gate = Arc::clone(&inside);
            async move {
                if x == 0 {
                    gate.acquire().await.unwrap().forget();
                }
                x
            }
        });
        let (mut results, polls) = (map.ordered(), Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&polls);
        let all = tokio::spawn(async move {
            let mut all = Vec::new();
            let mut next = |cx: &mut Context<'_>| {
                counted.fetch_add(1, Ordering::SeqCst);
                results.poll_next_unpin(cx)
            };
            while let Some(result) = poll_fn(&mut next).await {
                all.push(result.unwrap());
            }
            all
        });
        let counts = || yard.snapshot().lane("db").unwrap().counts;
        wait_for_async("the others have ended", SOON, || counts().ledger.completed == 31).await;
        wait_for_async("only the slow one runs", SOON, || counts().occupied <= 1 && pulled.now() == 32).await;
        let before = polls.load(Ordering::SeqCst);
        assert!(before < 200, "{before} polls");
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!((polls.load(Ordering::SeqCst), pulled.now()), (before, 32));
        gate.add_permits(1);
        assert!(soon(all).await.unwrap().into_iter().eq(0..100));
        assert_eq!(completed(&yard).await, 100);
    });
}

#[test]
fn without_its_consumer_a_map_stops_at_the_bound() {
    on_runtime(async {
        let yard = lanes();
        let pulled = [(); 2].map(|()| Pulled::default());
        let mut on_cpu = yard.cpu().map(pulled[0].inputs(), |x| x).window(100).ordered();
        let mut on_io = yard.io_lane("db").unwrap().map(pulled[1].inputs(), async |x| x).ordered();
        assert_eq!(soon(on_cpu.next()).await.unwrap().unwrap(), 0);
        assert_eq!(soon(on_io.next()).await.unwrap().unwrap(), 0);
        let at_rest =
            || yard.snapshot().lanes.iter().all(|lane| lane.counts.occupied == 0 && lane.counts.ledger.live() == 0);
        wait_for_async("both rest", SOON, at_rest).await;
        let now = [pulled[0].now(), pulled[1].now()];
        let accepted = yard.snapshot().ledger().accepted;
        assert!(now[0] <= 101 && now[1] <= 33 && accepted == now[0] + now[1], "{now:?}, {accepted}");
        for expected in 1..2_000 {
            assert_eq!(soon(on_cpu.next()).await.unwrap().unwrap(), expected);
            assert_eq!(soon(on_io.next()).await.unwrap().unwrap(), expected);
        }
        drop((on_cpu, on_io));
        balanced(&yard).await;
    });
}

#[test]
fn one_at_a_time_starts_them_in_order() {
    on_runtime(async {
        let yard = Scheduler::builder()
            .cpu(Lane::cpu().threads(1).queue(0))
            .blocking(Lane::blocking().limit(1).queue(0))
            .lane("db", Lane::io().limit(1).queue(0))
            .build()
            .unwrap();
        let gauge = Gauge::new();
        let starts = Arc::new(Mutex::new(Vec::new()));
        let item = {
            let (gauge, starts) = (gauge.clone(), Arc::clone(&starts));
            move |x: u64| {
                let _inside = gauge.enter();
                starts.lock().unwrap().push(x);
                x
            }
        };
        let later = {
            let (gauge, starts) = (gauge.clone(), Arc::clone(&starts));
            move |x: u64| {
                let (gauge, starts) = (gauge.clone(), Arc::clone(&starts));
                async move {
                    let _inside = gauge.enter();
                    starts.lock().unwrap().push(x);
                    tokio::task::yield_now().await;
                    x
                }
            }
        };
        for round in 0..3 {
            let results: Vec<_> = match round {
                0 => soon(yard.cpu().map(0..2_000, item.clone()).unordered().collect::<Vec<_>>()).await,
                1 => soon(yard.blocking().map(0..2_000, item.clone()).unordered().collect::<Vec<_>>()).await,
                _ => {
                    soon(yard.io_lane("db").unwrap().map(0..2_000, later.clone()).unordered().collect::<Vec<_>>()).await
                }
            };
            assert_eq!(results.len(), 2_000);
            assert!(std::mem::take(&mut *starts.lock().unwrap()).into_iter().eq(0..2_000), "round {round}");
        }
        assert_eq!(gauge.max(), 1);
        assert_eq!(completed(&yard).await, 6_000);
    });
}

/// As many as the lane allows, which is more than the runners that are there at first have places for.
async fn all_at_once() {
    const LIMIT: u32 = 10_000;
    let yard = Scheduler::builder().lane("db", Lane::io().limit(LIMIT as usize).queue(0)).build().unwrap();
    for many in [LIMIT, 3 * LIMIT] {
        let all = Arc::new(tokio::sync::Barrier::new(LIMIT as usize));
        let map = yard.io_lane("db").unwrap().map(0..many, move |x| {
            let all = Arc::clone(&all);
            async move {
                all.wait().await;
                x
            }
        });
        assert!(soon(map).await.unwrap().into_iter().eq(0..many));
    }
    assert_eq!(completed(&yard).await, 4 * u64::from(LIMIT));
}

#[test]
fn a_map_reaches_a_large_limit_on_any_runtime() {
    on_runtime(all_at_once());
    let one_thread = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    one_thread.block_on(all_at_once());
}

#[test]
fn a_map_gives_way_whatever_the_order_of_its_lane() {
    on_runtime(async {
        for order in [Order::Fifo, Order::Lifo, Order::Priority] {
            let yard = Scheduler::builder().blocking(Lane::blocking().limit(1).queue(8).order(order)).build().unwrap();
            let gate = Gate::default();
            let (inside, first) = (gate.clone(), AtomicBool::new(true));
            let begun = Arc::new(AtomicU64::new(0));
            let count = Arc::clone(&begun);
            // Endless, so a task that waits for its end waits for ever.
            let mut map = yard
                .blocking()
                .map(0_u64.., move |x| {
                    count.fetch_add(1, Ordering::SeqCst);
                    if first.swap(false, Ordering::SeqCst) {
                        inside.pass();
                    }
                    // With 64 of them in the window, the map does not run out of inputs and leave by itself.
                    busy(Duration::from_millis(1));
                    x
                })
                .window(64)
                .unordered();
            assert!(map.next().now_or_never().is_none());
            wait_for_async("the first item runs", SOON, || begun.load(Ordering::SeqCst) == 1).await;
            let mut singles = Vec::new();
            for x in 0..3 {
                let begun = Arc::clone(&begun);
                singles.push(yard.blocking().submit(move || (x, begun.load(Ordering::SeqCst))).await.unwrap());
            }
            gate.open();
            let pulling = tokio::spawn(async move { while map.next().await.is_some() {} });
            for (x, single) in singles.into_iter().enumerate() {
                let (number, items) = soon(single).await.unwrap();
                assert!(number == x && items <= 4, "{order:?}: {items} items before a task");
            }
            pulling.abort();
            assert!(pulling.await.is_err());
            balanced(&yard).await;
        }
    });
}

#[test]
fn no_item_stays_behind_a_slow_one_while_a_thread_is_idle() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(2).queue(4)).build().unwrap();
        let (began, mut rounds) = (Instant::now(), 0);
        while rounds < 20_000 && began.elapsed() < SOON / 4 {
            rounds += 1;
            let fourth = AtomicBool::new(false);
            // In the second of two batches, one waits for the other.
            let map = yard.cpu().map(0..4, move |x| {
                fourth.fetch_or(x == 3, Ordering::SeqCst);
                let began = Instant::now();
                while x == 2 && !fourth.load(Ordering::SeqCst) {
                    assert!(began.elapsed() < SOON, "the last item begins in round {rounds}");
                    std::thread::yield_now();
                }
            });
            map.chunk_size(2).await.unwrap();
        }
        assert_eq!(completed(&yard).await, 4 * rounds);
    });
}

#[test]
fn a_single_task_starts_within_a_few_batches() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1).queue(8)).build().unwrap();
        let started = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&started);
        let map = yard.cpu().map(0..100_000_u64, move |x| {
            busy(Duration::from_micros(20));
            counted.fetch_add(1, Ordering::SeqCst);
            x
        });
        let map = tokio::spawn(map.sum::<u64>());
        for _ in 0..20 {
            let before = started.load(Ordering::SeqCst);
            let inside = Arc::clone(&started);
            let at = soon(yard.cpu().run(move || inside.load(Ordering::SeqCst))).await.unwrap();
            // Batches are made for 75 microseconds; a busy machine makes some look cheaper than they are.
            assert!(at - before <= 500, "{} items went before a single task", at - before);
        }
        map.abort();
        assert!(map.await.is_err_and(|error| error.is_cancelled()));
        balanced(&yard).await;
    });
}

#[test]
fn two_maps_share_a_lane_and_single_tasks_do_not_keep_one_out() {
    on_runtime(async {
        let yard = Scheduler::builder()
            .cpu(Lane::cpu().threads(1).queue(2))
            .lane("db", Lane::io().limit(1).queue(2))
            .build()
            .unwrap();
        let counts = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));
        let map = |count: &Arc<AtomicU64>| {
            let count = Arc::clone(count);
            let map = yard.cpu().map(0..1_000_u64, move |x| {
                busy(Duration::from_micros(200));
                count.fetch_add(1, Ordering::SeqCst);
                x
            });
            tokio::spawn(map.into_future())
        };
        let (first, second) = (map(&counts[0]), map(&counts[1]));
        soon(first).await.unwrap().unwrap();
        let other = counts[1].load(Ordering::SeqCst);
        assert!(other >= 250, "{other} of the second map when the first ended");
        soon(second).await.unwrap().unwrap();

        // Submitters that keep the queue full for as long as the map takes.
        let over = tokio_util::sync::CancellationToken::new();
        let submitters: Vec<_> = (0..6)
            .map(|_| {
                let (over, cpu, db) = (over.clone(), yard.cpu().clone(), yard.io_lane("db").unwrap().clone());
                tokio::spawn(async move {
                    while !over.is_cancelled() {
                        cpu.run(|| busy(Duration::from_micros(50))).await.unwrap();
                        db.run(tokio::task::yield_now()).await.unwrap();
                    }
                })
            })
            .collect();
        soon(yard.cpu().map(0..100, |x| x)).await.unwrap();
        soon(yard.io_lane("db").unwrap().map(0..100, async |x| x)).await.unwrap();
        over.cancel();
        for submitter in submitters {
            soon(submitter).await.unwrap();
        }
        completed(&yard).await;
    });
}

#[test]
fn for_each_sees_results_as_they_come() {
    on_runtime(async {
        let yard = Scheduler::builder().lane("db", Lane::io().limit(100).queue(0)).build().unwrap();
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let inside = Arc::clone(&gate);
        let map = yard.io_lane("db").unwrap().map(0..10, move |x| {
            let gate = Arc::clone(&inside);
            async move {
                if x > 0 {
                    gate.acquire().await.unwrap().forget();
                }
                x
            }
        });
        let mut seen = Vec::new();
        soon(map.for_each(|x| {
            if x == 0 {
                // Nothing else can open it.
                gate.add_permits(9);
            }
            seen.push(x);
        }))
        .await
        .unwrap();
        assert!(seen.into_iter().eq(0..10));
        assert_eq!(completed(&yard).await, 10);
    });
}
