//! Models of wakes that are held back: whatever the workers do next, who waits is woken.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use loom::future::block_on;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread::spawn;
use workyard_core::Moment;

use super::Wakes;
use crate::primitives::{AtomicWaker, model};

/// A result, and who waits for it.
#[derive(Default)]
struct Result {
    is_there: AtomicBool,
    waiter: AtomicWaker,
}

/// No clock goes in a model.
fn now() -> Moment {
    Moment::default()
}

impl Result {
    fn wait(&self) {
        block_on(poll_fn(|cx| {
            self.waiter.register(cx.waker());
            if self.is_there.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
        }));
    }

    /// Gives the result, and holds the wake back. Whoever is to become the guard looks until there is nothing.
    fn give(&self, wakes: &Wakes) {
        self.is_there.store(true, Ordering::Release);
        let (due, is_guard) = wakes.hold(self.waiter.take(), now().later(Duration::from_secs(1)), now());
        due.wake();
        if is_guard {
            while wakes.guard_looks() {}
        }
    }
}

#[test]
fn a_wake_that_is_held_back_comes_though_the_next_body_never_ends() {
    model(|| {
        let (wakes, result) = (Arc::new(Wakes::default()), Arc::new(Result::default()));
        let worker = spawn({
            let (wakes, result) = (Arc::clone(&wakes), Arc::clone(&result));
            move || result.give(&wakes)
        });
        result.wait();
        worker.join().unwrap();
    });
}

#[test]
fn of_two_workers_that_hold_back_one_lets_go() {
    model(|| {
        let wakes = Arc::new(Wakes::default());
        let results = [Arc::new(Result::default()), Arc::new(Result::default())];
        let mut lets_go = false;
        let workers = results.each_ref().map(|result| {
            let (wakes, result) = (Arc::clone(&wakes), Arc::clone(result));
            lets_go = !lets_go;
            spawn(move || {
                result.give(&wakes);
                if lets_go {
                    wakes.let_go();
                }
            })
        });
        for result in &results {
            result.wait();
        }
        for worker in workers {
            worker.join().unwrap();
        }
    });
}
