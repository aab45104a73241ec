//! Wakes that are held back while bodies are short or the queue is long: one is for several results, and none is lost.

use std::collections::HashSet;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};
use workyard::{Lane, Scheduler};
use workyard_testkit::wait_for_async;

use super::run::SOON;
use super::{balances, on_threads};

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

/// Notes how many closures had returned when it was woken.
struct Noting {
    returned: Arc<AtomicUsize>,
    at: AtomicUsize,
}

impl Wake for Noting {
    fn wake(self: Arc<Self>) {
        self.at.store(self.returned.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

/// At how many moments, as told by what had returned, those were woken who wait for a thousand results in a long queue.
async fn moments_of_a_thousand() -> usize {
    let yard = one_by_one();
    let returned = Arc::new(AtomicUsize::new(0));
    let (open, shut) = mpsc::channel::<()>();
    let first = yard.cpu().submit(move || shut.recv().is_err()).await.unwrap();
    let mut waiters = Vec::new();
    for _ in 0..1_000 {
        let counts = Arc::clone(&returned);
        let body = move || {
            compute(Duration::from_micros(20));
            counts.fetch_add(1, Ordering::SeqCst)
        };
        let mut handle = yard.cpu().submit(body).await.unwrap();
        let noting = Arc::new(Noting { returned: Arc::clone(&returned), at: AtomicUsize::new(0) });
        let waits = Pin::new(&mut handle).poll(&mut Context::from_waker(&Waker::from(Arc::clone(&noting))));
        assert!(waits.is_pending());
        waiters.push((handle, noting));
    }
    drop(open);
    assert!(first.await.unwrap());
    let are_woken = || waiters.iter().all(|(_, noting)| noting.at.load(Ordering::SeqCst) > 0);
    wait_for_async("all are woken", SOON, are_woken).await;
    balances(yard, |completed| completed == 1_001).await;
    waiters.iter().map(|(_, noting)| noting.at.load(Ordering::SeqCst)).collect::<HashSet<_>>().len()
}

/// Bodies that nothing is known of yet, in a queue that is long: what took a hundred times as long as they do may be told of with the next.
#[test]
fn under_a_long_queue_one_wake_is_for_several_results() {
    on_threads(async {
        // A few times, if need be: where the machine is busy, who looks may come late, and then none is held back.
        let mut fewest = usize::MAX;
        for _ in 0..5 {
            fewest = fewest.min(moments_of_a_thousand().await);
            if fewest < 500 {
                return;
            }
        }
        panic!("a thousand are woken at {fewest} moments");
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

/// A yard on a runtime of which nobody drives anything.
fn on_idle_runtime() -> (Runtime, Scheduler) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let yard = {
        let _inside = runtime.enter();
        one_by_one()
    };
    (runtime, yard)
}

/// Has a thread wait for the last of 40 of these, and a closure behind them wait for that thread.
fn last_before_one_that_waits_for_it(yard: &Scheduler, before: fn()) {
    let (go_on, waits) = mpsc::channel::<()>();
    let first = yard.cpu().blocking_submit(move || waits.recv().is_err()).unwrap();
    let mut handles: Vec<_> = (0..40).map(|_| yard.cpu().blocking_submit(before).unwrap()).collect();
    let (told, is_told) = mpsc::channel();
    let behind = yard.cpu().blocking_submit(move || is_told.recv_timeout(SOON)).unwrap();
    let last = handles.pop().unwrap();
    let waiter = thread::spawn(move || {
        drop(go_on);
        told.send(last.blocking_join().is_ok()).unwrap();
    });
    assert_eq!(behind.blocking_join().unwrap(), Ok(true));
    waiter.join().unwrap();
    assert!(first.blocking_join().unwrap() && handles.into_iter().all(|handle| handle.blocking_join().is_ok()));
}

#[test]
fn a_wake_that_is_held_back_comes_though_nobody_drives_the_runtime() {
    let (runtime, yard) = on_idle_runtime();
    last_before_one_that_waits_for_it(&yard, || compute(Duration::from_micros(200)));
    // So many short ones that the gate does not make up for them.
    for _ in 0..6 {
        let handles: Vec<_> = (0..900).map(|_| yard.cpu().blocking_submit(|| ()).unwrap()).collect();
        assert!(handles.into_iter().all(|handle| handle.blocking_join().is_ok()));
    }
    last_before_one_that_waits_for_it(&yard, || compute(Duration::from_micros(20)));
    drop(runtime);
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
