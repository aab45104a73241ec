//! Tests of the parking: wake-ups from other threads, nesting, deadlines, and the thread's own park token.

use std::future::{pending, poll_fn, ready};
use std::sync::mpsc;
use std::thread;

use super::*;

const LONG: Duration = Duration::from_secs(20);

/// Pending once; another thread then wakes it.
async fn woken_from_a_thread() {
    let mut first = true;
    poll_fn(move |cx| {
        if !std::mem::take(&mut first) {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        thread::spawn(move || waker.wake());
        Poll::Pending
    })
    .await;
}

#[test]
fn waits_for_a_wake_up_from_another_thread() {
    for _ in 0..200 {
        block_on(woken_from_a_thread());
    }
}

#[test]
fn a_nested_call_leaves_the_wake_up_of_the_outer_one_alone() {
    let mut polls = 0;
    block_on(poll_fn(|cx| {
        polls += 1;
        if polls == 1 {
            cx.waker().wake_by_ref();
            block_on(woken_from_a_thread());
            return Poll::Pending;
        }
        Poll::Ready(())
    }));
    assert_eq!(polls, 2);
}

#[test]
fn a_timeout_is_not_early_and_polls_at_least_once() {
    let started = Instant::now();
    assert_eq!(block_on_timeout(pin!(pending::<()>()), Duration::from_millis(30)), None);
    assert!(started.elapsed() >= Duration::from_millis(30));
    assert_eq!(block_on_timeout(pin!(ready(7)), Duration::ZERO), Some(7));
    assert_eq!(block_on_timeout(pin!(woken_from_a_thread()), Duration::MAX), Some(()));
}

#[test]
fn the_park_token_of_the_thread_is_not_consumed() {
    let (sender, receiver) = mpsc::channel();
    let parked = thread::spawn(move || {
        thread::current().unpark();
        block_on(woken_from_a_thread());
        let started = Instant::now();
        thread::park_timeout(LONG);
        sender.send(started.elapsed()).expect("the test waits");
    });
    assert!(receiver.recv_timeout(LONG).expect("the thread ended") < LONG / 2);
    parked.join().expect("no panic");
}

#[test]
fn it_does_not_spin() {
    let mut polls = 0;
    let counted = poll_fn(|_| {
        polls += 1;
        Poll::<()>::Pending
    });
    assert_eq!(block_on_timeout(pin!(counted), Duration::from_millis(50)), None);
    assert!(polls <= 3, "{polls} polls");
}
