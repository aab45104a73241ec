//! How a queue ends: by the last producer, the last consumer, or `close`; nothing is lost and nobody hangs.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use tokio::sync::Notify;
use tokio::task::JoinSet;
use workyard::queue::{self, Consumer, GetError, Producer};

use crate::common::{LONG, Task, on_thread, poll_once, soon};

const COLOURS: [&str; 4] = ["red", "green", "blue", "black"];

#[test]
fn what_was_put_before_the_end_comes_out_in_order_every_time() {
    for run in 0..1_000 {
        let (tx, rx) = queue::bounded(4);
        let getter = on_thread(move || {
            let mut got = Vec::new();
            while let Some(colour) = rx.blocking_get() {
                got.push(colour);
            }
            got
        });
        for colour in COLOURS {
            tx.try_put(colour).unwrap();
        }
        drop(tx);
        assert_eq!(getter.join(), COLOURS, "run {run}");
    }
}

#[test]
fn close_and_drain_give_exactly_what_was_put() {
    for _ in 0..1_000 {
        let (tx, rx) = queue::bounded(10);
        let putter = on_thread(move || COLOURS.into_iter().filter(|colour| tx.blocking_put(*colour).is_ok()).count());
        let first = rx.blocking_get_timeout(LONG).ok();
        rx.close();
        let drained = rx.drain();
        let accepted = putter.join();
        let got: Vec<_> = first.into_iter().chain(drained).collect();
        assert_eq!(got, COLOURS[..accepted]);
        assert_eq!((rx.blocking_get(), rx.try_get()), (None, Err(GetError::Closed)));
    }
}

/// How the first of the producers ends.
#[derive(Clone, Copy, PartialEq, Debug)]
enum FirstProducer {
    Complete,
    Early,
    Panics,
    /// Aborted where it waits, half way.
    Killed,
}

async fn produce(id: usize, tx: Producer<usize>, first: FirstProducer, half_way: Arc<Notify>) {
    for n in 0..100 {
        if id == 0 && n == 50 {
            match first {
                FirstProducer::Complete => {}
                FirstProducer::Early => return,
                FirstProducer::Panics => panic!("a producer dies on purpose"),
                FirstProducer::Killed => {
                    half_way.notify_one();
                    std::future::pending::<()>().await;
                }
            }
        }
        tx.put(id * 1_000 + n).await.unwrap();
    }
}

async fn consume(rx: Consumer<usize>) -> Vec<usize> {
    let mut got = Vec::new();
    while let Some(item) = rx.get().await {
        got.push(item);
    }
    got
}

async fn every_item_once(producers: usize, consumers: usize, first: FirstProducer) {
    let (tx, rx) = queue::bounded(3);
    let mut producing = JoinSet::new();
    let mut consuming = JoinSet::new();
    let half_way = Arc::new(Notify::new());
    let handles: Vec<_> =
        (0..producers).map(|id| producing.spawn(produce(id, tx.clone(), first, Arc::clone(&half_way)))).collect();
    for _ in 0..consumers {
        consuming.spawn(consume(rx.clone()));
    }
    drop((tx, rx));
    if first == FirstProducer::Killed {
        soon(half_way.notified()).await;
        handles[0].abort();
    }
    let mut died = 0;
    while let Some(ended) = soon(producing.join_next()).await {
        died += usize::from(ended.is_err());
    }
    assert_eq!(died, usize::from(matches!(first, FirstProducer::Panics | FirstProducer::Killed)));
    let mut counts = BTreeMap::new();
    while let Some(got) = soon(consuming.join_next()).await {
        for item in got.unwrap() {
            *counts.entry(item).or_insert(0) += 1;
        }
    }
    let expected = producers * 100 - if first == FirstProducer::Complete { 0 } else { 50 };
    assert_eq!(counts.len(), expected, "{producers} producers, {consumers} consumers, first: {first:?}");
    assert!(counts.values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_item_is_consumed_once_whatever_the_counts_and_the_ends() {
    for producers in 1..=3 {
        for consumers in [1, 2, 3, 5] {
            use FirstProducer::{Complete, Early, Killed, Panics};
            for first in [Complete, Early, Panics, Killed] {
                every_item_once(producers, consumers, first).await;
            }
        }
    }
}

#[test]
fn threads_that_stop_at_any_moment_all_end_and_nothing_accepted_is_lost() {
    for consumers in [1, 2, 3] {
        for stop_after in 0..50 {
            let (tx, rx) = queue::bounded(2);
            let producer = on_thread(move || {
                let refused = (0..).find_map(|n: usize| tx.blocking_put(n).err().map(queue::PutError::into_inner));
                refused.expect("the queue was closed")
            });
            let consumed = Arc::new(AtomicUsize::new(0));
            let threads: Vec<_> = (0..consumers)
                .map(|_| {
                    let (rx, consumed) = (rx.clone(), Arc::clone(&consumed));
                    on_thread(move || {
                        while rx.blocking_get().is_some() {
                            if consumed.fetch_add(1, Ordering::SeqCst) >= stop_after {
                                rx.close();
                            }
                        }
                    })
                })
                .collect();
            threads.into_iter().for_each(crate::common::Running::join);
            // Numbers count up from zero, so the one that was refused is how many were accepted.
            assert_eq!(producer.join(), consumed.load(Ordering::SeqCst) + rx.drain().len());
        }
    }
}

#[test]
fn an_item_that_looks_like_an_end_is_an_item() {
    let (tx, rx) = queue::bounded(3);
    for item in [None, Some("end"), None] {
        tx.try_put(item).unwrap();
    }
    drop(tx);
    assert_eq!(rx.drain(), [None, Some("end"), None]);
    assert_eq!(rx.blocking_get(), None);
}

#[test]
fn close_wakes_everyone_who_waits() {
    let (tx, rx) = queue::bounded(1);
    let getters: Vec<_> = (0..4).map(|_| (rx.clone(), Task::new())).collect();
    let mut gets: Vec<_> = getters.iter().map(|(rx, task)| (rx.get(), task)).collect();
    assert!(gets.iter_mut().all(|(get, task)| task.poll(get).is_pending()));
    let parked = on_thread({
        let rx = rx.clone();
        move || rx.blocking_get()
    });
    tx.close();
    assert_eq!(parked.join(), None::<u32>);
    for (get, task) in &mut gets {
        assert_eq!(task.wakes(), 1);
        assert_eq!(task.poll(get), Poll::Ready(None));
    }

    let (tx, rx) = queue::bounded(1);
    tx.try_put(0).unwrap();
    let tasks: Vec<_> = (1..5).map(|_| Task::new()).collect();
    let mut puts: Vec<_> = (1..5).map(|n| tx.put(n)).collect();
    assert!(puts.iter_mut().zip(&tasks).all(|(put, task)| task.poll(put).is_pending()));
    let parked = on_thread({
        let tx = tx.clone();
        move || tx.blocking_put(9).unwrap_err().into_inner()
    });
    rx.close();
    assert_eq!(parked.join(), 9);
    for (n, (put, task)) in (1..).zip(puts.iter_mut().zip(&tasks)) {
        assert_eq!(task.wakes(), 1);
        let Poll::Ready(Err(closed)) = task.poll(put) else { panic!("not told") };
        assert!(closed.is_closed());
        assert_eq!(closed.into_inner(), n);
    }
    assert_eq!((rx.try_get(), rx.try_get()), (Ok(0), Err(GetError::Closed)));
}

#[test]
fn a_getter_stays_while_another_may_give_its_claim_back() {
    let (tx, rx) = queue::bounded(1);
    let (mut claims, mut stays) = (rx.get(), rx.get());
    assert!(poll_once(&mut claims).is_pending());
    tx.try_put("last").unwrap();
    drop(tx);
    let task = Task::new();
    assert!(task.poll(&mut stays).is_pending(), "the last item is claimed, not gone");
    assert_eq!(rx.try_get(), Err(GetError::Empty));
    drop(claims);
    assert_eq!(task.wakes(), 1);
    assert_eq!(task.poll(&mut stays), Poll::Ready(Some("last")));
}

/// Asks the queue for its length when dropped, which would hang under the queue's lock.
struct Nosy(Producer<Nosy>, Arc<AtomicUsize>);

impl Drop for Nosy {
    fn drop(&mut self) {
        assert!(self.0.len() <= self.0.capacity());
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn the_last_consumer_drops_what_is_queued_outside_the_lock() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = queue::priority(4);
    let tx = tx.at(queue::Priority::LOW);
    for _ in 0..3 {
        tx.try_put(Nosy(tx.clone(), Arc::clone(&dropped))).unwrap();
    }
    let refused = on_thread({
        let dropped = Arc::clone(&dropped);
        move || {
            drop(rx);
            assert_eq!(dropped.load(Ordering::SeqCst), 3);
            tx.try_put(Nosy(tx.clone(), dropped)).unwrap_err().is_closed()
        }
    });
    assert!(refused.join());
    assert_eq!(dropped.load(Ordering::SeqCst), 4);
}

#[test]
fn handles_say_how_the_queue_is() {
    let (tx, rx) = queue::bounded(2);
    assert!(tx.is_empty() && rx.is_empty() && !tx.is_closed() && !rx.is_closed());
    tx.try_put(1).unwrap();
    assert_eq!((tx.len(), rx.len(), tx.capacity(), rx.capacity()), (1, 1, 2, 2));
    rx.close();
    tx.close();
    assert!(tx.is_closed() && rx.is_closed());
    assert_eq!(format!("{tx:?}"), "Producer { len: 1, capacity: 2, closed: true, .. }");
}

struct Shock;

impl Wake for Shock {
    fn wake(self: Arc<Self>) {
        panic!("on purpose: a waker");
    }
}

#[test]
fn a_waker_that_panics_takes_no_wake_up_from_the_others() {
    for unwinds in [false, true] {
        let (tx, rx) = queue::bounded::<u32>(1);
        let (shock, task) = (Waker::from(Arc::new(Shock)), Task::new());
        let (mut first, mut second) = (rx.get(), rx.get());
        assert!(Pin::new(&mut first).poll(&mut Context::from_waker(&shock)).is_pending());
        assert!(task.poll(&mut second).is_pending());
        let ended = catch_unwind(AssertUnwindSafe(move || {
            let _last = tx;
            assert!(!unwinds, "on purpose: a producer");
        }));
        assert_eq!(ended.is_err(), unwinds, "the panic of the waker is not the producer's");
        assert_eq!(task.wakes(), 1);
        assert_eq!((poll_once(&mut first), poll_once(&mut second)), (Poll::Ready(None), Poll::Ready(None)));
    }
}
