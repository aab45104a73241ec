//! `task_done` and `join`: all that was put is done, and marking too much is an error.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use workyard::queue;

use crate::common::{Task, on_thread, poll_once, soon};

#[test]
fn a_join_waits_for_items_queued_and_in_hand() {
    let (tx, rx) = queue::bounded(4);
    assert!(poll_once(&mut tx.join()).is_ready(), "nothing was put");
    tx.try_put(1).unwrap();
    tx.try_put(2).unwrap();
    let task = Task::new();
    let (mut here, mut there) = (tx.join(), rx.join());
    assert!(task.poll(&mut here).is_pending() && task.poll(&mut there).is_pending());
    assert!(rx.task_done().is_err(), "queued, not in hand");
    rx.try_get().unwrap();
    rx.task_done().unwrap();
    assert!(rx.task_done().is_err());
    rx.try_get().unwrap();
    assert!(task.poll(&mut here).is_pending() && task.wakes() == 0);
    rx.clone().task_done().unwrap();
    assert_eq!(task.wakes(), 2);
    tx.try_put(3).unwrap();
    assert!(task.poll(&mut here).is_ready() && task.poll(&mut there).is_ready(), "it was done, and stays so");
    assert!(poll_once(&mut rx.join()).is_pending(), "a new join sees the new item");
}

#[test]
fn drained_items_are_done_and_a_closed_queue_is_still_to_be_worked_off() {
    let (tx, rx) = queue::bounded(4);
    tx.try_put(1).unwrap();
    tx.try_put(2).unwrap();
    rx.try_get().unwrap();
    let mut join = tx.join();
    rx.close();
    assert!(poll_once(&mut join).is_pending());
    assert_eq!(rx.drain(), [2]);
    assert!(poll_once(&mut join).is_pending(), "one is in hand");
    rx.task_done().unwrap();
    assert!(poll_once(&mut join).is_ready());
}

#[test]
fn a_drain_of_the_last_items_ends_a_join() {
    let (tx, rx) = queue::bounded(4);
    tx.try_put(1).unwrap();
    let task = Task::new();
    let mut join = tx.join();
    assert!(task.poll(&mut join).is_pending());
    assert_eq!(rx.drain(), [1]);
    assert_eq!(task.wakes(), 1);
    assert!(task.poll(&mut join).is_ready());
}

#[test]
fn the_end_of_the_last_consumer_ends_every_join() {
    let (tx, rx) = queue::bounded(4);
    for n in 0..3 {
        tx.try_put(n).unwrap();
    }
    rx.try_get().unwrap();
    let task = Task::new();
    let mut join = tx.join();
    assert!(task.poll(&mut join).is_pending());
    drop(rx);
    assert_eq!(task.wakes(), 1);
    assert!(task.poll(&mut join).is_ready());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_join_all_work_is_done() {
    let (tx, rx) = queue::bounded(3);
    let done = Arc::new(AtomicUsize::new(0));
    for _ in 0..4 {
        let (rx, done) = (rx.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            while rx.get().await.is_some() {
                tokio::task::yield_now().await;
                done.fetch_add(1, Ordering::SeqCst);
                rx.task_done().unwrap();
            }
        });
    }
    for round in 1..=200 {
        for _ in 0..7 {
            soon(tx.put(())).await.unwrap();
        }
        soon(tx.join()).await;
        assert_eq!(done.load(Ordering::SeqCst), round * 7);
    }
    assert!(rx.task_done().is_err());
}

#[test]
fn a_thread_can_join() {
    let (tx, rx) = queue::bounded(2);
    let worker = on_thread(move || {
        while rx.blocking_get().is_some() {
            rx.task_done().unwrap();
        }
    });
    for n in 0..100 {
        tx.blocking_put(n).unwrap();
    }
    tx.blocking_join();
    assert!(tx.is_empty());
    drop(tx);
    worker.join();
}
