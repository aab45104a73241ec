//! Models of the mark of a place: loom knows which accesses of a cell are ordered, and ends with the first that are not.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread::{spawn, yield_now};

use super::Mark;
use crate::primitives::model;

struct Marked {
    mark: Mark,
    body: UnsafeCell<u32>,
    /// Says nothing of what was done before it was set.
    handed_on: AtomicBool,
}

// SAFETY: loom looks after the cell, which is what these models are for.
#[expect(unsafe_code, reason = "a cell that two threads of a model come to")]
unsafe impl Sync for Marked {}

impl Marked {
    fn add_one(&self) -> u32 {
        let leaves = self.mark.enter();
        #[expect(unsafe_code, reason = "loom's cells are reached by pointers")]
        // SAFETY: as above.
        let now = self.body.with_mut(|body| unsafe {
            *body += 1;
            *body
        });
        drop(leaves);
        now
    }
}

#[test]
fn who_enters_second_sees_what_the_first_left() {
    model(|| {
        let (mark, body) = (Mark::default(), UnsafeCell::new(0));
        let marked = Arc::new(Marked { mark, body, handed_on: AtomicBool::new(false) });
        let first = spawn({
            let marked = Arc::clone(&marked);
            move || {
                assert_eq!(marked.add_one(), 1);
                marked.handed_on.store(true, Ordering::Relaxed);
            }
        });
        while !marked.handed_on.load(Ordering::Relaxed) {
            yield_now();
        }
        assert_eq!(marked.add_one(), 2);
        first.join().unwrap();
    });
}
