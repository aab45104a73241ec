//! Puts and gets that give up: not early, not late by an item, and with the item in hand.

use std::time::{Duration, Instant};

use workyard::queue::{self, GetError};

use crate::common::{on_thread, poll_once};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn async_timeouts_are_exact_on_a_paused_clock() {
    let (tx, rx) = queue::bounded(1);
    let started = tokio::time::Instant::now();
    assert_eq!(rx.get_timeout(2 * SECOND).await, Err(GetError::Timeout));
    assert_eq!(started.elapsed(), 2 * SECOND);

    tx.put_timeout(37337, SECOND).await.unwrap();
    let late = tx.put_timeout(1, 3 * SECOND).await.unwrap_err();
    assert!(late.is_timeout());
    assert_eq!((late.into_inner(), started.elapsed()), (1, 5 * SECOND));
    assert_eq!(rx.get_timeout(Duration::ZERO).await, Ok(37337));

    drop(tx);
    assert_eq!(rx.get_timeout(SECOND).await, Err(GetError::Closed));
    assert_eq!(started.elapsed(), 5 * SECOND, "the end is not waited for");
}

#[tokio::test(start_paused = true)]
async fn the_time_counts_from_the_call() {
    let (_tx, rx) = queue::bounded::<u8>(1);
    let get = rx.get_timeout(SECOND);
    tokio::time::advance(SECOND).await;
    let started = tokio::time::Instant::now();
    assert_eq!(get.await, Err(GetError::Timeout));
    assert!(started.elapsed() < SECOND / 10);
}

#[tokio::test(start_paused = true)]
async fn what_comes_in_time_is_taken_and_who_gave_up_is_out_of_the_line() {
    let (tx, rx) = queue::bounded(1);
    let (got, ()) = tokio::join!(rx.get_timeout(SECOND), async {
        tokio::time::sleep(SECOND / 2).await;
        tx.put(1).await.unwrap();
    });
    assert_eq!(got, Ok(1));
    assert_eq!(rx.get_timeout(SECOND).await, Err(GetError::Timeout));
    tx.try_put(2).unwrap();
    assert!(tx.put_timeout(3, SECOND).await.is_err());
    assert_eq!(rx.try_get(), Ok(2), "not promised to the get that gave up");
    assert!(tx.try_put(4).is_ok(), "not promised to the put that gave up");
}

#[tokio::test(start_paused = true)]
async fn a_future_that_gave_up_is_out_of_the_line_before_it_is_dropped() {
    let (tx, rx) = queue::bounded(1);
    let mut get = std::pin::pin!(rx.get_timeout(SECOND));
    assert_eq!(get.as_mut().await, Err(GetError::Timeout));
    tx.try_put(1).unwrap();
    let mut put = std::pin::pin!(tx.put_timeout(2, SECOND));
    assert!(put.as_mut().await.is_err());
    assert_eq!(rx.try_get(), Ok(1), "not promised to the get that gave up");
    assert!(tx.try_put(3).is_ok(), "not promised to the put that gave up");
}

#[test]
fn blocking_timeouts_are_not_early() {
    let (tx, rx) = queue::bounded(1);
    let wait = Duration::from_millis(50);
    let started = Instant::now();
    assert_eq!(rx.blocking_get_timeout(wait), Err(GetError::Timeout));
    assert!(started.elapsed() >= wait);
    tx.blocking_put_timeout(1, wait).unwrap();
    let started = Instant::now();
    let late = tx.blocking_put_timeout(2, wait).unwrap_err();
    assert!(started.elapsed() >= wait && late.is_timeout());
    assert_eq!(late.into_inner(), 2);
    assert_eq!(rx.blocking_get_timeout(Duration::ZERO), Ok(1));
    drop(tx);
    assert_eq!(rx.blocking_get_timeout(Duration::MAX), Err(GetError::Closed));
}

#[test]
fn for_ever_is_a_timeout_too() {
    let (tx, rx) = queue::bounded(1);
    let getter = on_thread(move || rx.blocking_get_timeout(Duration::MAX));
    tx.blocking_put_timeout(1, Duration::MAX).unwrap();
    assert_eq!(getter.join(), Ok(1));
}

#[test]
fn nothing_needs_a_runtime_until_it_waits_for_a_time() {
    let (tx, rx) = queue::priority(1);
    let put = std::pin::pin!(tx.put_timeout(queue::Priority::LOW, 1, SECOND));
    assert!(put.poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready());
    assert!(poll_once(&mut rx.get()).is_ready());
}
