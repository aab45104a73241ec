//! Two numbers belong together, and whoever reads them between two writes sees a pair that never was.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use workyard::sync::blocking::{Barrier, RwLock};

/// What there is on two accounts together.
const MONEY: u32 = 100;

#[test]
fn two_atomics_are_seen_between_two_writes() {
    let (mine, yours) = (AtomicU32::new(MONEY), AtomicU32::new(0));
    let (half_done, seen) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            mine.fetch_sub(30, Ordering::SeqCst);
            half_done.wait(); // elsewhere: a thread that has to wait for its CPU just here
            seen.wait();
            yours.fetch_add(30, Ordering::SeqCst);
        });
        half_done.wait();
        let together = mine.load(Ordering::SeqCst) + yours.load(Ordering::SeqCst);
        seen.wait();
        assert_eq!(together, MONEY - 30, "some money was gone");
    });
    assert_eq!(mine.load(Ordering::SeqCst) + yours.load(Ordering::SeqCst), MONEY, "and back");
}

#[test]
fn behind_one_lock_they_are_seen_before_or_after() {
    let accounts = RwLock::new((MONEY, 0));
    let (half_done, seen) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut accounts = accounts.write();
            accounts.0 -= 30;
            half_done.wait();
            seen.wait();
            accounts.1 += 30;
        });
        half_done.wait();
        let together = accounts.try_read().map(|accounts| accounts.0 + accounts.1);
        seen.wait();
        assert_eq!(together, None, "there is nothing to see in between");
        let accounts = accounts.read();
        assert_eq!(accounts.0 + accounts.1, MONEY);
    });
}
