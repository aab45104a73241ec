//! Who lets go of a lock and takes it again at once gets it, each time, if the lock does not know that somebody waits.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Builder;
use tokio::task::yield_now;
use workyard::sync::{Mutex, Notify};

/// How often the greedy one takes the lock.
const TURNS: u32 = 1_000;

/// A lock as one might write it: it is free or not, and who finds it taken is woken to look again.
#[derive(Default)]
struct Unfair {
    is_taken: AtomicBool,
    freed: Notify,
}

impl Unfair {
    async fn lock(&self) {
        while self.is_taken.swap(true, Ordering::AcqRel) {
            self.freed.notified().await;
        }
    }

    fn unlock(&self) {
        self.is_taken.store(false, Ordering::Release);
        self.freed.notify_one();
    }
}

/// Runs the greedy one, and the modest one that wants the lock once, on one thread: how many turns the first had before the second
/// had its own.
fn turns_before(turns: &Cell<u32>, greedy: impl Future<Output = ()>, modest: impl Future<Output = ()>) -> u32 {
    let modest = async {
        modest.await;
        turns.get()
    };
    let both = async { tokio::join!(greedy, modest) };
    let ((), before) = Builder::new_current_thread().build().unwrap().block_on(both);
    assert_eq!(turns.get(), TURNS);
    before
}

#[test]
fn a_lock_that_does_not_know_who_waits_starves_them() {
    let lock = Unfair::default();
    let turns = Cell::new(0);
    let greedy = async {
        for _ in 0..TURNS {
            lock.lock().await;
            yield_now().await; // the modest one is woken, and finds the lock taken
            turns.set(turns.get() + 1);
            lock.unlock();
        }
    };
    let modest = async {
        lock.lock().await;
        lock.unlock();
    };
    assert_eq!(turns_before(&turns, greedy, modest), TURNS, "it had to wait until the greedy one had enough");
}

#[test]
fn a_lock_that_serves_in_the_order_of_arrival_does_not() {
    let lock = Mutex::new(());
    let turns = Cell::new(0);
    let greedy = async {
        for _ in 0..TURNS {
            let _guard = lock.lock().await;
            yield_now().await;
            turns.set(turns.get() + 1);
        }
    };
    assert_eq!(turns_before(&turns, greedy, async { drop(lock.lock().await) }), 1, "the next turn was its own");
}

/// The same with a fair lock: who polls it is not in its line.
#[test]
fn who_tries_again_and_again_is_starved_by_any_lock() {
    let lock = Mutex::new(());
    let turns = Cell::new(0);
    let greedy = async {
        for _ in 0..TURNS {
            let _guard = lock.lock().await;
            yield_now().await;
            turns.set(turns.get() + 1);
        }
    };
    let modest = async {
        while lock.try_lock().is_err() {
            yield_now().await;
        }
    };
    assert_eq!(turns_before(&turns, greedy, modest), TURNS);
}
