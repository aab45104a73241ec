//! Tests of the parking: wake-ups from other threads, nesting, deadlines, and the thread's own park token.
#![expect(clippy::disallowed_methods, reason = "a test needs threads that nobody owns")]

use std::future::{pending, poll_fn, ready};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use super::*;

const LONG: Duration = Duration::from_secs(20);

/// Ready once another thread, which the first poll starts, has said so and woken it.
async fn woken_from_a_thread() {
    let said = Arc::new(AtomicBool::new(false));
    let mut first = true;
    poll_fn(move |cx| {
        if std::mem::take(&mut first) {
            let (said, waker) = (Arc::clone(&said), cx.waker().clone());
            thread::spawn(move || {
                said.store(true, Ordering::SeqCst);
                waker.wake();
            });
            return Poll::Pending;
        }
        if said.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
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
    let outer = poll_fn(|cx| {
        polls += 1;
        if polls == 1 {
            cx.waker().wake_by_ref();
            block_on(woken_from_a_thread());
            return Poll::Pending;
        }
        Poll::Ready(Instant::now())
    });
    let started = Instant::now();
    let ready_at = block_on_timeout(pin!(outer), LONG).expect("polled again at the end");
    assert!(ready_at - started < LONG / 2, "the wake-up was lost");
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
