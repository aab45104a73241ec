//! Who waits is served in order, nobody barges, one wake-up an operation, nothing foreign under the lock, and a task
//! that never runs dry yields.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use workyard::queue::{self, Consumer, GetError};

use crate::common::{Task, on_thread, poll_once, soon};

#[test]
fn waiting_puts_get_room_in_the_order_in_which_they_came() {
    let (tx, rx) = queue::bounded(2);
    tx.try_put(0).unwrap();
    tx.try_put(1).unwrap();
    let tasks: Vec<_> = (0..5).map(|_| Task::new()).collect();
    let mut puts: Vec<_> = (2..7).map(|n| tx.put(n)).collect();
    assert!(puts.iter_mut().zip(&tasks).all(|(put, task)| task.poll(put).is_pending()));
    for served in 0..5 {
        rx.try_get().unwrap();
        let wakes: Vec<_> = tasks.iter().map(|task| task.wakes()).collect();
        assert_eq!(wakes.iter().sum::<usize>(), served + 1, "one wake-up a get");
        assert_eq!(wakes[served], 1);
        assert!(tx.try_put(99).unwrap_err().is_full(), "the room is promised");
        assert!(matches!(tasks[served].poll(&mut puts[served]), Poll::Ready(Ok(()))));
    }
    assert_eq!(rx.drain(), [5, 6]);
}

#[test]
fn waiting_gets_get_items_in_the_order_in_which_they_came() {
    let (tx, rx) = queue::bounded(8);
    let tasks: Vec<_> = (0..5).map(|_| Task::new()).collect();
    let mut gets: Vec<_> = (0..5).map(|_| rx.get()).collect();
    assert!(gets.iter_mut().zip(&tasks).all(|(get, task)| task.poll(get).is_pending()));
    for served in 0..5 {
        tx.try_put(served).unwrap();
        assert_eq!(tasks.iter().map(|task| task.wakes()).sum::<usize>(), served + 1, "one wake-up a put");
        assert_eq!(rx.try_get(), Err(GetError::Empty), "the item is promised");
        assert_eq!(tasks[served].poll(&mut gets[served]), Poll::Ready(Some(served)));
    }
}

#[test]
fn a_batch_leaves_what_is_promised_and_makes_room_for_as_many() {
    let (tx, rx) = queue::bounded(3);
    let mut promised = rx.get();
    assert!(poll_once(&mut promised).is_pending());
    for n in 0..3 {
        tx.try_put(n).unwrap();
    }
    let tasks: Vec<_> = (0..3).map(|_| Task::new()).collect();
    let mut puts: Vec<_> = (3..6).map(|n| tx.put(n)).collect();
    assert!(puts.iter_mut().zip(&tasks).all(|(put, task)| task.poll(put).is_pending()));
    let Poll::Ready(batch) = poll_once(&mut rx.get_many(10)) else { panic!("two are free") };
    assert_eq!(batch, [0, 1]);
    assert_eq!(tasks.iter().map(|task| task.wakes()).collect::<Vec<_>>(), [1, 1, 0]);
    assert_eq!(poll_once(&mut promised), Poll::Ready(Some(2)));
    assert_eq!(tasks[2].wakes(), 1);
    let Poll::Ready(Ok(())) = poll_once(&mut puts[0]) else { panic!("room was promised") };
    let Poll::Ready(one) = poll_once(&mut rx.get_many(0)) else { panic!("one is there") };
    assert_eq!(one, [3], "empty means the end, so zero counts as one");
}

#[test]
fn a_drain_makes_room_for_as_many_as_it_took() {
    let (tx, rx) = queue::bounded(2);
    tx.try_put(0).unwrap();
    tx.try_put(1).unwrap();
    let tasks: Vec<_> = (0..3).map(|_| Task::new()).collect();
    let mut puts: Vec<_> = (2..5).map(|n| tx.put(n)).collect();
    assert!(puts.iter_mut().zip(&tasks).all(|(put, task)| task.poll(put).is_pending()));
    assert_eq!(rx.drain(), [0, 1]);
    assert_eq!(tasks.iter().map(|task| task.wakes()).collect::<Vec<_>>(), [1, 1, 0]);
}

/// Looks at the queue whenever it is woken or dropped, which would hang under the queue's lock.
struct NosyTask(Consumer<u32>, Arc<AtomicUsize>);

impl Wake for NosyTask {
    fn wake(self: Arc<Self>) {
        self.1.fetch_add(self.0.len() + 1, Ordering::SeqCst);
    }
}

impl Drop for NosyTask {
    fn drop(&mut self) {
        self.1.fetch_add(self.0.len() + 1, Ordering::SeqCst);
    }
}

#[test]
fn wakers_run_and_end_outside_the_lock() {
    let seen = on_thread(|| {
        let seen = Arc::new(AtomicUsize::new(0));
        let (tx, rx) = queue::bounded(1);
        let nosy = || Waker::from(Arc::new(NosyTask(rx.clone(), Arc::clone(&seen))));
        let poll = |get: &mut queue::Get<'_, u32>| {
            std::pin::Pin::new(get).poll(&mut Context::from_waker(&nosy())).is_pending()
        };
        let (mut woken, mut replaced, mut dropped) = (rx.get(), rx.get(), rx.get());
        assert!(poll(&mut woken) && poll(&mut replaced) && poll(&mut replaced) && poll(&mut dropped));
        assert!(matches!(poll_once(&mut tx.put(1)), Poll::Ready(Ok(()))));
        drop(dropped);
        tx.close();
        drop((woken, replaced));
        seen.load(Ordering::SeqCst)
    });
    assert!(seen.join() >= 5);
}

#[tokio::test]
async fn a_queue_that_never_runs_dry_lets_other_tasks_run() {
    let (tx, rx) = queue::bounded(1);
    let other_ran = Arc::new(AtomicBool::new(false));
    let other = tokio::spawn({
        let other_ran = Arc::clone(&other_ran);
        async move { other_ran.store(true, Ordering::SeqCst) }
    });
    soon(async {
        let mut rounds = 0;
        while !other_ran.load(Ordering::SeqCst) {
            tx.put(rounds).await.unwrap();
            assert_eq!(rx.get().await, Some(rounds));
            rounds += 1;
            assert!(rounds < 10_000, "the task was never made to yield");
        }
    })
    .await;
    soon(other).await.unwrap();
}

#[tokio::test]
async fn a_yield_for_the_budget_is_neither_full_nor_late() {
    let (tx, rx) = queue::bounded(1);
    soon(async {
        for n in 0..1_000 {
            tx.put_timeout(n, std::time::Duration::ZERO).await.unwrap();
            assert_eq!(rx.get_timeout(std::time::Duration::ZERO).await, Ok(n));
        }
        while poll_budget() {}
        tx.try_put(7).unwrap();
        assert_eq!(rx.try_get(), Ok(7));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_thread_of_a_runtime_can_block_with_its_budget_used_up() {
    let blocked = tokio::spawn(async {
        let (tx, rx) = queue::bounded(1);
        while poll_budget() {}
        tx.blocking_put(1).unwrap();
        rx.blocking_get()
    });
    assert_eq!(soon(blocked).await.unwrap(), Some(1));
}

/// Uses up one unit of the task's budget; `false` when there is none left.
fn poll_budget() -> bool {
    match tokio::task::coop::poll_proceed(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(unit) => {
            unit.made_progress();
            true
        }
        Poll::Pending => false,
    }
}
