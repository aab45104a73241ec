//! An event: who is released by which set.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use workyard::sync::Event;
use workyard_testkit::wait_for;

use crate::by_hand::ByHand;
use crate::run::{SOON, on_runtime, soon};

const BRIEF: Duration = Duration::from_millis(2);

#[test]
fn a_set_that_is_cleared_at_once_releases_all_who_waited() {
    let event = Event::new();
    let (mut polled, unpolled) = (ByHand::new(event.wait()), ByHand::new(event.wait()));
    polled.assert_waits();
    event.set();
    event.clear();
    assert_eq!(polled.wakes(), 1);
    polled.ready();
    unpolled.ready();
    assert!(!event.is_set());
}

#[test]
fn who_comes_after_the_clear_waits_for_the_next_set() {
    let event = Event::new();
    event.set();
    let in_time = ByHand::new(event.wait());
    event.clear();
    let mut late = ByHand::new(event.wait());
    late.assert_waits();
    in_time.ready();
    event.set();
    late.ready();
}

#[test]
fn while_it_is_set_nobody_waits() {
    let event = Event::default();
    assert!(!event.is_set());
    event.set();
    event.set();
    ByHand::new(event.wait()).ready();
    event.blocking_wait();
    assert!(event.is_set());
    event.clear();
    event.clear();
    assert!(!event.is_set(), "one clear is enough, and a second is no set");
    ByHand::new(event.wait()).assert_waits();
}

#[test]
fn a_wait_that_was_dropped_takes_nothing_with_it() {
    let event = Event::new();
    let (mut dropped, mut kept) = (ByHand::new(event.wait()), ByHand::new(event.wait()));
    dropped.assert_waits();
    kept.assert_waits();
    drop(dropped);
    event.set();
    kept.ready();
}

#[test]
fn a_wait_that_gives_up_says_so() {
    let event = Event::new();
    assert!(!event.blocking_wait_timeout(Duration::ZERO));
    assert!(!event.blocking_wait_timeout(BRIEF));
    on_runtime(async {
        assert!(!event.wait_timeout(Duration::ZERO).await);
        assert!(!event.wait_timeout(BRIEF).await);
        event.set();
        assert!(event.wait_timeout(Duration::ZERO).await);
        assert!(event.wait_timeout(Duration::MAX).await);
    });
    assert!(event.blocking_wait_timeout(Duration::ZERO));
}

#[test]
fn a_set_is_not_missed_by_a_wait_whose_time_is_up_and_whose_budget_is_used_up() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let event = Event::new();
    event.set();
    let always = runtime.block_on(async {
        while tokio::task::coop::has_budget_remaining() {
            tokio::task::coop::consume_budget().await;
        }
        event.wait_timeout(Duration::ZERO).await
    });
    assert!(always);
}

#[test]
fn a_loop_around_an_event_that_stays_set_lets_others_run() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (event, stop) = (Event::new(), Arc::new(AtomicBool::new(false)));
    event.set();
    runtime.block_on(async {
        let other = Arc::clone(&stop);
        let waits = async {
            for _ in 0..1_000_000 {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                event.wait().await;
            }
            panic!("the other has had no turn");
        };
        // Polled one after the other, so the second has its turn only once the first gives it up.
        tokio::join!(biased; waits, async { other.store(true, Ordering::SeqCst) });
    });
}

#[test]
fn tasks_and_threads_wait_for_the_same_event() {
    static EVENT: Event = Event::new();
    let threads: Vec<_> = (0..3).map(|_| thread::spawn(|| EVENT.blocking_wait())).collect();
    on_runtime(async {
        let yard = workyard::Scheduler::new();
        let task = yard.io().submit(EVENT.wait()).await.unwrap();
        let closure = yard.blocking().submit(|| EVENT.blocking_wait_timeout(SOON)).await.unwrap();
        EVENT.set();
        soon(task).await.unwrap();
        assert!(soon(closure).await.unwrap());
        assert!(yard.shutdown().await.balances());
    });
    wait_for("the threads have ended", SOON, || threads.iter().all(thread::JoinHandle::is_finished));
}
