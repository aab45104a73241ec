//! What a map gives, in each of its forms, on each lane.

use std::time::Duration;

use futures_util::StreamExt as _;
use workyard::Scheduler;

use crate::lanes::{balanced, completed};
use crate::run::{on_runtime, soon};

#[test]
fn squares_in_order_on_every_lane() {
    on_runtime(async {
        let yard = Scheduler::new();
        let squares = [1, 4, 9, 16, 25, 36, 49, 64];
        assert_eq!(yard.cpu().map(1..=8_u64, |x| x * x).await.unwrap(), squares);
        assert_eq!(yard.blocking().map(1..=8_u64, |x| x * x).await.unwrap(), squares);
        assert_eq!(yard.io().map(1..=8_u64, async |x| x * x).await.unwrap(), squares);
        assert_eq!(completed(&yard).await, 24);
    });
}

#[test]
fn nothing_in_nothing_out() {
    on_runtime(async {
        let yard = Scheduler::new();
        assert_eq!(yard.cpu().map(Vec::<u8>::new(), |x| x).await.unwrap(), []);
        assert_eq!(yard.io().map(Vec::<u8>::new(), async |x| x).await.unwrap(), []);
        assert_eq!(yard.cpu().map(Vec::<u8>::new(), |x| x).settle().await.len(), 0);
        assert_eq!(yard.cpu().map(Vec::<u8>::new(), u64::from).sum::<u64>().await.unwrap(), 0);
        assert!(yard.io().map(Vec::<u8>::new(), async |x| x).unordered().next().await.is_none());
        assert_eq!(completed(&yard).await, 0);
    });
}

#[test]
fn many_tiny_items_are_each_counted() {
    on_runtime(async {
        let yard = Scheduler::new();
        for many in [1_u64, 2, 63, 64, 65, 255, 256, 300, 100_000] {
            let doubled = soon(yard.cpu().map(0..many, |x| 2 * x)).await.unwrap();
            assert!(doubled.iter().copied().eq((0..many).map(|x| 2 * x)));
            let doubled = soon(yard.io().map(0..many, async |x| 2 * x)).await.unwrap();
            assert!(doubled.iter().copied().eq((0..many).map(|x| 2 * x)));
            let yielded = yard.io().map(0..many, async |x| {
                tokio::task::yield_now().await;
                2 * x
            });
            assert!(soon(yielded).await.unwrap().iter().copied().eq((0..many).map(|x| 2 * x)));
        }
        assert_eq!(completed(&yard).await, 3 * (1 + 2 + 63 + 64 + 65 + 255 + 256 + 300 + 100_000));
    });
}

#[test]
fn streams_give_by_number_or_as_they_end() {
    on_runtime(async {
        let yard = Scheduler::new();
        let wait = |ms| tokio::time::sleep(Duration::from_millis(ms));
        let sleep = move |ms: u64| async move {
            wait(ms).await;
            ms
        };
        let ordered: Vec<_> = yard.io().map([60, 1, 30], sleep).ordered().map(Result::unwrap).collect().await;
        assert_eq!(ordered, [60, 1, 30]);
        let mut unordered = yard.io().map([120, 1, 60], sleep).unordered();
        let mut ended = Vec::new();
        while let Some((index, result)) = soon(unordered.next_indexed()).await {
            ended.push((index, result.unwrap()));
        }
        assert_eq!(ended, [(1, 1), (2, 60), (0, 120)]);
        assert!(unordered.next().await.is_none(), "it stays at its end");
        drop(unordered);
        assert_eq!(completed(&yard).await, 6);
    });
}

#[test]
fn reductions_follow_the_order_of_the_inputs() {
    on_runtime(async {
        let yard = Scheduler::new();
        let text = yard.cpu().map(0..1_000_u64, |x| x % 10).fold(String::new(), |text, x| text + &x.to_string());
        assert_eq!(text.await.unwrap(), "0123456789".repeat(100));
        assert_eq!(yard.cpu().map(0..1_000_u64, |x| x).sum::<u64>().await.unwrap(), 499_500);
        let thirds = || yard.cpu().map(1..=10_000_u32, |x| 1.0 / f64::from(x)).sum::<f64>();
        let (first, second) = (thirds().await.unwrap(), thirds().await.unwrap());
        assert_eq!(first.to_bits(), second.to_bits());
        let mut seen = Vec::new();
        yard.io().map(0..100_u64, async |x| x).for_each(|x| seen.push(x)).await.unwrap();
        assert!(seen.into_iter().eq(0..100));
        assert_eq!(completed(&yard).await, 1_000 + 1_000 + 20_000 + 100);
    });
}

#[test]
fn plain_threads_have_all_of_it() {
    let yard = Scheduler::standalone().unwrap();
    assert_eq!(yard.cpu().map(1..=4, |x| x * x).blocking_join().unwrap(), [1, 4, 9, 16]);
    assert_eq!(yard.io().map(1..=4, async |x| x * x).blocking_join().unwrap(), [1, 4, 9, 16]);
    assert_eq!(yard.cpu().map(1..=4, |x| x).sum::<i32>().blocking_join().unwrap(), 10);
    assert_eq!(yard.cpu().map(1..=4, |x| x).settle().blocking_join().len(), 4);
    let lazily: Vec<i32> = yard.blocking().map(1.., |x| x).blocking_iter().take(3).map(Result::unwrap).collect();
    assert_eq!(lazily, [1, 2, 3]);
    let report = yard.shutdown().blocking_join();
    assert!(report.balances(), "{report}");
}

#[test]
fn items_run_at_once_up_to_the_limit_and_no_further() {
    on_runtime(async {
        let yard = Scheduler::builder()
            .lane("db", workyard::Lane::io().limit(10).queue(0))
            .lane("disk", workyard::Lane::blocking().limit(3).queue(5))
            .build()
            .unwrap();
        let gauge = workyard_testkit::Gauge::new();
        let inside = gauge.clone();
        let on_db = yard.io_lane("db").unwrap().map(0..200, move |x| {
            let inside = inside.clone();
            async move {
                let _inside = inside.enter();
                tokio::time::sleep(Duration::from_millis(2)).await;
                x
            }
        });
        assert_eq!(soon(on_db).await.unwrap().len(), 200);
        assert_eq!(gauge.max(), 10);
        let gauge = workyard_testkit::Gauge::new();
        let inside = gauge.clone();
        let on_disk = yard.blocking_lane("disk").unwrap().map(0..60, move |x| {
            let _inside = inside.enter();
            std::thread::park_timeout(Duration::from_millis(2));
            x
        });
        assert_eq!(soon(on_disk).await.unwrap().len(), 60);
        assert_eq!(gauge.max(), 3);
        balanced(&yard).await;
    });
}

#[test]
fn an_item_that_looks_sees_that_its_map_was_dropped() {
    on_runtime(async {
        let yard = Scheduler::new();
        let begun = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        for lane in ["cpu", "blocking"] {
            let counts = std::sync::Arc::clone(&begun);
            let spin = move |ctx: workyard::TaskContext, _: u64| {
                counts.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                while !ctx.is_cancelled() {
                    std::thread::yield_now();
                }
            };
            let mut endless = match lane {
                "cpu" => yard.cpu().map_with(0.., spin).ordered(),
                _ => yard.blocking().map_with(0.., spin).ordered(),
            };
            let before = begun.load(std::sync::atomic::Ordering::SeqCst);
            assert!(tokio::time::timeout(Duration::from_millis(20), endless.next()).await.is_err());
            let began = || begun.load(std::sync::atomic::Ordering::SeqCst) > before;
            workyard_testkit::wait_for_async("an item has begun", crate::run::SOON, began).await;
            drop(endless);
        }
        balanced(&yard).await;
    });
}
