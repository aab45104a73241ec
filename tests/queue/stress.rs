//! Many threads and tasks on one queue, with seeded choices: what was accepted is what came out, once each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use workyard::queue::{self, Consumer, GetError, Producer};

use crate::common::{Seeded, on_thread, soon};

#[test]
fn with_room_for_one_and_sixteen_threads_there_is_never_more_than_one() {
    let (tx, rx) = queue::bounded(1);
    let inside = Arc::new(AtomicUsize::new(0));
    let putters: Vec<_> = (0..8)
        .map(|_| {
            let tx = tx.clone();
            on_thread(move || {
                for n in 0..300 {
                    tx.blocking_put(n).unwrap();
                    assert!(tx.len() <= 1);
                }
            })
        })
        .collect();
    let getters: Vec<_> = (0..8)
        .map(|_| {
            let (rx, inside) = (rx.clone(), Arc::clone(&inside));
            on_thread(move || {
                while rx.blocking_get().is_some() {
                    assert!(rx.len() <= 1);
                    inside.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    drop((tx, rx));
    putters.into_iter().chain(getters).for_each(crate::common::Running::join);
    assert_eq!(inside.load(Ordering::SeqCst), 8 * 300);
}

/// Puts numbers in every way there is; gives back those that were accepted.
async fn put_all(tx: Producer<u64>, from: u64, mut seeded: Seeded) -> Vec<u64> {
    let mut accepted = Vec::new();
    for n in from..from + ITEMS {
        let put = match seeded.below(4) {
            0 => tx.try_put(n).is_ok(),
            1 => tx.put(n).await.is_ok(),
            2 => tx.put_timeout(n, Duration::from_micros(seeded.below(300))).await.is_ok(),
            _ => tokio::select! {
                biased;
                put = tx.put(n) => put.is_ok(),
                () = tokio::task::yield_now() => false,
            },
        };
        if put {
            accepted.push(n);
        }
    }
    accepted
}

fn blocking_put_all(tx: &Producer<u64>, from: u64, mut seeded: Seeded) -> Vec<u64> {
    let accepts = |n: &u64| match seeded.below(3) {
        0 => tx.try_put(*n).is_ok(),
        1 => tx.blocking_put(*n).is_ok(),
        _ => tx.blocking_put_timeout(*n, Duration::from_micros(seeded.below(300))).is_ok(),
    };
    (from..from + ITEMS).filter(accepts).collect()
}

/// Gets in every way there is, until the end.
async fn get_all(rx: Consumer<u64>, mut seeded: Seeded) -> Vec<u64> {
    let mut got = Vec::new();
    loop {
        let item = match seeded.below(5) {
            0 => rx.try_get(),
            1 => rx.get().await.ok_or(GetError::Closed),
            2 => rx.get_timeout(Duration::from_micros(seeded.below(300))).await,
            3 => {
                let batch = rx.get_many(3).await;
                let last = batch.last().copied().ok_or(GetError::Closed);
                got.extend(batch.split_last().map_or(&[][..], |(_, others)| others));
                last
            }
            _ => tokio::select! {
                biased;
                item = rx.get() => item.ok_or(GetError::Closed),
                () = tokio::task::yield_now() => Err(GetError::Empty),
            },
        };
        match item {
            Ok(item) => got.push(item),
            Err(GetError::Closed) => return got,
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

fn blocking_get_all(rx: &Consumer<u64>, mut seeded: Seeded) -> Vec<u64> {
    let mut got = Vec::new();
    loop {
        let item = match seeded.below(2) {
            0 => rx.blocking_get().ok_or(GetError::Closed),
            _ => rx.blocking_get_timeout(Duration::from_micros(seeded.below(300))),
        };
        match item {
            Ok(item) => got.push(item),
            Err(GetError::Closed) => return got,
            Err(_) => {}
        }
    }
}

const ITEMS: u64 = 400;

async fn mixed(seed: u64, (tx, rx): (Producer<u64>, Consumer<u64>)) {
    let own = |place: u64| Seeded(seed.wrapping_mul(1_000).wrapping_add(place));
    let tasks: Vec<_> = (0..3).map(|id| tokio::spawn(put_all(tx.clone(), id * ITEMS, own(id)))).collect();
    let threads: Vec<_> = (3..6)
        .map(|id| {
            let tx = tx.clone();
            let seeded = own(id);
            tokio::task::spawn_blocking(move || blocking_put_all(&tx, id * ITEMS, seeded))
        })
        .collect();
    let getters: Vec<_> = (6..8).map(|id| tokio::spawn(get_all(rx.clone(), own(id)))).collect();
    let blocking_getters: Vec<_> = (8..10)
        .map(|id| {
            let rx = rx.clone();
            let seeded = own(id);
            tokio::task::spawn_blocking(move || blocking_get_all(&rx, seeded))
        })
        .collect();
    let closes_early = seed.is_multiple_of(3);
    if closes_early {
        for _ in 0..own(10).below(2_000) {
            tokio::task::yield_now().await;
        }
        rx.close();
    }
    drop(tx);
    let mut accepted = Vec::new();
    for putter in tasks.into_iter().chain(threads) {
        accepted.extend(soon(putter).await.unwrap());
    }
    let mut got = Vec::new();
    for getter in getters.into_iter().chain(blocking_getters) {
        got.extend(soon(getter).await.unwrap());
    }
    assert!(rx.is_empty());
    accepted.sort_unstable();
    got.sort_unstable();
    assert!(closes_early || accepted.len() as u64 >= ITEMS, "seed {seed}: hardly anything was accepted");
    assert_eq!(accepted, got, "seed {seed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_is_what_came_out_once_each() {
    for seed in 0..12 {
        let capacity = 1 + usize::try_from(seed % 3).unwrap();
        mixed(seed, queue::bounded(capacity)).await;
        mixed(seed, queue::lifo(capacity)).await;
        let (tx, rx) = queue::priority(capacity);
        let at_one_level = tx.at(queue::Priority::LOW);
        drop(tx);
        mixed(seed, (at_one_level, rx)).await;
    }
}
