//! Models of who asks a body to stop and the poll of that body.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use loom::future::block_on;
use loom::thread::spawn;
use workyard_core::Reason;

use super::Signal;
use crate::primitives::model;

/// As the lane's wrapper around a body: registers first, and looks second.
fn polled_until_stopped(signal: &Signal) -> Reason {
    block_on(poll_fn(|cx| {
        signal.body.register(cx.waker());
        signal.stopped().map_or(Poll::Pending, Poll::Ready)
    }))
}

#[test]
fn a_body_that_waits_hears_that_it_is_to_stop() {
    model(|| {
        let signal = Arc::new(Signal::default());
        let stops = spawn({
            let signal = Arc::clone(&signal);
            move || {
                signal.stop(Reason::User);
                signal.body.wake();
            }
        });
        assert_eq!(polled_until_stopped(&signal), Reason::User);
        assert!(signal.is_asked(), "who is to stop was asked");
        stops.join().unwrap();
    });
}

#[test]
fn of_two_reasons_the_first_stays() {
    model(|| {
        let signal = Arc::new(Signal::default());
        let stops = [Reason::Timeout, Reason::Shutdown].map(|reason| {
            let signal = Arc::clone(&signal);
            spawn(move || {
                signal.stop(reason);
                signal.body.wake();
                signal.stopped()
            })
        });
        let seen = polled_until_stopped(&signal);
        for stop in stops {
            assert_eq!(stop.join().unwrap(), Some(seen));
        }
    });
}
