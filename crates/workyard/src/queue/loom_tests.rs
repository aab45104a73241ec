//! Models of the waiting protocol: loom runs each in every order of steps that three preemptions can make. A wake-up that is
//! missing in any of them is a deadlock, which loom reports, as it does a waker that is never dropped.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::thread::spawn;

use super::{Consumer, Producer, bounded};
use crate::primitives::model;

/// Polls once, and drops. What it was promised meanwhile must go to another.
fn glance<F: Future + Unpin>(mut future: F) -> Poll<F::Output> {
    Pin::new(&mut future).poll(&mut Context::from_waker(Waker::noop()))
}

fn get(rx: &Consumer<u32>) -> Option<u32> {
    block_on(rx.get())
}

fn put(tx: &Producer<u32>, item: u32) {
    assert!(block_on(tx.put(item)).is_ok(), "closed");
}

#[test]
fn puts_and_gets_wake_one_another() {
    model(|| {
        let (tx, rx) = bounded(1);
        let putter = spawn(move || (0..3).for_each(|item| put(&tx, item)));
        assert_eq!([get(&rx), get(&rx), get(&rx), get(&rx)], [Some(0), Some(1), Some(2), None]);
        putter.join().unwrap();
    });
}

#[test]
fn two_putters_share_the_room_that_a_getter_makes() {
    model(|| {
        let (tx, rx) = bounded(1);
        let putters = [1, 2].map(|item| {
            let tx = tx.clone();
            spawn(move || put(&tx, item))
        });
        assert_eq!(get(&rx).unwrap() + get(&rx).unwrap(), 3);
        for putter in putters {
            putter.join().unwrap();
        }
    });
}

#[test]
fn two_getters_share_what_a_putter_puts() {
    model(|| {
        let (tx, rx) = bounded(1);
        let getters = [(); 2].map(|()| {
            let rx = rx.clone();
            spawn(move || get(&rx))
        });
        put(&tx, 1);
        put(&tx, 2);
        assert_eq!(getters.into_iter().map(|getter| getter.join().unwrap().unwrap()).sum::<u32>(), 3);
    });
}

#[test]
fn a_get_that_is_dropped_passes_its_claim_on() {
    model(|| {
        let (tx, rx) = bounded(1);
        let glancing = spawn({
            let rx = rx.clone();
            move || glance(rx.get())
        });
        let waiting = spawn(move || get(&rx));
        put(&tx, 7);
        let glanced = glancing.join().unwrap();
        if glanced.is_ready() {
            put(&tx, 7);
        }
        assert_eq!(waiting.join().unwrap(), Some(7));
    });
}

#[test]
fn a_put_that_is_dropped_passes_its_room_on() {
    model(|| {
        let (tx, rx) = bounded(1);
        put(&tx, 0);
        let glancing = spawn({
            let tx = tx.clone();
            move || glance(tx.put(1)).is_ready()
        });
        let waiting = spawn(move || put(&tx, 2));
        assert_eq!(get(&rx), Some(0));
        let mut left = u32::from(glancing.join().unwrap()) + 2;
        while left > 0 {
            left -= get(&rx).unwrap();
        }
        waiting.join().unwrap();
    });
}

#[test]
fn the_end_reaches_every_get_that_waits() {
    model(|| {
        let (tx, rx) = bounded(1);
        let getters = [(); 2].map(|()| {
            let rx = rx.clone();
            spawn(move || get(&rx))
        });
        put(&tx, 7);
        drop(tx);
        let got = getters.map(|getter| getter.join().unwrap());
        assert!(got == [Some(7), None] || got == [None, Some(7)], "{got:?}");
        assert_eq!(get(&rx), None);
    });
}

#[test]
fn the_last_item_reaches_who_stays_when_its_claim_is_given_back() {
    model(|| {
        let (tx, rx) = bounded(1);
        let glancing = spawn({
            let rx = rx.clone();
            move || glance(rx.get())
        });
        let waiting = spawn(move || get(&rx));
        put(&tx, 7);
        drop(tx);
        let taken = matches!(glancing.join().unwrap(), Poll::Ready(Some(7)));
        assert_eq!(waiting.join().unwrap(), (!taken).then_some(7));
    });
}

#[test]
fn a_close_gives_every_put_that_waits_its_item_back() {
    model(|| {
        let (tx, rx) = bounded(1);
        put(&tx, 0);
        let putters = [1, 2].map(|item| {
            let tx = tx.clone();
            spawn(move || block_on(tx.put(item)).map_err(super::PutError::into_inner) == Err(item))
        });
        rx.close();
        assert!(putters.into_iter().all(|putter| putter.join().unwrap()));
        assert_eq!(rx.drain(), [0]);
    });
}

#[test]
fn a_batch_wakes_as_many_puts_as_it_makes_room_for() {
    model(|| {
        let (tx, rx) = bounded(2);
        put(&tx, 0);
        put(&tx, 0);
        let putters = [1, 2].map(|item| {
            let tx = tx.clone();
            spawn(move || put(&tx, item))
        });
        let mut got = block_on(rx.get_many(2)).len();
        for putter in putters {
            putter.join().unwrap();
        }
        got += rx.drain().len();
        assert_eq!(got, 4);
    });
}

#[test]
fn a_get_polled_by_another_task_wakes_that() {
    model(|| {
        let (tx, rx) = bounded(1);
        let putter = spawn(move || put(&tx, 7));
        let mut get = rx.get();
        let got = match Pin::new(&mut get).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(got) => got,
            Poll::Pending => block_on(get),
        };
        assert_eq!(got, Some(7));
        putter.join().unwrap();
    });
}

#[test]
fn a_join_waits_for_the_last_item_to_be_done() {
    model(|| {
        let (tx, rx) = bounded(1);
        put(&tx, 7);
        let worker = spawn(move || {
            while get(&rx).is_some() {
                rx.task_done().unwrap();
            }
        });
        block_on(tx.join());
        assert!(tx.is_empty());
        drop(tx);
        worker.join().unwrap();
    });
}
