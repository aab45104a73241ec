//! Lanes that wait for one another: crosswise, around, and through sets of handles.

use crate::common::balanced;
use crate::common::narrow;
use crate::run::on_runtime;
use crate::run::soon;
use std::sync::Arc;
use std::sync::Barrier;
use std::task::Poll;
use workyard::Lane;
use workyard::Scheduler;

#[test]
fn two_lanes_that_wait_for_each_other_crosswise_go_on() {
    on_runtime(async {
        let yard = narrow(4);
        let both_run = Arc::new(Barrier::new(2));
        let (inner, met) = (yard.clone(), Arc::clone(&both_run));
        let io = yard.io().submit(async move {
            tokio::task::block_in_place(|| met.wait());
            inner.cpu().run(|| 1).await.unwrap()
        });
        let io = io.await.unwrap();
        let inner = yard.clone();
        let cpu = yard.cpu().submit(move || {
            both_run.wait();
            inner.io().blocking_run(async { 2 }).unwrap()
        });
        let cpu = cpu.await.unwrap();
        assert_eq!((soon(io).await.unwrap(), soon(cpu).await.unwrap()), (1, 2));
        balanced(&yard).await;
    });
}

#[test]
fn two_lanes_of_closures_that_wait_for_each_other_crosswise_go_on() {
    on_runtime(async {
        let yard = narrow(4);
        let both_run = Arc::new(Barrier::new(2));
        let (inner, met) = (yard.clone(), Arc::clone(&both_run));
        let blocking = yard.blocking().submit(move || {
            met.wait();
            inner.cpu().blocking_run(|| 1).unwrap()
        });
        let blocking = blocking.await.unwrap();
        let inner = yard.clone();
        let cpu = yard.cpu().submit(move || {
            both_run.wait();
            inner.blocking().blocking_run(|| 2).unwrap()
        });
        let cpu = cpu.await.unwrap();
        assert_eq!((soon(blocking).await.unwrap(), soon(cpu).await.unwrap()), (1, 2));
        balanced(&yard).await;
    });
}

#[test]
fn a_circle_of_three_full_lanes_goes_on() {
    on_runtime(async {
        let yard = narrow(4);
        let all_run = Arc::new(Barrier::new(3));
        let (inner, met) = (yard.clone(), Arc::clone(&all_run));
        let io = yard.io().submit(async move {
            tokio::task::block_in_place(|| met.wait());
            inner.cpu().run(|| 1).await.unwrap()
        });
        let io = io.await.unwrap();
        let (inner, met) = (yard.clone(), Arc::clone(&all_run));
        let cpu = yard.cpu().submit(move || {
            met.wait();
            inner.blocking().blocking_run(|| 2).unwrap()
        });
        let cpu = cpu.await.unwrap();
        let inner = yard.clone();
        let blocking = yard.blocking().submit(move || {
            all_run.wait();
            inner.io().blocking_run(async { 3 }).unwrap()
        });
        let blocking = blocking.await.unwrap();
        let ends = (soon(io).await.unwrap(), soon(cpu).await.unwrap(), soon(blocking).await.unwrap());
        assert_eq!(ends, (1, 2, 3));
        balanced(&yard).await;
    });
}

#[tokio::test]
async fn futures_that_wake_themselves_while_they_wait_let_start_what_they_wait_for() {
    let yard = narrow(64);
    let mut outers = Vec::new();
    for n in 0..8 {
        let inner = yard.clone();
        let outer = yard.io().submit(async move {
            let child = inner.io().submit(async move { n }).await.unwrap();
            let spins = std::future::poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            });
            tokio::select! { biased; result = child => result.unwrap(), () = spins => u32::MAX }
        });
        outers.push(outer.await.unwrap());
    }
    for (n, outer) in (0..8).zip(outers) {
        assert_eq!(soon(outer).await.unwrap(), n);
    }
    balanced(&yard).await;
}

#[test]
fn a_group_over_two_lanes_is_collected_inside_of_one() {
    on_runtime(async {
        let yard = Scheduler::builder().io(Lane::io().limit(1)).cpu(Lane::cpu().threads(1)).build().unwrap();
        let inner = yard.clone();
        let collects = yard.io().submit(async move {
            let group = inner.group();
            for _ in 0..20 {
                group.cpu(|| 1).await.unwrap();
            }
            // Far down in the group, and in need of the collector's slot: directly, and by way of another.
            group.io(async { 100 }).await.unwrap();
            let innermost = inner.clone();
            group.cpu(move || innermost.io().blocking_run(async { 1_000 }).unwrap()).await.unwrap();
            group.join_all().await.into_iter().map(Result::unwrap).sum::<u32>()
        });
        assert_eq!(soon(collects.await.unwrap()).await.unwrap(), 1_120);
        balanced(&yard).await;
    });
}
