//! The rows of the tutorials that maps answer, in the form of threads: each test begins with its row's name.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use futures_util::{FutureExt as _, StreamExt as _};
use workyard::{Lane, Scheduler, TaskErrorKind};
use workyard_testkit::Gauge;

use crate::lanes::{balanced, completed, until};
use crate::run::{on_runtime, soon};

/// A yard that computes on so many threads.
fn threads(threads: usize) -> Scheduler {
    Scheduler::builder().cpu(Lane::cpu().threads(threads)).build().unwrap()
}

#[test]
fn s04_nine_items_on_three_threads_in_the_order_of_the_inputs() {
    on_runtime(async {
        let (yard, gauge) = (threads(3), Gauge::new());
        let steps = Arc::new(Mutex::new(Vec::new()));
        let (inside, log) = (gauge.clone(), Arc::clone(&steps));
        let items = (0..9).map(|index| (index, 3));
        let map = yard.cpu().map(items, move |(index, many)| {
            let _inside = inside.enter();
            for step in 0..many {
                log.lock().unwrap().push((index, step));
                std::thread::yield_now();
            }
            index
        });
        assert!(soon(map).await.unwrap().into_iter().eq(0..9));
        assert!(gauge.max() <= 3);
        let steps = std::mem::take(&mut *steps.lock().unwrap());
        assert_eq!(steps.len(), 27);
        for index in 0..9 {
            assert!(steps.iter().filter(|step| step.0 == index).map(|step| step.1).eq(0..3));
        }
        assert_eq!(completed(&yard).await, 9);
    });
}

/// Also P05 and P06: an outcome an item, and the error names which it was.
#[test]
fn s05_eight_values_and_one_error_and_nothing_lost() {
    on_runtime(async {
        let yard = threads(3);
        let settled = soon(yard.cpu().try_map(0..9, |x| if x == 4 { Err("four") } else { Ok(x) }).settle()).await;
        for (index, result) in (0..).zip(settled) {
            match result {
                Ok(value) => assert!(value == index && value != 4),
                Err(error) => {
                    assert_eq!((index, error.index(), error.attempts()), (4, 4, 1));
                    assert!(error.to_string().starts_with("item 4 of the map on lane cpu"), "{error}");
                }
            }
        }
        let report = balanced(&yard).await;
        assert_eq!((report.total.completed, report.total.failed), (8, 1));
    });
}

/// Also P05: with stop-at-first, what did not begin is cancelled, and said to be.
#[test]
fn s05_stopped_at_the_first_failure_the_rest_is_cancelled() {
    on_runtime(async {
        let yard = threads(1);
        let map = yard.cpu().try_map(0..9, |x| if x == 4 { Err("four") } else { Ok(x) });
        let settled = soon(map.chunk_size(9).window(18).settle().stop_after(1)).await;
        assert!(settled[..4].iter().all(Result::is_ok));
        assert_eq!(settled[4].as_ref().unwrap_err().kind(), TaskErrorKind::Failed);
        for result in &settled[5..] {
            if let Err(error) = result {
                assert_eq!((error.kind(), error.attempts()), (TaskErrorKind::Cancelled, 0));
            }
        }
        balanced(&yard).await;
    });
}

/// Also P09: no counter is of one byte.
#[test]
fn s06_each_of_any_number_of_items_is_counted() {
    on_runtime(async {
        let yard = threads(2);
        let mut all = 0;
        for many in [0, 1, 255, 256, 300, 100_000_u64] {
            assert_eq!(soon(yard.cpu().map(0..many, |_| 1).sum::<u64>()).await.unwrap(), many);
            all += many;
            assert_eq!(yard.snapshot().ledger().completed, all);
        }
        assert_eq!(completed(&yard).await, all);
    });
}

/// Also P07: a captured error keeps its kind, its message and its cause.
#[test]
fn s07_one_of_ten_fails_with_input_and_cause_and_the_yard_maps_again() {
    on_runtime(async {
        let yard = threads(4);
        for _ in 0..2 {
            let map = yard.cpu().try_map((0..10).map(|x| (x, "argument")), |(x, text)| match x {
                4 => Err(std::io::Error::other(format!("{text} {x}"))),
                _ => Ok(x),
            });
            let settled = soon(map.keep_inputs().name("job").settle()).await;
            assert_eq!(settled.iter().flatten().copied().collect::<Vec<_>>(), [0, 1, 2, 3, 5, 6, 7, 8, 9]);
            let error = settled.into_iter().find_map(Result::err).unwrap();
            assert_eq!((error.name(), error.input(), error.index()), (Some("job"), Some((4, "argument")), 4));
            let source = error.into_source().unwrap();
            assert_eq!(source.downcast_ref::<std::io::Error>().unwrap().to_string(), "argument 4");
        }
        let report = balanced(&yard).await;
        assert_eq!(report.unobserved_failures(), 0);
    });
}

/// The sum of x² times the width of the steps from `from` to `to`, of `steps` in all.
#[expect(clippy::cast_precision_loss, reason = "no number of steps here is beyond 2^53")]
fn integrate(range: (f64, f64), steps: u64, part: std::ops::Range<u64>, evaluations: &AtomicU64) -> f64 {
    let width = (range.1 - range.0) / steps as f64;
    evaluations.fetch_add(part.end - part.start, Ordering::Relaxed);
    part.map(|step| (range.0 + step as f64 * width).powi(2) * width).sum()
}

/// Also P10: the remainder is somebody's.
#[test]
fn s17_all_steps_are_taken_whatever_the_number_of_threads() {
    on_runtime(async {
        for many in [1, 2, 3, 7, 8, 16_u64] {
            let yard = threads(usize::try_from(many).unwrap());
            for from in [0.0, 2.0] {
                for steps in [0, 1, 3, 10, 1_000_000_u64] {
                    let (taken, alone) = (Arc::new(AtomicU64::new(0)), AtomicU64::new(0));
                    let inside = Arc::clone(&taken);
                    let parts = (0..many).map(move |part| part * steps / many..(part + 1) * steps / many);
                    let map = yard.cpu().map(parts, move |part| integrate((from, 10.0), steps, part, &inside));
                    let sum = soon(map.sum::<f64>()).await.unwrap();
                    let expected = integrate((from, 10.0), steps, 0..steps, &alone);
                    assert_eq!(taken.load(Ordering::Relaxed), steps);
                    assert!((sum - expected).abs() <= 1e-9 * expected.abs(), "{sum} for {expected}");
                }
            }
            assert_eq!(completed(&yard).await, many * 10);
        }
    });
}

#[test]
fn s23_the_verbs_of_the_pool() {
    on_runtime(async {
        let yard = threads(4);
        assert_eq!(soon(yard.cpu().run(|| 10 * 10)).await.unwrap(), 100);
        assert!(soon(yard.cpu().map(0..10, |x| x * x)).await.unwrap().into_iter().eq((0..10).map(|x| x * x)));
        let mut lazily = yard.cpu().map(0..10, |x| x * x).ordered();
        assert_eq!([soon(lazily.next()).await.unwrap().unwrap(), soon(lazily.next()).await.unwrap().unwrap()], [0, 1]);
        let third = tokio::time::timeout(Duration::from_secs(10), lazily.next());
        assert_eq!(third.await.unwrap().unwrap().unwrap(), 4);
        drop(lazily);
        let ten_seconds = || yard.io().map([10], |s| tokio::time::sleep(Duration::from_secs(s)));
        let began = Instant::now();
        let mut waits = ten_seconds().ordered();
        assert!(tokio::time::timeout(Duration::from_millis(50), waits.next()).await.is_err(), "the wait is typed");
        let error = soon(ten_seconds().timeout(Duration::from_millis(50))).await.unwrap_err();
        assert_eq!((error.kind(), error.is_timeout()), (TaskErrorKind::TimedOut, true));
        drop(waits);
        balanced(&yard).await;
        assert!(began.elapsed() < Duration::from_secs(8), "what takes ten seconds holds nobody up");
    });
}

#[test]
fn s24_the_same_calls_on_each_lane() {
    on_runtime(async {
        let yard = threads(4);
        let (cpu, blocking, io) = (yard.cpu(), yard.blocking(), yard.io());
        let square = |x: u64| x * x;
        let later = async |x: u64| x * x;
        let expected = [0, 1, 4, 9];
        assert_eq!(soon(cpu.map(0..4, square)).await.unwrap(), expected);
        assert_eq!(soon(blocking.map(0..4, square)).await.unwrap(), expected);
        assert_eq!(soon(io.map(0..4, later)).await.unwrap(), expected);
        let sums = [
            soon(cpu.map(0..4, square).sum::<u64>()).await.unwrap(),
            soon(blocking.map(0..4, square).sum::<u64>()).await.unwrap(),
            soon(io.map(0..4, later).sum::<u64>()).await.unwrap(),
        ];
        assert_eq!(sums, [14; 3]);
        assert_eq!(completed(&yard).await, 24);
    });
}

/// n! modulo the Mersenne prime 2^61 - 1.
fn factorial(n: u64) -> u64 {
    const PRIME: u128 = (1 << 61) - 1;
    u64::try_from((1..=u128::from(n)).fold(1, |product, x| product * x % PRIME)).unwrap()
}

#[test]
fn s25_s26_a_hundred_factorials_are_the_same_alone_and_on_threads() {
    on_runtime(async {
        let yard = threads(2);
        let alone: Vec<_> = (0..100).map(|x| factorial(5_000 + x)).collect();
        assert_eq!(soon(yard.cpu().map(5_000..5_100, factorial)).await.unwrap(), alone);
        assert_eq!(completed(&yard).await, 100);
    });
}

/// Also P38 and P12: a thousand waits take about as long as one, on few threads.
#[test]
fn s27_ten_and_a_thousand_waits_take_about_as_long_as_one() {
    on_runtime(async {
        let yard = Scheduler::builder()
            .io(Lane::io().limit(1_000).queue(0))
            .blocking(Lane::blocking().limit(10).queue(0))
            .build()
            .unwrap();
        let began = Instant::now();
        let threads = Arc::new(Mutex::new(BTreeSet::new()));
        let seen = Arc::clone(&threads);
        let waits = yard.io().map(0..1_000, move |_| {
            let seen = Arc::clone(&seen);
            async move {
                tokio::time::sleep(Duration::from_millis(500)).await;
                seen.lock().unwrap().insert(format!("{:?}", std::thread::current().id()));
            }
        });
        soon(waits).await.unwrap();
        soon(yard.blocking().map(0..10, |_| std::thread::park_timeout(Duration::from_millis(500)))).await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(5), "{:?} for 505 s of waits", began.elapsed());
        assert!(threads.lock().unwrap().len() <= 3);
        assert_eq!(completed(&yard).await, 1_010);
    });
}

#[test]
fn s46_squares_on_two_threads() {
    on_runtime(async {
        let yard = threads(2);
        assert_eq!(soon(yard.cpu().map(1..=8, |x| x * x)).await.unwrap(), [1, 4, 9, 16, 25, 36, 49, 64]);
        assert_eq!(completed(&yard).await, 8);
    });
}

#[test]
fn s47_whoever_is_free_takes_the_next() {
    // Jobs of 5, 2, 1 and 3 s for two: 6 s, not 8 or 11.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let yard = Scheduler::builder().io(Lane::io().limit(2).queue(0)).build().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let began = tokio::time::Instant::now();
        let inside = Arc::clone(&log);
        let map = yard.io().map([("A", 5), ("B", 2), ("C", 1), ("D", 3)], move |(name, seconds)| {
            let log = Arc::clone(&inside);
            async move {
                log.lock().unwrap().push((name, began.elapsed().as_secs()));
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
        });
        map.await.unwrap();
        assert_eq!(began.elapsed().as_secs(), 6);
        assert_eq!(*log.lock().unwrap(), [("A", 0), ("B", 0), ("C", 2), ("D", 3)]);
        assert_eq!(completed(&yard).await, 4);
    });
}

#[test]
fn s48_eight_in_any_order_each_once() {
    on_runtime(async {
        let yard = threads(4);
        let map = yard.cpu().map(0..8_u64, |x| {
            std::thread::park_timeout(Duration::from_millis((7 * x) % 5));
            x
        });
        let mut all: Vec<_> = soon(map.unordered().map(Result::unwrap).collect::<Vec<_>>()).await;
        all.sort_unstable();
        assert!(all.into_iter().eq(0..8));
        assert_eq!(completed(&yard).await, 8);
    });
}

/// Also P34: never more at once than there are threads.
#[test]
fn s49_one_thread_takes_them_one_by_one_in_order() {
    on_runtime(async {
        for many in [1, 2, 3] {
            let (yard, gauge, order) = (threads(many), Gauge::new(), Arc::new(Mutex::new(Vec::new())));
            let (inside, starts) = (gauge.clone(), Arc::clone(&order));
            let map = yard.cpu().map(0..200, move |x| {
                let _inside = inside.enter();
                starts.lock().unwrap().push(x);
                std::thread::yield_now();
            });
            soon(map.for_each(drop)).await.unwrap();
            assert!(gauge.max() <= many);
            assert!(many > 1 || order.lock().unwrap().iter().copied().eq(0..200));
            assert_eq!(completed(&yard).await, 200);
        }
    });
}

#[test]
fn s50_joined_on_a_thread_it_is_as_awaited() {
    let yard = Scheduler::standalone().unwrap();
    let check = |x: u64| if x == 7 { Err("seven") } else { Ok(x) };
    let awaited = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let [all, failed] = [0..5, 5..9].map(|inputs| yard.cpu().try_map(inputs, check));
    let async_all = awaited.block_on(all.into_future()).unwrap();
    let async_error = awaited.block_on(failed.into_future()).unwrap_err();
    let [all, failed] = [0..5, 5..9].map(|inputs| yard.cpu().try_map(inputs, check));
    assert_eq!(all.blocking_join().unwrap(), async_all);
    let error = failed.blocking_join().unwrap_err();
    assert_eq!((error.index(), error.kind()), (async_error.index(), async_error.kind()));
    let report = yard.shutdown().blocking_join();
    assert!(report.balances() && report.is_clean(), "{report:#}");
}

#[test]
fn p35_a_callback_that_panics_or_is_slow_holds_up_nobody_else() {
    on_runtime(async {
        let yard = threads(2);
        let each = yard.cpu().map(0..100, |x| x).for_each(|x| assert!(x != 3, "in the callback"));
        let panicked = AssertUnwindSafe(soon(each)).catch_unwind().await.unwrap_err();
        assert!(panicked.downcast_ref::<&str>().is_some_and(|text| text.contains("in the callback")));
        until(&yard, "the map is gone", |ledger| ledger.live() == 0).await;
        let other = yard.cpu().map(0..100_u64, |x| x).sum::<u64>();
        assert_eq!(soon(other).await.unwrap(), 4_950);
        balanced(&yard).await;
    });
}

/// Also P62: one item is no special case.
#[test]
fn p63_the_threads_are_the_same_for_each_map() {
    on_runtime(async {
        let (yard, seen) = (threads(2), Arc::new(Mutex::new(Vec::<ThreadId>::new())));
        for many in [1, 1, 10, 1_000] {
            let inside = Arc::clone(&seen);
            let map = yard.cpu().map(0..many, move |_| {
                let id = std::thread::current().id();
                let mut seen = inside.lock().unwrap();
                if !seen.contains(&id) {
                    seen.push(id);
                }
            });
            assert_eq!(soon(map).await.unwrap().len(), many);
        }
        assert!(seen.lock().unwrap().len() <= 2);
        assert_eq!(completed(&yard).await, 1_012);
    });
}
