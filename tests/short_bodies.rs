//! Bodies that are over as soon as they begin, of which a lane does several at once: nothing is lost, reordered or held up by
//! that, also when the next body is of another kind.
#![cfg(test)]

#[path = "short_bodies/counts.rs"]
mod counts;
#[path = "short_bodies/dropped.rs"]
mod dropped;
#[path = "short_bodies/held_up.rs"]
mod held_up;
#[path = "common/run.rs"]
mod run;
#[path = "short_bodies/wakes.rs"]
mod wakes;

use std::collections::HashSet;
use std::future::{Future, pending, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use workyard::{Lane, Outcome, Reason, Scheduler, TaskErrorKind};
use workyard_testkit::{DropCounter, wait_for_async};

use run::{SOON, on_runtime, soon};

/// Has the io lane see so many futures that are ready at once that it expects more of them.
async fn expect_short(yard: &Scheduler) {
    soon(async {
        while !are_driven(yard).await {
            for _ in 0..1_000 {
                yard.io().run(async {}).await.unwrap();
            }
        }
    })
    .await;
}

/// Whether futures of the io lane share tasks of the runtime.
async fn are_driven(yard: &Scheduler) -> bool {
    let mut handles = Vec::new();
    for _ in 0..16 {
        handles.push(yard.io().submit(async { tokio::task::id() }).await.unwrap());
    }
    let mut ids = HashSet::new();
    for handle in handles {
        ids.insert(handle.await.unwrap());
    }
    ids.len() < 16
}

fn on_threads<F: Future<Output = ()> + Send + 'static>(body: F) {
    on_so_many_threads(2, body);
}

fn on_so_many_threads<F: Future<Output = ()> + Send + 'static>(threads: usize, body: F) {
    let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap();
    runtime.block_on(async { tokio::spawn(soon(body)).await.unwrap() });
}

/// Nothing runs here while a test does not wait.
fn on_one_thread<F: Future<Output = ()>>(body: F) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(soon(body));
}

async fn balances(yard: Scheduler, completed: impl Fn(u64) -> bool) {
    let report = yard.shutdown().await;
    assert!(report.balances(), "{report}");
    assert!(completed(report.total.completed), "{report}");
}

/// Not ready at once, and not when it is polled for the second time.
async fn waits() {
    yield_now().await;
    yield_now().await;
}

#[test]
fn futures_that_wait_have_a_task_of_the_runtime_each() {
    on_runtime(async {
        let yard = Scheduler::new();
        for _ in 0..5_000 {
            yard.io().run(waits()).await.unwrap();
        }
        assert!(!are_driven(&yard).await);
        expect_short(&yard).await;
        for _ in 0..5_000 {
            yard.io().run(waits()).await.unwrap();
        }
        assert!(!are_driven(&yard).await);
        balances(yard, |completed| completed > 10_000).await;
    });
}

#[test]
fn futures_that_let_others_go_first_share_tasks_of_the_runtime() {
    /// Where it was before it let others go, and after that.
    async fn places() -> [tokio::task::Id; 2] {
        let before = tokio::task::id();
        yield_now().await;
        [before, tokio::task::id()]
    }
    on_one_thread(async {
        let yard = Scheduler::new();
        let mut are_shared = false;
        // One that takes long, since something else wants the CPU, may be in between.
        while !are_shared {
            for _ in 0..1_000 {
                yard.io().run(yield_now()).await.unwrap();
            }
            let mut handles = Vec::new();
            for _ in 0..16 {
                handles.push(yard.io().submit(places()).await.unwrap());
            }
            let (mut all, mut stayed) = (HashSet::new(), true);
            for handle in handles {
                let [before, after] = handle.await.unwrap();
                all.insert(before);
                stayed &= after == before;
            }
            are_shared = all.len() < 16 && stayed;
        }
        balances(yard, |completed| completed >= 1_016).await;
    });
}

/// A driver goes on with one of them only when its worker has let others go that were queued, and what they do by then is seen.
#[test]
fn who_lets_others_go_first_does() {
    /// Back in the queue at once, where `yield_now` may wait until that is empty.
    async fn queue_again() {
        let mut is_back = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut is_back, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
    on_one_thread(async {
        let yard = Scheduler::new();
        expect_short(&yard).await;
        let (turns, mut handles) = (Arc::new(AtomicUsize::new(0)), Vec::new());
        let others = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move {
                loop {
                    turns.fetch_add(1, Ordering::Relaxed);
                    queue_again().await;
                }
            }
        });
        // One that takes long, since something else wants the CPU, gives each a task of its own for a while.
        let mut all_did = false;
        while !all_did {
            for _ in 0..3 {
                let turns = Arc::clone(&turns);
                let body = async move {
                    let before = turns.load(Ordering::Relaxed);
                    yield_now().await;
                    turns.load(Ordering::Relaxed) - before
                };
                handles.push(yard.io().submit(body).await.unwrap());
            }
            all_did = true;
            for handle in handles.drain(..) {
                all_did &= handle.await.unwrap() > 0;
            }
        }
        others.abort();
        balances(yard, |completed| completed >= 3).await;
    });
}

#[test]
fn what_is_stopped_between_two_polls_is_not_polled_again() {
    on_one_thread(async {
        let (yard, payloads, polls) = (Scheduler::new(), DropCounter::new(), Arc::new(AtomicUsize::new(0)));
        expect_short(&yard).await;
        let mut handles = Vec::new();
        for _ in 0..40 {
            let (payload, polls) = (payloads.payload(), Arc::clone(&polls));
            let body = poll_fn(move |_| {
                let _all_of_it = &payload;
                polls.fetch_add(1, Ordering::Relaxed);
                Poll::<()>::Pending
            });
            handles.push(yard.io().submit(body).await.unwrap());
        }
        while polls.load(Ordering::Relaxed) < 40 {
            yield_now().await;
        }
        let polled = polls.load(Ordering::Relaxed);
        for (index, handle) in handles.iter().enumerate() {
            assert!(if index % 2 == 0 { handle.cancel() } else { handle.abort() });
        }
        for handle in handles {
            assert_eq!(handle.await.unwrap_err().reason(), Some(Reason::User));
        }
        assert_eq!((polls.load(Ordering::Relaxed), payloads.dropped()), (polled, 40));
        balances(yard, |completed| completed > 0).await;
    });
}

#[test]
fn what_is_not_ready_at_once_goes_on_when_it_is_woken() {
    on_threads(async {
        let yard = Scheduler::new();
        expect_short(&yard).await;
        let (mut senders, mut handles) = (Vec::new(), Vec::new());
        for index in 0..1_000 {
            let (sender, receiver) = oneshot::channel();
            senders.push((index, sender));
            handles.push(yard.io().submit(async move { receiver.await.unwrap() }).await.unwrap());
            // One in ten waits, so that short ones are expected all the same.
            for _ in 0..9 {
                yard.io().submit(async {}).await.unwrap().await.unwrap();
            }
        }
        for (index, sender) in senders.into_iter().rev() {
            sender.send(index).unwrap();
        }
        for (index, handle) in handles.into_iter().enumerate() {
            assert_eq!(handle.await.unwrap(), index);
        }
        balances(yard, |completed| completed > 10_000).await;
    });
}

#[test]
fn a_wake_between_two_polls_is_not_lost() {
    on_threads(async {
        let yard = Scheduler::new();
        for _ in 0..200 {
            expect_short(&yard).await;
            let (wakers, woken) = mpsc::channel::<Waker>();
            // Wakes from another thread, as soon as there is somebody to wake, and may be before `Pending` is returned.
            let waking = tokio::task::spawn_blocking(move || woken.iter().for_each(Waker::wake));
            let mut polls = 0;
            let thrice = poll_fn(move |cx| {
                polls += 1;
                if polls == 4 {
                    return Poll::Ready(());
                }
                wakers.send(cx.waker().clone()).unwrap();
                Poll::Pending
            });
            yard.io().run(thrice).await.unwrap();
            waking.await.unwrap();
        }
        balances(yard, |completed| completed > 200).await;
    });
}

#[test]
fn what_is_stopped_before_its_first_poll_is_never_polled() {
    on_one_thread(async {
        let (yard, payloads, polled) = (Scheduler::new(), DropCounter::new(), Arc::new(AtomicUsize::new(0)));
        expect_short(&yard).await;
        let mut handles = Vec::new();
        for index in 0..40 {
            let (payload, polled) = (payloads.payload(), Arc::clone(&polled));
            let body = async move {
                polled.fetch_add(1, Ordering::Relaxed);
                drop(payload);
            };
            let handle = yard.io().submit(body).await.unwrap();
            match index % 4 {
                0 => assert!(handle.cancel()),
                1 => assert!(handle.abort()),
                _ => {}
            }
            handles.push(handle);
        }
        for (index, handle) in handles.into_iter().enumerate() {
            match handle.await {
                Ok(()) => assert!(index % 4 > 1),
                Err(error) => {
                    assert_eq!(error.reason(), Some(Reason::User), "{error}");
                    assert!(index % 4 < 2);
                }
            }
        }
        assert_eq!(polled.load(Ordering::Relaxed), 20);
        assert_eq!(payloads.dropped(), 40);
        balances(yard, |completed| completed > 20).await;
    });
}

#[test]
fn panics_are_told_and_harm_nobody_else() {
    /// Panics when it is dropped, which a future that has ended is.
    struct Bomb(bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.0, "dropped");
        }
    }
    on_one_thread(async {
        let yard = Scheduler::new();
        expect_short(&yard).await;
        let mut handles = Vec::new();
        for index in 0..60_u32 {
            let bomb = Bomb(index % 3 == 1);
            let body = poll_fn(move |_| {
                // All of it is moved in here, not just the flag.
                let bomb: &Bomb = &bomb;
                assert!(index % 3 != 2, "polled");
                assert_eq!(bomb.0, index % 3 == 1);
                Poll::Ready(index)
            });
            handles.push(yard.io().submit(body).await.unwrap());
        }
        for (index, handle) in (0..).zip(handles) {
            match handle.await {
                Ok(given) => assert_eq!((given, index % 3 < 2), (index, true)),
                Err(error) => assert_eq!((error.kind(), index % 3), (TaskErrorKind::Panicked, 2)),
            }
        }
        let report = yard.shutdown().await;
        assert_eq!((report.balances(), report.total.ended(Outcome::Panicked)), (true, 20), "{report}");
    });
}

#[test]
fn a_runtime_that_goes_takes_what_was_not_polled_with_it() {
    for _ in 0..20 {
        let runtime: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (yard, payloads) = (runtime.block_on(async { Scheduler::new() }), DropCounter::new());
        runtime.block_on(expect_short(&yard));
        // Outside of the runtime, which does nothing meanwhile.
        let submit = || {
            let payload = payloads.payload();
            yard.io().try_submit(async move { drop(payload) }).unwrap()
        };
        let handles: Vec<_> = (0..100).map(|_| submit()).collect();
        drop(runtime);
        let late = submit();
        for handle in handles.into_iter().chain([late]) {
            let error = handle.blocking_join().unwrap_err();
            assert_eq!((error.kind(), error.reason()), (TaskErrorKind::Cancelled, Some(Reason::Dropped)));
        }
        assert_eq!(payloads.dropped(), 101);
        assert!(yard.snapshot().ledger().balances());
        assert_eq!(yard.snapshot().ledger().live(), 0);
    }
}

#[test]
fn a_runtime_that_goes_takes_what_it_polled_once_with_it() {
    for _ in 0..20 {
        let runtime: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (payloads, polls) = (DropCounter::new(), Arc::new(AtomicUsize::new(0)));
        let (yard, handles) = runtime.block_on(async {
            let (yard, mut handles) = (Scheduler::new(), Vec::new());
            expect_short(&yard).await;
            for _ in 0..100 {
                let (payload, polls) = (payloads.payload(), Arc::clone(&polls));
                let body = poll_fn(move |_| {
                    let _all_of_it = &payload;
                    polls.fetch_add(1, Ordering::Relaxed);
                    Poll::<()>::Pending
                });
                handles.push(yard.io().submit(body).await.unwrap());
            }
            // Some were put back by then, and more have a task of their own the slower this is.
            while polls.load(Ordering::Relaxed) < 100 {
                yield_now().await;
            }
            (yard, handles)
        });
        drop(runtime);
        for handle in handles {
            let error = handle.blocking_join().unwrap_err();
            assert_eq!((error.kind(), error.reason()), (TaskErrorKind::Cancelled, Some(Reason::Dropped)));
        }
        assert_eq!(payloads.dropped(), 100);
        assert!(yard.snapshot().ledger().balances());
        assert_eq!(yard.snapshot().ledger().live(), 0);
    }
}

#[test]
fn a_lane_with_one_slot_keeps_its_order() {
    on_threads(async {
        let yard = Scheduler::builder().io(Lane::io().limit(1).queue(1_000)).build().unwrap();
        expect_short(&yard).await;
        let (order, mut handles) = (Arc::new(AtomicUsize::new(0)), Vec::new());
        for _ in 0..900 {
            let order = Arc::clone(&order);
            handles.push(yard.io().submit(async move { order.fetch_add(1, Ordering::Relaxed) }).await.unwrap());
        }
        for (index, handle) in handles.into_iter().enumerate() {
            assert_eq!(handle.await.unwrap(), index);
        }
        balances(yard, |completed| completed > 900).await;
    });
}

#[test]
fn shutdown_takes_those_that_were_not_polled_with_it() {
    on_runtime(take_to_the_end());
    // Here none was polled before.
    on_one_thread(take_to_the_end());
}

async fn take_to_the_end() {
    let yard = Scheduler::new();
    expect_short(&yard).await;
    let waits = yard.io().submit(pending::<()>()).await.unwrap();
    let mut handles = Vec::new();
    for _ in 0..300 {
        handles.push(yard.io().submit(async {}).await.unwrap());
    }
    waits.abort();
    balances(yard, |completed| completed > 300).await;
    for handle in handles {
        handle.await.unwrap();
    }
}

#[test]
fn drivers_end_with_their_lane() {
    on_runtime(async {
        let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let yard = Scheduler::new();
        expect_short(&yard).await;
        balances(yard, |completed| completed > 0).await;
        let metrics = tokio::runtime::Handle::current().metrics();
        wait_for_async("the drivers end", SOON, || metrics.num_alive_tasks() == before).await;
    });
}
