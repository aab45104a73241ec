//! Tests of the slot that a sink holds.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_sink::Sink;

use super::ProducerSink;
use crate::queue::bounded;

fn ready(sink: &mut ProducerSink<u8>) -> bool {
    matches!(Pin::new(sink).poll_ready(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(())))
}

#[test]
fn a_ready_sink_holds_one_slot_until_it_sends() {
    let (tx, rx) = bounded(1);
    let mut sink = tx.clone().into_sink();
    assert!(ready(&mut sink) && ready(&mut sink));
    assert!(tx.try_put(1).expect_err("refused").is_full(), "held");
    Pin::new(&mut sink).start_send(2).expect("room");
    assert_eq!(rx.drain(), [2]);
    assert!(tx.try_put(3).is_ok(), "used, not held any more");
    assert!(Pin::new(&mut sink).start_send(4).expect_err("refused").is_full(), "not ready, no room");
}

#[test]
fn a_slot_or_place_that_is_not_used_goes_to_the_next() {
    let (tx, rx) = bounded(1);
    let (mut first, mut second, mut third) = (tx.clone().into_sink(), tx.clone().into_sink(), tx.clone().into_sink());
    assert!(ready(&mut first));
    assert!(!ready(&mut second) && !ready(&mut third));
    drop(second);
    drop(first);
    assert!(ready(&mut third));
    Pin::new(&mut third).start_send(1).expect("room");
    assert_eq!(rx.try_get(), Ok(1));
}

#[test]
fn a_closed_queue_gives_the_item_back_and_a_closed_sink_counts_as_gone() {
    let (tx, rx) = bounded(1);
    let mut sink = tx.clone().into_sink();
    assert!(ready(&mut sink));
    rx.close();
    assert_eq!(Pin::new(&mut sink).start_send(7).expect_err("refused").into_inner(), 7);
    assert!(ready(&mut sink), "so that the next item comes back, too");

    let (tx, rx) = bounded(1);
    let mut sink = tx.into_sink();
    assert!(ready(&mut sink));
    assert!(Pin::new(&mut sink).poll_close(&mut Context::from_waker(Waker::noop())).is_ready());
    assert!(rx.is_closed());
    assert!(Pin::new(&mut sink).start_send(8).expect_err("refused").is_closed());
}
