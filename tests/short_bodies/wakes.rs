//! Wakes that are held back while bodies are short or the queue is long: one is for several results, and none is lost.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::runtime::Builder;
use workyard::{Lane, Scheduler};

use super::run::SOON;
use super::{balances, on_one_thread, on_threads};

/// Takes so long on a CPU.
fn compute(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// A lane of one thread, with room for all.
fn one_by_one() -> Scheduler {
    Scheduler::builder().cpu(Lane::cpu().threads(1).queue(1_000)).build().unwrap()
}

/// Bodies that nothing is known of yet, in a queue that is long: what took a hundred times as long as they do may be told of with the next.
#[test]
fn under_a_long_queue_one_wake_is_for_several_results() {
    on_one_thread(async {
        let yard = one_by_one();
        let mut handles = Vec::new();
        for _ in 0..1_000 {
            handles.push(yard.cpu().submit(|| compute(Duration::from_micros(20))).await.unwrap());
        }
        let (mut turns, mut results) = (0, pin!(join_all(handles)));
        let results = poll_fn(|cx| {
            turns += 1;
            results.as_mut().poll(cx)
        });
        assert!(results.await.into_iter().all(|result| result.is_ok()));
        assert!(turns < 500, "{turns} turns for 1,000 results");
        balances(yard, |completed| completed == 1_000).await;
    });
}

/// As [`a_long_body_does_not_hold_back_the_results_before_it`], where the lane has not seen short ones, but the queue is long.
#[test]
fn a_long_body_at_the_end_of_a_long_queue_does_not_hold_back_the_results_before_it() {
    on_threads(async {
        let yard = one_by_one();
        let mut handles = Vec::new();
        for _ in 0..40 {
            handles.push(yard.cpu().submit(|| compute(Duration::from_micros(200))).await.unwrap());
        }
        let (open, shut) = mpsc::channel::<()>();
        let long = yard.cpu().submit(move || shut.recv().is_err()).await.unwrap();
        assert!(join_all(handles).await.into_iter().all(|result| result.is_ok()));
        drop(open);
        assert!(long.await.unwrap());
        balances(yard, |completed| completed == 41).await;
    });
}

/// The runtime sees to it that no wake is held back for too long. This one does nothing, as nobody drives it, until it goes.
#[test]
fn a_runtime_that_goes_lets_go_of_the_wakes_that_are_held_back() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let yard = {
        let _inside = runtime.enter();
        one_by_one()
    };
    let (go_on, waits) = mpsc::channel::<()>();
    let first = yard.cpu().blocking_submit(move || waits.recv().is_err()).unwrap();
    let before = || compute(Duration::from_micros(200));
    let mut handles: Vec<_> = (0..40).map(|_| yard.cpu().blocking_submit(before).unwrap()).collect();
    let (open, shut) = mpsc::channel::<()>();
    let (begins, has_begun) = mpsc::channel();
    let long = move || {
        begins.send(()).unwrap();
        shut.recv().is_err()
    };
    let long = yard.cpu().blocking_submit(long).unwrap();
    let last = handles.pop().unwrap();
    let (told, is_told) = mpsc::channel();
    let waiter = thread::spawn(move || {
        drop(go_on);
        told.send(last.blocking_join().is_ok()).unwrap();
    });
    has_begun.recv().unwrap();
    drop(runtime);
    assert!(is_told.recv_timeout(SOON).unwrap());
    drop(open);
    waiter.join().unwrap();
    assert!(first.blocking_join().unwrap() && handles.into_iter().all(|handle| handle.blocking_join().is_ok()));
    drop(long);
    let report = yard.shutdown().blocking_join();
    assert!(report.balances(), "{report}");
}

/// Whoever waits for a short closure is woken though the next one takes for ever.
#[test]
fn a_long_body_does_not_hold_back_the_results_before_it() {
    on_threads(async {
        let yard = one_by_one();
        for round in 0..20 {
            for _ in 0..10 {
                let mut handles = Vec::new();
                for _ in 0..900 {
                    handles.push(yard.cpu().submit(|| ()).await.unwrap());
                }
                for handle in handles {
                    handle.await.unwrap();
                }
            }
            let (open, shut) = mpsc::channel::<()>();
            let first = yard.cpu().submit(|| ()).await.unwrap();
            let waiter = tokio::spawn(first);
            let mut others = Vec::new();
            for _ in 0..round {
                others.push(yard.cpu().submit(|| ()).await.unwrap());
            }
            let long = yard.cpu().submit(move || shut.recv().is_err()).await.unwrap();
            let behind = yard.cpu().submit(|| ()).await.unwrap();
            waiter.await.unwrap().unwrap();
            for other in others {
                other.await.unwrap();
            }
            drop(open);
            assert!(long.await.unwrap());
            behind.await.unwrap();
        }
        balances(yard, |completed| completed > 180_000).await;
    });
}
