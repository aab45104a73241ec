//! Models of who asks a body to stop and the poll of that body.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use loom::future::block_on;
use loom::thread::spawn;
use workyard_core::Reason;

use super::Signal;
use crate::primitives::{AtomicWaker, model};

/// A task, as far as its cancel signal goes.
#[derive(Default)]
struct Task {
    signal: Signal,
    body: AtomicWaker,
}

/// As the lane's wrapper around a body: registers first, and looks second.
fn polled_until_stopped(task: &Task) -> Reason {
    block_on(poll_fn(|cx| {
        task.body.register(cx.waker());
        task.signal.stopped().map_or(Poll::Pending, Poll::Ready)
    }))
}

#[test]
fn a_body_that_waits_hears_that_it_is_to_stop() {
    model(|| {
        let task = Arc::new(Task::default());
        let stops = spawn({
            let task = Arc::clone(&task);
            move || {
                task.signal.stop(Reason::User);
                task.body.wake();
            }
        });
        assert_eq!(polled_until_stopped(&task), Reason::User);
        assert!(task.signal.is_asked(), "who is to stop was asked");
        stops.join().unwrap();
    });
}

#[test]
fn of_two_reasons_the_first_stays() {
    model(|| {
        let task = Arc::new(Task::default());
        let stops = [Reason::Timeout, Reason::Shutdown].map(|reason| {
            let task = Arc::clone(&task);
            spawn(move || {
                task.signal.stop(reason);
                task.body.wake();
                task.signal.stopped()
            })
        });
        let seen = polled_until_stopped(&task);
        for stop in stops {
            assert_eq!(stop.join().unwrap(), Some(seen));
        }
    });
}
