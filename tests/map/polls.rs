//! How often futures of a map are polled, and who has its turn.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::oneshot;
use tokio::task::yield_now;
use workyard::{Lane, Scheduler};
use workyard_testkit::wait_for_async;

use crate::lanes::balanced;
use crate::run::{SOON, on_runtime, soon};

/// Waits for its channel; each poll is counted.
async fn counted(wait: oneshot::Receiver<()>, polls: Arc<AtomicUsize>) {
    let mut wait = pin!(wait);
    poll_fn(|cx| {
        polls.fetch_add(1, Ordering::SeqCst);
        wait.as_mut().poll(cx)
    })
    .await
    .unwrap();
}

#[test]
fn what_waits_for_something_of_its_own_is_polled_for_nothing_at_most_once_and_seldom() {
    const AT_ONCE: usize = 64;
    const ITEMS: usize = 1_280;
    on_runtime(async {
        let yard = Scheduler::builder().lane("db", Lane::io().limit(AT_ONCE).queue(4)).build().unwrap();
        let polls: Vec<_> = (0..ITEMS).map(|_| Arc::new(AtomicUsize::new(0))).collect();
        let (mut doors, mut inputs) = (Vec::new(), Vec::new());
        for count in &polls {
            let (open, wait) = oneshot::channel();
            doors.push(open);
            inputs.push((wait, Arc::clone(count)));
        }
        let map = yard.io_lane("db").unwrap().map(inputs, |(wait, polls)| counted(wait, polls));
        let ended = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&ended);
        let map = tokio::spawn(async move {
            let mut results = map.unordered();
            while let Some(result) = results.next().await {
                result.unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        let mut doors: Vec<_> = doors.into_iter().map(Some).collect();
        for opened in 0..ITEMS {
            // They begin in any order.
            let next = || (0..ITEMS).find(|&at| doors[at].is_some() && polls[at].load(Ordering::SeqCst) > 0);
            wait_for_async("one waits", SOON, || next().is_some()).await;
            let door = next().and_then(|at| doors[at].take()).unwrap();
            door.send(()).unwrap();
            wait_for_async("one more has ended", SOON, || ended.load(Ordering::SeqCst) > opened).await;
        }
        soon(map).await.unwrap();
        let polls: Vec<_> = polls.iter().map(|polls| polls.load(Ordering::SeqCst)).collect();
        assert!(polls.iter().all(|&polls| polls <= 3), "{polls:?}");
        let for_nothing = polls.iter().sum::<usize>() - 2 * ITEMS;
        assert!(for_nothing > 0, "futures of a batch are woken together at first");
        assert!(for_nothing <= ITEMS / 4, "{for_nothing} polls of {ITEMS} futures were for nothing");
        balanced(&yard).await;
    });
}

#[test]
fn many_that_yield_on_and_on_leave_one_its_turn() {
    const MANY: usize = 2_048;
    on_runtime(async {
        let yard = Scheduler::builder().lane("db", Lane::io().limit(MANY).queue(4)).build().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let map = yard.io_lane("db").unwrap().map(0..MANY, move |index| {
            let over = Arc::clone(&over);
            async move {
                // The first of either runner.
                if index == 0 {
                    for _ in 0..8 {
                        yield_now().await;
                    }
                    over.store(true, Ordering::SeqCst);
                }
                while !over.load(Ordering::SeqCst) {
                    yield_now().await;
                }
            }
        });
        soon(map.for_each(|()| ())).await.unwrap();
        balanced(&yard).await;
    });
}
