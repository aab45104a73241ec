//! A condition: who is told, in which order, and what becomes of what was told to somebody who is gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use workyard::Scheduler;
use workyard::sync::{Condition, Mutex};

use crate::at_once::AtOnce;
use crate::by_hand::ByHand;
use crate::run::{SOON, on_runtime, soon};

/// A number of things to take, one each.
#[derive(Default)]
struct Stock {
    left: Mutex<u32>,
    changed: Condition,
}

impl Stock {
    async fn take(&self) {
        let mut left = self.changed.wait_for(self.left.lock().await, |left| *left > 0).await;
        *left -= 1;
    }

    fn add(&self, more: u32) {
        *self.left.try_lock().unwrap() += more;
    }

    fn left(&self) -> u32 {
        *self.left.try_lock().unwrap()
    }
}

#[test]
fn a_predicate_that_holds_is_enough() {
    let stock = Stock::default();
    stock.add(1);
    ByHand::new(stock.take()).ready();
    assert_eq!(stock.left(), 0);
}

#[test]
fn the_lock_is_free_while_one_waits() {
    let stock = Stock::default();
    let mut taker = ByHand::new(stock.take());
    taker.assert_waits();
    stock.add(1);
    taker.assert_waits();
    assert_eq!(taker.wakes(), 0, "nobody was told");
    stock.changed.notify_one();
    taker.ready();
}

#[test]
fn a_notification_that_comes_too_early_is_not_taken_for_the_change() {
    let stock = Stock::default();
    stock.changed.notify_one();
    stock.changed.notify_all();
    let mut taker = ByHand::new(stock.take());
    taker.assert_waits();
    stock.changed.notify_all();
    taker.assert_waits();
    stock.add(1);
    stock.changed.notify_one();
    taker.ready();
}

/// The lock goes from the first to the second to who changes the value, each in the call that frees it: so both who wait have let go of
/// the lock when the change comes, and neither has done anything since.
#[test]
fn a_change_that_comes_the_moment_the_lock_is_free_is_told_to_all_who_let_go_of_it() {
    let stock = Arc::new(Stock::default());
    let held = stock.left.try_lock().unwrap();
    let mut first = ByHand::new(stock.take());
    first.assert_waits();
    let of_second = Arc::clone(&stock);
    let second = AtOnce::begin(async move { of_second.take().await });
    let of_adder = Arc::clone(&stock);
    let adder = AtOnce::begin(async move {
        *of_adder.left.lock().await += 2;
        of_adder.changed.notify_one();
        of_adder.changed.notify_one();
    });
    drop(held);
    first.ready();
    assert!(adder.is_over() && second.is_over());
    assert_eq!(stock.left(), 0);
}

#[test]
fn the_first_who_waits_is_told_first() {
    let stock = Stock::default();
    let (mut first, mut second) = (ByHand::new(stock.take()), ByHand::new(stock.take()));
    first.assert_waits();
    second.assert_waits();
    stock.add(1);
    stock.changed.notify_one();
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    second.assert_waits();
    first.ready();
    assert_eq!(stock.left(), 0);
}

#[test]
fn all_who_wait_are_told() {
    let stock = Stock::default();
    let mut takers = [(); 3].map(|()| ByHand::new(stock.take()));
    takers.iter_mut().for_each(ByHand::assert_waits);
    stock.add(3);
    stock.changed.notify_all();
    takers.into_iter().for_each(ByHand::ready);
    assert_eq!(stock.left(), 0);
}

#[test]
fn who_is_told_and_dropped_before_it_looked_passes_it_on() {
    for polls_again in [false, true] {
        let stock = Stock::default();
        let (mut dropped, mut next) = (ByHand::new(stock.take()), ByHand::new(stock.take()));
        dropped.assert_waits();
        next.assert_waits();
        let mut left = stock.left.try_lock().unwrap();
        *left = 1;
        stock.changed.notify_one();
        if polls_again {
            // It waits for the lock now, with the notification in its hand.
            dropped.assert_waits();
        }
        drop(dropped);
        drop(left);
        assert_eq!(next.wakes(), 1, "polled again: {polls_again}");
        next.ready();
    }
}

#[test]
fn a_predicate_that_panics_leaves_the_lock_free_and_the_notification_to_the_next() {
    let stock = Stock::default();
    let panics = |left: &u32| *left > 0 && std::panic::panic_any("on purpose");
    let panicking = async { drop(stock.changed.wait_for(stock.left.lock().await, panics).await) };
    let (mut panicking, mut next) = (ByHand::new(panicking), ByHand::new(stock.take()));
    panicking.assert_waits();
    next.assert_waits();
    stock.add(1);
    stock.changed.notify_one();
    assert!(catch_unwind(AssertUnwindSafe(|| panicking.poll().is_ready())).is_err());
    next.ready();
}

#[test]
fn tasks_and_threads_wait_for_the_same_value() {
    let stock = Arc::new(Stock::default());
    let of_thread = Arc::clone(&stock);
    let thread = thread::spawn(move || {
        *of_thread.changed.blocking_wait_for(of_thread.left.blocking_lock(), |left| *left > 0) -= 1;
    });
    on_runtime(async {
        let yard = Scheduler::new();
        let of_task = Arc::clone(&stock);
        let task = yard.io().submit(async move { of_task.take().await }).await.unwrap();
        for _ in 0..2 {
            *stock.left.lock().await += 1;
            stock.changed.notify_one();
        }
        soon(task).await.unwrap();
        assert!(yard.shutdown().await.balances());
    });
    workyard_testkit::wait_for("the thread has taken one", SOON, || thread.is_finished());
    assert_eq!(stock.left(), 0);
}
