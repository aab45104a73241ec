//! Two locks, taken in two orders: each waits for the lock that the other has.

use std::sync::Arc;

use tokio::task::yield_now;
use workyard::Scheduler;
use workyard::sync::{Barrier, Mutex};

use crate::run::{on_runtime, soon};

#[test]
fn in_two_orders_each_waits_for_the_other_for_ever() {
    on_runtime(async {
        let (left, right) = (Mutex::new(()), Mutex::new(()));
        let (both_have_one, both_have_asked) = (Barrier::new(2), Barrier::new(2));
        let has_both = async |first: &Mutex<()>, second: &Mutex<()>| {
            let _first = first.lock().await;
            both_have_one.wait().await;
            // `lock().await` would never come back here. This one says so, and so both can go home.
            let got = second.try_lock().is_ok();
            both_have_asked.wait().await;
            got
        };
        let got = soon(async { tokio::join!(has_both(&left, &right), has_both(&right, &left)) }).await;
        assert_eq!(got, (false, false));
    });
}

#[test]
fn in_one_order_everybody_comes_through() {
    on_runtime(async {
        let (yard, locks) = (Scheduler::new(), Arc::new((Mutex::new(0), Mutex::new(0))));
        let group = yard.group();
        for _ in 0..100 {
            let locks = Arc::clone(&locks);
            // Whatever is to be done with the two, the first is taken first.
            let move_one = async move {
                let mut first = locks.0.lock().await;
                yield_now().await;
                let mut second = locks.1.lock().await;
                *first -= 1;
                *second += 1;
            };
            group.io(move_one).await.unwrap();
        }
        while let Some(done) = soon(group.join_next()).await {
            done.unwrap();
        }
        assert_eq!((*locks.0.lock().await, *locks.1.lock().await), (-100, 100));
        assert!(yard.shutdown().await.balances());
    });
}
