//! Bodies and callers that are hard on a lane: many threads at once, huge futures, futures that block, turns that nobody takes.
#![cfg(test)]

#[path = "common/run.rs"]
mod run;

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::thread;

use tokio::sync::oneshot;
use workyard::{Lane, LaneCounts, Order, Scheduler, TaskStatus};
use workyard_testkit::{DropCounter, Rng, SeedOnPanic, seeds, wait_for_async};

use run::{SOON, on_runtime, soon};

fn counts(yard: &Scheduler, lane: &str) -> LaneCounts {
    yard.snapshot().lane(lane).unwrap().counts
}

fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// Fifteen threads that submit, cancel, abort and detach on one lane, and one that looks.
#[test]
fn sixteen_threads_never_fill_a_lane_above_its_bound() {
    for seed in seeds(3) {
        let _told = SeedOnPanic::new(seed);
        on_runtime(async {
            let yard =
                Scheduler::builder().cpu(Lane::cpu().threads(2).queue(5).order(Order::Priority)).build().unwrap();
            let payloads = DropCounter::new();
            thread::scope(|scope| {
                let work = |mut rng: Rng| {
                    for n in 0..200 {
                        let held = payloads.payload();
                        let Ok(handle) = yard.cpu().try_submit(move || drop(held)) else { continue };
                        match rng.below(4) {
                            0 => drop(handle.cancel()),
                            1 => drop(handle.abort()),
                            2 => drop(handle),
                            _ if n % 8 == 0 => drop(handle.blocking_join()),
                            _ => {}
                        }
                    }
                };
                let threads: Vec<_> = (0..15).map(|n| scope.spawn(move || work(Rng::new(seed * 15 + n)))).collect();
                while !threads.iter().all(thread::ScopedJoinHandle::is_finished) {
                    let now = counts(&yard, "cpu");
                    let queued = usize::try_from(now.ledger.queued).unwrap();
                    assert!(now.ledger.balances() && now.occupied <= 2, "{now:?}");
                    assert!(now.occupied + queued + now.promised <= 2 + 5, "{now:?}");
                    thread::yield_now();
                }
            });
            // A closure that was aborted is answered before its thread gives the slot back.
            let rest = || {
                let now = counts(&yard, "cpu");
                now.ledger.live() == 0 && now.occupied == 0 && payloads.alive() == 0
            };
            soon(wait_for_async("all is back", SOON, rest)).await;
            let now = counts(&yard, "cpu");
            assert_eq!((now.occupied, now.promised, now.ledger.accepted + now.refused), (0, 0, 15 * 200));
        });
    }
}

#[test]
fn cancelled_tasks_free_their_places_however_many_they_are() {
    on_runtime(async {
        for order in [Order::Fifo, Order::Lifo, Order::Priority] {
            let io = Lane::io().limit(1).queue(2).order(order);
            let yard = Scheduler::builder().io(io).cpu(Lane::cpu().threads(1)).build().unwrap();
            let holds = yard.io().submit(pending::<()>()).await.unwrap();
            let waits = yard.io().submit(async { 1 }).await.unwrap();
            let payloads = DropCounter::new();
            for _ in 0..30_000 {
                let held = payloads.payload();
                // Nothing else makes room: what runs and what waits stay where they are.
                let queued = yard.io().try_submit(async move { drop(held) }).unwrap();
                assert!(queued.cancel() && payloads.alive() == 0);
            }
            let now = counts(&yard, "io");
            assert_eq!((now.ledger.cancelled, now.ledger.queued, now.refused), (30_000, 1, 0));
            assert!(holds.cancel());
            assert_eq!(soon(waits).await.unwrap(), 1);
        }
    });
}

#[test]
fn a_turn_that_is_not_taken_holds_up_the_line_until_it_is_let_go() {
    on_runtime(async {
        let io = Lane::io().limit(1).queue(0);
        let yard = Scheduler::builder().io(io).cpu(Lane::cpu().threads(1)).build().unwrap();
        let holds = yard.io().submit(pending::<()>()).await.unwrap();
        let mut first = Box::pin(yard.io().submit(async { 1 }));
        let mut second = Box::pin(yard.io().submit(async { 2 }));
        assert!(is_pending(&mut first) && is_pending(&mut second));
        assert!(holds.cancel());
        soon(wait_for_async("the first has its turn", SOON, || counts(&yard, "io").promised == 1)).await;
        // As a `select!` on `&mut first` would leave it that went on without it.
        assert!(is_pending(&mut second) && yard.io().try_submit(async {}).unwrap_err().is_full());
        drop(first);
        assert_eq!(soon(soon(second).await.unwrap()).await.unwrap(), 2);
        assert_eq!((counts(&yard, "io").promised, counts(&yard, "io").submitters), (0, 0));
    });
}

#[test]
fn a_future_that_blocks_its_thread_holds_up_no_other() {
    on_runtime(async {
        let yard = Scheduler::builder().io(Lane::io().limit(4)).cpu(Lane::cpu().threads(1)).build().unwrap();
        let (open, shut) = mpsc::channel::<()>();
        let (began, begins) = oneshot::channel();
        let blocks = yard.io().submit(async move {
            began.send(()).unwrap();
            shut.recv().is_err()
        });
        let blocks = blocks.await.unwrap();
        soon(begins).await.unwrap();
        for n in 0..200 {
            let yields = async move {
                tokio::task::yield_now().await;
                n
            };
            assert_eq!(soon(yard.io().run(yields)).await.unwrap(), n);
            assert_eq!(soon(yard.cpu().run(move || n)).await.unwrap(), n);
        }
        assert_eq!(blocks.status(), TaskStatus::Running);
        drop(open);
        assert!(soon(blocks).await.unwrap());
    });
}

/// Holds so much across an await.
async fn heavy<const BYTES: usize>() -> usize {
    let held = [1_u8; BYTES];
    tokio::task::yield_now().await;
    held.iter().map(|byte| usize::from(*byte)).sum()
}

/// While they are made, before any lane sees them, the larger ones are on the stack of who makes them.
#[test]
fn large_futures_run_bare_and_larger_ones_in_a_box() {
    on_runtime(async {
        let yard = Scheduler::builder().io(Lane::io().limit(2)).cpu(Lane::cpu().threads(1)).build().unwrap();
        let bare = Box::pin(yard.io().run(heavy::<0x4000>()));
        assert_eq!(soon(bare).await.unwrap(), 0x4000);
        let boxed = Box::pin(heavy::<0x4_0000>());
        assert_eq!(soon(yard.io().run(boxed)).await.unwrap(), 0x4_0000);
        let boxed: Vec<_> = (0..8).map(|_| Box::pin(heavy::<0x4_0000>())).collect();
        assert_eq!(soon(yard.io().map(boxed, |future| future)).await.unwrap(), [0x4_0000; 8]);
        let roomy = thread::Builder::new()
            .stack_size(64 << 20)
            .spawn(|| -> Pin<Box<dyn Future<Output = usize> + Send>> { Box::pin(heavy::<0x10_0000>()) });
        let boxed = roomy.unwrap().join().unwrap();
        assert_eq!(soon(yard.io().run(boxed)).await.unwrap(), 0x10_0000);
    });
}

/// Awaits itself so many levels deep, tells when it is at the bottom, and ends when it is told to.
fn deep(
    levels: u32,
    begun: oneshot::Sender<()>,
    end: oneshot::Receiver<()>,
) -> Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(async move {
        if levels == 0 {
            begun.send(()).unwrap();
            return u32::from(end.await.is_ok());
        }
        deep(levels - 1, begun, end).await + 1
    })
}

/// A poll of them, and their drop, go through all levels, on the stack of the runtime's threads. A lane adds a few frames at the bottom.
#[test]
fn awaits_nested_ten_thousand_deep_run_where_the_runtime_has_the_stack_for_them() {
    const DEEP: u32 = 10_000;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).thread_stack_size(256 << 20).enable_all().build().unwrap();
    runtime.block_on(async {
        let yard = Scheduler::builder().io(Lane::io().limit(2)).build().unwrap();
        let ((end, ends), (_never, stays)) = (oneshot::channel(), oneshot::channel());
        let ((tell, begun), (also_tell, also_begun)) = (oneshot::channel(), oneshot::channel());
        let runs = yard.io().try_submit(deep(DEEP, tell, ends)).unwrap();
        let dropped = yard.io().try_submit(deep(DEEP, also_tell, stays)).unwrap();
        soon(begun).await.unwrap();
        soon(also_begun).await.unwrap();
        end.send(()).unwrap();
        assert_eq!(soon(runs).await.unwrap(), DEEP + 1);
        dropped.abort();
        assert!(soon(dropped).await.unwrap_err().is_cancelled());
        let report = soon(yard.shutdown().into_future()).await;
        assert!(report.balances() && report.total.ended(workyard::Outcome::Cancelled) == 1, "{report}");
    });
}
