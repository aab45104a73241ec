//! A flag that is set and cleared at once: who looks at it now and then has seen nothing.

use std::sync::atomic::{AtomicBool, Ordering};

use workyard::sync::{Event, Notify};

use crate::by_hand::ByHand;

#[test]
fn a_flag_that_is_looked_at_again_after_the_wake_up_is_too_late() {
    let (flag, changed) = (AtomicBool::new(false), Notify::new());
    let wait = async {
        while !flag.load(Ordering::SeqCst) {
            changed.notified().await;
        }
    };
    let mut waiting = ByHand::new(wait);
    waiting.assert_waits();
    flag.store(true, Ordering::SeqCst);
    changed.notify_waiters();
    flag.store(false, Ordering::SeqCst);
    assert_eq!(waiting.wakes(), 1, "it was woken");
    waiting.assert_waits(); // and looks, and sees nothing
}

#[test]
fn an_event_releases_all_who_waited_before_it_was_set() {
    let event = Event::new();
    let mut waiting = [(); 3].map(|()| ByHand::new(event.wait()));
    waiting.iter_mut().for_each(ByHand::assert_waits);
    event.set();
    event.clear();
    waiting.into_iter().for_each(ByHand::ready);
    // The set is not kept for those who come later.
    ByHand::new(event.wait()).assert_waits();
}
