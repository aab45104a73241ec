//! Waits for room in a lane that waits for who wants it.

use crate::common::balanced;
use crate::common::narrow;
use crate::run::SOON;
use crate::run::on_runtime;
use crate::run::soon;
use futures_util::future::FutureExt as _;
use std::sync::Arc;
use std::sync::Barrier;
use std::sync::mpsc;
use workyard::Retry;
use workyard_testkit::wait_for_async;

#[test]
fn who_waits_for_room_in_a_lane_that_waits_for_it_gets_room() {
    on_runtime(async {
        let yard = narrow(1);
        let both_run = Arc::new(Barrier::new(2));
        let (inner, met) = (yard.clone(), Arc::clone(&both_run));
        let io = yard.io().submit(async move {
            tokio::task::block_in_place(|| met.wait());
            let mut sum = 0;
            for n in 0..4 {
                sum += inner.cpu().submit(move || n).await.unwrap().await.unwrap();
            }
            sum
        });
        let io = io.await.unwrap();
        let inner = yard.clone();
        let cpu = yard.cpu().submit(move || {
            both_run.wait();
            inner.io().blocking_run(async { 7 }).unwrap()
        });
        let cpu = cpu.await.unwrap();
        let fills_the_queue = yard.cpu().submit(|| 9).await.unwrap();
        assert_eq!((soon(io).await.unwrap(), soon(cpu).await.unwrap()), (6, 7));
        assert_eq!(soon(fills_the_queue).await.unwrap(), 9);
        balanced(&yard).await;
    });
}

#[test]
fn a_lane_without_a_queue_has_room_for_what_its_own_task_waits_for() {
    on_runtime(async {
        let yard = narrow(0);
        let inner = yard.clone();
        let cpu = yard.cpu().run(move || inner.cpu().blocking_run(|| 1));
        assert_eq!(soon(cpu).await.unwrap().unwrap(), 1);
        let inner = yard.clone();
        let blocking = yard.blocking().run(move || inner.blocking().blocking_run(|| 2));
        assert_eq!(soon(blocking).await.unwrap().unwrap(), 2);
        let inner = yard.clone();
        let io = yard.io().run(async move { inner.io().run(async { 3 }).await });
        assert_eq!(soon(io).await.unwrap().unwrap(), 3);
        balanced(&yard).await;
    });
}

#[test]
fn a_closure_behind_a_stranger_in_the_line_for_room_gets_room() {
    on_runtime(async {
        let yard = narrow(1);
        let (go, wait) = mpsc::channel::<()>();
        let inner = yard.clone();
        let first = yard.cpu().submit(move || {
            wait.recv().unwrap();
            inner.cpu().blocking_run(|| 1).unwrap()
        });
        let first = first.await.unwrap();
        let second = yard.cpu().submit(|| 2).await.unwrap();
        let outside = yard.clone();
        let stranger = tokio::spawn(async move { outside.cpu().run(|| 3).await });
        let in_line = || yard.snapshot().lane("cpu").unwrap().counts.submitters == 1;
        wait_for_async("the stranger stands in line", SOON, in_line).await;
        go.send(()).unwrap();
        let ends = (soon(first).await.unwrap(), soon(second).await.unwrap(), soon(stranger).await.unwrap().unwrap());
        assert_eq!(ends, (1, 2, 3));
        balanced(&yard).await;
    });
}

#[test]
fn room_that_is_left_between_two_attempts_goes_to_who_waits_in_the_body_below() {
    on_runtime(async {
        let yard = narrow(0);
        let (go, wait) = mpsc::channel::<()>();
        let inner = yard.clone();
        let first = yard.cpu().submit(move || {
            wait.recv().unwrap();
            inner.cpu().blocking_run(|| 1).unwrap()
        });
        let first = first.await.unwrap();
        let counts = || yard.snapshot().lane("cpu").unwrap().counts;
        let outside = yard.clone();
        let stranger = tokio::spawn(async move {
            let hourly = Retry::exponential().min_delay(SOON * 180).max_delay(SOON * 180).without_jitter();
            outside.cpu().task("fails").retry(hourly.build().unwrap()).submit(|| Err::<(), _>("not yet")).await
        });
        wait_for_async("the stranger stands in line", SOON, || counts().submitters == 1).await;
        go.send(()).unwrap();
        let stranger = soon(stranger).await.unwrap().unwrap();
        wait_for_async("its first attempt has failed", SOON, || counts().ledger.retry_waiting == 1).await;
        // Its place was all the room there was, and only who waits for room holds the slot that counts as such.
        assert!(stranger.cancel());
        assert_eq!(soon(first).await.unwrap(), 1);
        balanced(&yard).await;
    });
}

#[test]
fn room_that_was_promised_to_one_who_goes_is_promised_again_by_the_body_that_lends_it() {
    on_runtime(async {
        let yard = narrow(0);
        let (go, wait) = mpsc::channel::<()>();
        let inner = yard.clone();
        let first = yard.cpu().submit(move || {
            wait.recv().unwrap();
            inner.cpu().blocking_run(|| 1).unwrap()
        });
        let first = first.await.unwrap();
        let counts = || yard.snapshot().lane("cpu").unwrap().counts;
        let mut stranger = Box::pin(yard.cpu().submit(|| 2));
        assert!(stranger.as_mut().now_or_never().is_none());
        go.send(()).unwrap();
        wait_for_async("it is promised room", SOON, || counts().promised == 1).await;
        wait_for_async("the other stands behind it", SOON, || counts().submitters == 2).await;
        drop(stranger);
        assert_eq!(soon(first).await.unwrap(), 1);
        balanced(&yard).await;
    });
}
