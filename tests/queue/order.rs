//! What comes out next: first, last, or most urgent, with ageing.

use std::time::Duration;

use tokio::time::advance;
use workyard::queue::{self, Ageing, Priority};

const LEVELS: [Priority; 5] = [Priority::LOWEST, Priority::LOW, Priority::NORMAL, Priority::HIGH, Priority::HIGHEST];

#[test]
fn last_in_first_out() {
    let (tx, rx) = queue::lifo(8);
    for n in 0..5 {
        tx.try_put(n).unwrap();
    }
    assert_eq!(rx.try_get(), Ok(4));
    tx.try_put(9).unwrap();
    assert_eq!(rx.drain(), [9, 3, 2, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn the_most_urgent_first_and_equals_in_the_order_of_their_puts() {
    let (tx, rx) = queue::priority(64);
    for round in 0..3 {
        for level in LEVELS {
            tx.put(level, (level, round)).await.unwrap();
        }
    }
    let expected: Vec<_> = LEVELS.into_iter().rev().flat_map(|level| (0..3).map(move |round| (level, round))).collect();
    assert_eq!(rx.drain(), expected);
}

#[tokio::test(start_paused = true)]
async fn waiting_makes_urgent() {
    let (tx, rx) = queue::priority_with_ageing(8, Ageing::new(Duration::from_secs(10)));
    tx.try_put(Priority::LOW, "old and low").unwrap();
    advance(Duration::from_millis(19_999)).await;
    tx.try_put(Priority::HIGH, "high, just in time").unwrap();
    advance(Duration::from_millis(2)).await;
    tx.try_put(Priority::HIGH, "high, too late").unwrap();
    assert_eq!(rx.drain(), ["high, just in time", "old and low", "high, too late"]);
}

#[tokio::test(start_paused = true)]
async fn of_equal_ranks_the_more_urgent_goes_first() {
    let (tx, rx) = queue::priority_with_ageing(8, Ageing::new(Duration::from_secs(1)));
    tx.try_put(Priority::LOW, "low").unwrap();
    advance(Duration::from_secs(1)).await;
    tx.try_put(Priority::NORMAL, "normal").unwrap();
    assert_eq!(rx.drain(), ["normal", "low"]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_urgent_items_does_not_starve_the_rest() {
    let (tx, rx) = queue::priority(16);
    tx.try_put(Priority::LOWEST, None).unwrap();
    let mut waited = 0;
    loop {
        tx.try_put(Priority::HIGHEST, Some(waited)).unwrap();
        if rx.try_get().unwrap().is_none() {
            break;
        }
        waited += 1;
        assert!(waited < 1_000, "starved");
        advance(Duration::from_millis(100)).await;
    }
    // Four levels of one second each.
    assert_eq!(waited, 41);
}

#[test]
fn a_producer_at_one_priority_is_a_plain_producer() {
    let (tx, rx) = queue::priority(8);
    let urgent = tx.at(Priority::HIGH);
    tx.try_put(Priority::NORMAL, 1).unwrap();
    urgent.clone().blocking_put(2).unwrap();
    tx.clone().blocking_put(Priority::HIGHEST, 3).unwrap();
    drop(tx);
    assert!(!rx.is_closed(), "the other handle is a producer, too");
    assert_eq!(rx.drain(), [3, 2, 1]);
    drop(urgent);
    assert!(rx.is_closed());
}

#[test]
fn items_need_no_order_of_their_own() {
    let (tx, rx) = queue::priority::<fn() -> u8>(2);
    tx.try_put(Priority::NORMAL, || 1).unwrap();
    tx.try_put(Priority::NORMAL, || 2).unwrap();
    assert_eq!(rx.drain().into_iter().map(|item| item()).collect::<Vec<_>>(), [1, 2]);
}
