//! Items that wait: for maps, for tasks, for the very task that runs their map, each within full lanes.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use workyard::{BlockingLane, CpuLane, Handle, IoLane, Lane, Scheduler, TaskErrorKind};
use workyard_testkit::{Gauge, wait_for_async};

use crate::lanes::{balanced, completed};
use crate::run::{SOON, on_runtime, soon};

/// What the future gives, which waits for nothing but the lanes.
async fn within_10_s<F: IntoFuture>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), future).await.expect("no deadlock")
}

#[test]
fn parts_of_an_item_on_other_threads_may_run_maps() {
    on_runtime(async {
        for threads in [1, 2] {
            let yard = Scheduler::builder().cpu(Lane::cpu().threads(threads).queue(4)).build().unwrap();
            let cpu = yard.cpu().clone();
            let map = yard.cpu().map(0..20_u64, move |x| {
                let inner = || cpu.map(0..10_u64, |y| y).sum::<u64>().blocking_join().unwrap();
                let (left, right) = rayon::join(inner, inner);
                x + left + right
            });
            let expected: Vec<_> = (0..20).map(|x| x + 90).collect();
            assert_eq!(soon(map).await.unwrap(), expected);
            balanced(&yard).await;
        }
    });
}

#[test]
fn a_stack_that_is_full_is_an_error_and_no_hang() {
    fn descend(lane: &BlockingLane, depth: u32) -> Option<TaskErrorKind> {
        if depth == 0 {
            return None;
        }
        let inner = lane.clone();
        let below = lane.map([depth - 1], move |depth| descend(&inner, depth)).blocking_join();
        below.map_or_else(|error| Some(error.kind()), |below| below[0])
    }
    on_runtime(async {
        let yard = Scheduler::builder().blocking(Lane::blocking().limit(1).queue(0)).build().unwrap();
        let lane = yard.blocking().clone();
        let ended = soon(yard.blocking().map([10_000], move |depth| descend(&lane, depth))).await.unwrap();
        assert_eq!(ended, [Some(TaskErrorKind::WouldDeadlock)]);
        balanced(&yard).await;
    });
}

#[test]
fn an_item_may_end_the_yard() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1).queue(0)).build().unwrap();
        let ending = yard.clone();
        let map = yard.cpu().map(0..8, move |x| {
            (x == 1).then(|| ending.shutdown().drain_for(Duration::from_secs(600)).blocking_join().to_string())
        });
        let settled = soon(map.chunk_size(4).settle()).await;
        drop(settled);
        let report = yard.shutdown().await;
        assert!(report.balances(), "{report:#}");
    });
}

#[test]
fn maps_within_maps_on_one_full_lane() {
    fn on_cpu(lane: &CpuLane, depth: u32) -> u64 {
        if depth == 0 {
            return 1;
        }
        let inner = lane.clone();
        lane.map(0..3, move |_| on_cpu(&inner, depth - 1)).sum::<u64>().blocking_join().unwrap()
    }
    fn on_blocking(lane: &BlockingLane, depth: u32) -> u64 {
        if depth == 0 {
            return 1;
        }
        let inner = lane.clone();
        lane.map(0..3, move |_| on_blocking(&inner, depth - 1)).blocking_join().unwrap().into_iter().sum()
    }
    fn on_io(lane: IoLane, depth: u32) -> Pin<Box<dyn Future<Output = u64> + Send>> {
        Box::pin(async move {
            if depth == 0 {
                return 1;
            }
            let inner = lane.clone();
            lane.map(0..3, move |_| on_io(inner.clone(), depth - 1)).sum::<u64>().await.unwrap()
        })
    }
    on_runtime(async {
        for (limit, queue) in [(1, 0), (1, 1), (2, 0), (3, 2)] {
            let yard = Scheduler::builder()
                .cpu(Lane::cpu().threads(limit).queue(queue))
                .blocking(Lane::blocking().limit(limit).queue(queue))
                .lane("db", Lane::io().limit(limit).queue(queue))
                .build()
                .unwrap();
            let (cpu, blocking, db) =
                (yard.cpu().clone(), yard.blocking().clone(), yard.io_lane("db").unwrap().clone());
            let inner = cpu.clone();
            assert_eq!(within_10_s(cpu.map(0..3, move |_| on_cpu(&inner, 2)).sum::<u64>()).await.unwrap(), 27);
            let inner = blocking.clone();
            assert_eq!(
                within_10_s(blocking.map(0..3, move |_| on_blocking(&inner, 2)).sum::<u64>()).await.unwrap(),
                27
            );
            assert_eq!(within_10_s(on_io(db.clone(), 3)).await, 27);
            let inner = db.clone();
            let twice = db.run(async move { on_io(inner.clone(), 2).await + on_io(inner, 1).await });
            assert_eq!(within_10_s(twice).await.unwrap(), 12);
            completed(&yard).await;
        }
    });
}

#[test]
fn items_that_await_tasks_of_their_own_lane() {
    on_runtime(async {
        for queue in [0, 3] {
            let yard = Scheduler::builder()
                .cpu(Lane::cpu().threads(1).queue(queue))
                .lane("db", Lane::io().limit(1).queue(queue))
                .build()
                .unwrap();
            let (cpu, db) = (yard.cpu().clone(), yard.io_lane("db").unwrap().clone());
            let inner = cpu.clone();
            let map = cpu.map(0..40_u64, move |x| inner.blocking_submit(move || x).unwrap().blocking_join().unwrap());
            assert_eq!(within_10_s(map.sum::<u64>()).await.unwrap(), 780);
            let inner = db.clone();
            let map = db.map(0..40_u64, move |x| {
                let lane = inner.clone();
                async move { lane.submit(async move { x }).await.unwrap().await.unwrap() }
            });
            assert_eq!(within_10_s(map.sum::<u64>()).await.unwrap(), 780);
            assert_eq!(completed(&yard).await, 160);
        }
    });
}

#[test]
fn an_item_that_waits_for_a_task_holds_up_no_other() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // One thread, so one runner has both items, and lends one of its two slots.
    runtime.block_on(async {
        let yard = Scheduler::builder().lane("db", Lane::io().limit(2).queue(2)).build().unwrap();
        let db = yard.io_lane("db").unwrap().clone();
        let (gauge, told) = (Gauge::new(), Arc::new(Semaphore::new(0)));
        let map = db.map(0..40, {
            let db = db.clone();
            move |x| {
                let (db, told, gauge) = (db.clone(), Arc::clone(&told), gauge.clone());
                async move {
                    if x % 2 == 0 {
                        let task = async move { told.acquire().await.unwrap().forget() };
                        return db.run(task).await.unwrap();
                    }
                    let _inside = gauge.enter();
                    for _ in 0..3 {
                        tokio::task::yield_now().await;
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    told.add_permits(1);
                }
            }
        });
        within_10_s(map).await.unwrap();
        assert_eq!(completed(&yard).await, 60);
    });
}

#[test]
fn lanes_that_wait_for_each_other_crosswise_go_on() {
    on_runtime(async {
        let yard = Scheduler::builder()
            .cpu(Lane::cpu().threads(1).queue(0))
            .blocking(Lane::blocking().limit(1).queue(0))
            .build()
            .unwrap();
        let (cpu, blocking) = (yard.cpu().clone(), yard.blocking().clone());
        let map = cpu.map(0..4_u64, move |x| {
            let inner = blocking.clone();
            blocking
                .map(0..4_u64, move |y| inner.map(0..2_u64, |z| z).sum::<u64>().blocking_join().unwrap() + x + y)
                .sum::<u64>()
                .blocking_join()
                .unwrap()
        });
        assert_eq!(within_10_s(map.sum::<u64>()).await.unwrap(), 64);
        completed(&yard).await;
    });
}

#[test]
fn an_item_that_awaits_the_task_of_its_map_is_told() {
    on_runtime(async {
        let yard = Scheduler::builder().lane("db", Lane::io().limit(2).queue(2)).build().unwrap();
        let db = yard.io_lane("db").unwrap().clone();
        let (give, take) = tokio::sync::oneshot::channel::<Handle<usize>>();
        let take = Arc::new(tokio::sync::Mutex::new(Some(take)));
        let inner = db.clone();
        let task = db.submit(async move {
            let map = inner.map(0..3, move |x| {
                let take = Arc::clone(&take);
                async move {
                    if x == 1 {
                        let handle = take.lock().await.take().unwrap().await.unwrap();
                        return Err(handle.await.unwrap_err());
                    }
                    Ok(())
                }
            });
            map.await
                .unwrap()
                .into_iter()
                .filter(|ended| ended.as_ref().is_err_and(|error| error.kind() == TaskErrorKind::WouldDeadlock))
                .count()
        });
        let task = task.await.unwrap();
        let done = yard.downgrade();
        give.send(task).unwrap();
        wait_for_async("all have ended", SOON, || done.upgrade().unwrap().snapshot().ledger().live() == 0).await;
        assert_eq!(completed(&yard).await, 4);
    });
}
