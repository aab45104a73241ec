//! Futures dropped while they wait, and just after they were woken: nothing is lost, and the next in line goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use workyard::queue;

use crate::common::{Task, poll_once, soon};

/// Counts how many of it are alive.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(alive))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn a_put_dropped_after_any_number_of_polls_was_not_put() {
    for polls in 0..4 {
        for woken in [false, true] {
            let (tx, rx) = queue::bounded(1);
            tx.try_put(0).unwrap();
            let (mut dropped, mut next) = (tx.put(1), tx.put(2));
            for _ in 0..polls {
                assert!(poll_once(&mut dropped).is_pending());
            }
            let task = Task::new();
            assert!(task.poll(&mut next).is_pending());
            if woken {
                assert_eq!(rx.try_get(), Ok(0));
            }
            drop(dropped);
            if !woken {
                assert_eq!(task.wakes(), 0);
                assert_eq!(rx.try_get(), Ok(0));
            }
            assert_eq!(task.wakes(), 1, "{polls} polls, woken: {woken}");
            assert!(matches!(task.poll(&mut next), Poll::Ready(Ok(()))));
            assert_eq!(rx.drain(), [2]);
            assert!(tx.try_put(3).is_ok());
        }
    }
}

#[test]
fn a_get_dropped_after_any_number_of_polls_took_nothing() {
    for polls in 0..4 {
        for woken in [false, true] {
            let (tx, rx) = queue::bounded(2);
            let (mut dropped, mut next) = (rx.get(), rx.get());
            for _ in 0..polls {
                assert!(poll_once(&mut dropped).is_pending());
            }
            let task = Task::new();
            assert!(task.poll(&mut next).is_pending());
            if woken {
                tx.try_put(7).unwrap();
            }
            drop(dropped);
            if !woken {
                assert_eq!(task.wakes(), 0);
                tx.try_put(7).unwrap();
            }
            assert_eq!(task.wakes(), 1, "{polls} polls, woken: {woken}");
            assert_eq!(task.poll(&mut next), Poll::Ready(Some(7)));
            assert!(rx.is_empty());
        }
    }
}

#[test]
fn a_woken_get_that_is_dropped_with_nobody_behind_leaves_the_item() {
    let (tx, rx) = queue::bounded(1);
    let mut get = rx.get();
    assert!(poll_once(&mut get).is_pending());
    tx.try_put(1).unwrap();
    assert!(rx.drain().is_empty(), "promised");
    drop(get);
    assert_eq!(rx.try_get(), Ok(1));
}

#[test]
fn a_thousand_waiting_puts_that_are_dropped_leave_nothing_behind() {
    let alive = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = queue::bounded(1);
    assert!(tx.try_put(Counted::new(&alive)).is_ok());
    let mut puts: Vec<_> = (0..1_000).map(|_| tx.put(Counted::new(&alive))).collect();
    assert!(puts.iter_mut().all(|put| poll_once(put).is_pending()));
    // From the middle outwards, so that head, tail and inner places are freed.
    let mut seeded = crate::common::Seeded(7);
    while !puts.is_empty() {
        let index = usize::try_from(seeded.below(puts.len() as u64)).unwrap();
        drop(puts.swap_remove(index));
    }
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    drop((puts, rx.try_get()));
    assert!(tx.try_put(Counted::new(&alive)).is_ok(), "no room was lost");
    drop((tx, rx));
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn a_poll_with_another_waker_is_the_one_that_counts() {
    let (tx, rx) = queue::bounded(1);
    let (old, new) = (Task::new(), Task::new());
    let mut get = rx.get();
    assert!(old.poll(&mut get).is_pending() && new.poll(&mut get).is_pending());
    tx.try_put(5).unwrap();
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
    assert_eq!(new.poll(&mut get), Poll::Ready(Some(5)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_select_that_drops_gets_and_puts_all_the_time_loses_no_item() {
    let (tx, rx) = queue::bounded(2);
    let producer = tokio::spawn(async move {
        let mut n = 0;
        while n < 5_000 {
            tokio::select! {
                biased;
                put = tx.put(n) => {
                    put.unwrap();
                    n += 1;
                }
                () = tokio::task::yield_now() => {}
            }
        }
    });
    let mut got = Vec::new();
    loop {
        tokio::select! {
            biased;
            item = rx.get() => match item {
                Some(item) => got.push(item),
                None => break,
            },
            () = tokio::task::yield_now() => {}
        }
    }
    soon(producer).await.unwrap();
    assert!(got.into_iter().eq(0..5_000));
}

#[tokio::test]
async fn aborted_tasks_give_their_claims_back() {
    let (tx, rx) = queue::bounded(8);
    for n in 0..200 {
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                let rx = rx.clone();
                tokio::spawn(async move { rx.get().await })
            })
            .collect();
        tokio::task::yield_now().await;
        tx.try_put(n).unwrap();
        let mut got = Vec::new();
        for task in waiting {
            task.abort();
            got.extend(task.await.ok().flatten());
        }
        got.extend(rx.drain());
        assert_eq!(got, [n]);
    }
}
