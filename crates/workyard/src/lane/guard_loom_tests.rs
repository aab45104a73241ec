//! Models of the thread that guards wakes: whoever has theirs guarded, and whenever the yard goes, they are let go of.

use loom::sync::Arc as Shared;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread::spawn;
use std::sync::Arc;
use std::task::{Wake, Waker};

use super::{Added, List};
use crate::lane::wakes::Wakes;
use crate::primitives::model;

/// Counts how often it was woken.
#[derive(Default)]
struct Counting(Shared<AtomicUsize>);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A lane that holds back one wake.
fn holds_one(woken: &Shared<AtomicUsize>) -> Arc<Wakes> {
    let wakes = Arc::new(Wakes::default());
    assert!(wakes.hold_for_ever(Waker::from(Arc::new(Counting(Shared::clone(woken))))), "it wants to be guarded");
    wakes
}

/// Has it guarded, and is the thread if there is none.
fn guard(list: &List, woken: &Shared<AtomicUsize>) {
    let wakes = holds_one(woken);
    match list.add(&wakes) {
        Added::ToThread => {}
        Added::StartsThread => list.run(|| ()),
        Added::TooLate => wakes.let_go_unguarded(),
    }
}

#[test]
fn all_that_is_guarded_is_let_go_of_though_the_yard_goes() {
    model(|| {
        let (list, woken) = (Arc::new(List::default()), Shared::new(AtomicUsize::new(0)));
        let lanes = [(); 2].map(|()| {
            let (list, woken) = (Arc::clone(&list), Shared::clone(&woken));
            spawn(move || guard(&list, &woken))
        });
        list.end();
        for lane in lanes {
            lane.join().unwrap();
        }
        assert_eq!(woken.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn what_comes_while_the_thread_sleeps_or_lets_go_of_others_is_let_go_of() {
    model(|| {
        let (list, woken) = (Arc::new(List::default()), Shared::new(AtomicUsize::new(0)));
        let first = holds_one(&woken);
        assert_eq!(list.add(&first), Added::StartsThread);
        let thread = spawn({
            let list = Arc::clone(&list);
            move || list.run(|| ())
        });
        let second = holds_one(&woken);
        assert_eq!(list.add(&second), Added::ToThread);
        list.end();
        thread.join().unwrap();
        assert_eq!(woken.load(Ordering::Relaxed), 2);
    });
}
