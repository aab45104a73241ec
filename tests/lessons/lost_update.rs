//! Two read a number, both add one, both write: one of the two additions is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::task::yield_now;
use workyard::Scheduler;
use workyard::sync::{Barrier, Mutex};

use crate::run::{on_runtime, soon};

#[test]
fn who_reads_and_writes_in_two_steps_loses_an_update() {
    on_runtime(async {
        let (yard, count, both_have_read) = (Scheduler::new(), Arc::new(AtomicU32::new(0)), Arc::new(Barrier::new(2)));
        let group = yard.group();
        for _ in 0..2 {
            let (count, both_have_read) = (Arc::clone(&count), Arc::clone(&both_have_read));
            // Atomic steps do not make an atomic whole.
            let add_one = async move {
                let read = count.load(Ordering::SeqCst);
                both_have_read.wait().await; // elsewhere: a bad moment, once in a million runs
                count.store(read + 1, Ordering::SeqCst);
            };
            group.io(add_one).await.unwrap();
        }
        while let Some(done) = soon(group.join_next()).await {
            done.unwrap();
        }
        assert_eq!(count.load(Ordering::SeqCst), 1, "two have added one");
        assert!(yard.shutdown().await.balances());
    });
}

#[test]
fn one_step_or_one_lock_around_both_loses_nothing() {
    on_runtime(async {
        let (yard, atomic, locked) = (Scheduler::new(), Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(0)));
        let group = yard.group();
        for _ in 0..100 {
            let (atomic, locked) = (Arc::clone(&atomic), Arc::clone(&locked));
            let add_one = async move {
                atomic.fetch_add(1, Ordering::SeqCst);
                let mut locked = locked.lock().await;
                let read = *locked;
                yield_now().await; // a bad moment, and nobody comes in
                *locked = read + 1;
            };
            group.io(add_one).await.unwrap();
        }
        while let Some(done) = soon(group.join_next()).await {
            done.unwrap();
        }
        assert_eq!((atomic.load(Ordering::SeqCst), *locked.lock().await), (100, 100));
        assert!(yard.shutdown().await.balances());
    });
}
