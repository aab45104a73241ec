//! Models of a thread that waits for a future, and of others that wake it.

use std::future::poll_fn;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread::spawn;

use super::*;
use crate::primitives::{AtomicWaker, model};

/// Comes to two in two steps, of as many threads.
#[derive(Default)]
struct Steps {
    done: AtomicUsize,
    waiter: AtomicWaker,
}

#[test]
fn a_thread_that_waits_is_woken_by_the_last_of_two() {
    model(|| {
        let steps = Arc::new(Steps::default());
        let threads = [(); 2].map(|()| {
            let steps = Arc::clone(&steps);
            spawn(move || {
                steps.done.fetch_add(1, Ordering::AcqRel);
                steps.waiter.wake();
            })
        });
        block_on(poll_fn(|cx| {
            steps.waiter.register(cx.waker());
            if steps.done.load(Ordering::Acquire) == 2 { Poll::Ready(()) } else { Poll::Pending }
        }));
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_wait_within_the_poll_of_another_takes_none_of_its_wake_ups() {
    model(|| {
        let [outer, inner] = [(); 2].map(|()| Arc::new(Steps::default()));
        let thread = spawn({
            let (outer, inner) = (Arc::clone(&outer), Arc::clone(&inner));
            move || {
                for steps in [outer, inner] {
                    steps.done.fetch_add(1, Ordering::AcqRel);
                    steps.waiter.wake();
                }
            }
        });
        let wait = |steps: &Arc<Steps>, cx: &Context<'_>| {
            steps.waiter.register(cx.waker());
            steps.done.load(Ordering::Acquire) == 1
        };
        block_on(poll_fn(|cx| {
            if !wait(&outer, cx) {
                return Poll::Pending;
            }
            block_on(poll_fn(|cx| if wait(&inner, cx) { Poll::Ready(()) } else { Poll::Pending }));
            Poll::Ready(())
        }));
        thread.join().unwrap();
    });
}
