//! Who is called for futures that are ready, how many a driver takes, and what the guard does, step by step.

use workyard_core::{DriverCall, Drivers, Hand, Look};

const GOES_ON: Look = Look { are_stuck: false, goes_on: true };
const ENDS: Look = Look { are_stuck: false, goes_on: false };
/// And goes on for what is in a hand.
const STUCK: Look = Look { are_stuck: true, goes_on: true };

/// Drivers that were called for so many futures.
fn drivers(ready: usize) -> Drivers {
    let mut drivers = Drivers::default();
    for _ in 0..ready {
        drivers.push();
    }
    drivers
}

#[test]
fn who_takes_leaves_half_to_the_others_that_are_awake() {
    let mut alone = drivers(5);
    assert_eq!(alone.take(&mut Hand::default(), 9), 5);
    let mut of_two = drivers(5);
    assert_eq!(of_two.help(), Some(DriverCall::New));
    assert_eq!([(); 4].map(|()| of_two.take(&mut Hand::default(), 9)), [3, 1, 1, 0]);
    let mut bounded = drivers(5);
    assert_eq!(bounded.take(&mut Hand::default(), 2), 2);
}

#[test]
fn help_comes_only_if_there_are_more_and_from_one_that_sleeps_if_there_is() {
    let mut drivers = drivers(3);
    drivers.take(&mut Hand::default(), 1);
    assert_eq!((drivers.help(), drivers.awake()), (Some(DriverCall::New), 2));
    drivers.rest(true);
    assert_eq!((drivers.help(), drivers.awake()), (Some(DriverCall::Sleeping), 2));
    while drivers.take(&mut Hand::default(), 9) > 0 {}
    assert_eq!((drivers.help(), drivers.awake()), (None, 2), "nothing is ready");
}

#[test]
fn the_last_that_is_lost_leaves_what_is_ready_and_no_other_does() {
    let mut drivers = drivers(2);
    drivers.help();
    assert!(!drivers.lost(false) && drivers.has_ready(), "another is awake");
    drivers.help();
    drivers.rest(true);
    assert!(!drivers.lost(true) && drivers.awake() == 1, "one that slept");
    assert_eq!(drivers.wake_all(), 0, "it sleeps no more");
    assert!(drivers.lost(false), "the last");
    assert!(!drivers.has_ready() && drivers.awake() == 0, "what it left goes another way");
    drivers.push();
    drivers.take(&mut Hand::default(), 1);
    assert!(!drivers.lost(false), "nothing is left behind");
}

#[test]
fn the_guard_goes_on_while_something_moves_or_is_in_a_hand() {
    let mut drivers = drivers(2);
    let mut seen = drivers.taken();
    let mut hand = Hand::default();
    drivers.take(&mut hand, 1);
    assert_eq!(drivers.look(&mut seen, false), GOES_ON, "one was taken since");
    assert_eq!(drivers.look(&mut seen, true), STUCK, "one is ready, and nobody took it");
    assert!(!drivers.has_ready());
    assert_eq!(drivers.push(), None, "for what is in a hand it goes on");
    drivers.take(&mut hand, 1);
    assert_eq!(drivers.look(&mut seen, true), GOES_ON);
    assert_eq!(drivers.look(&mut seen, true), GOES_ON, "for what is in a hand");
    assert_eq!(drivers.look(&mut seen, false), ENDS);
    assert_eq!(drivers.push(), Some(DriverCall::Guard));
}

#[test]
fn a_hand_is_emptied_when_it_is_seen_twice_with_something_to_spare() {
    let mut drivers = drivers(9);
    let mut hand = Hand::default();
    drivers.take(&mut hand, 1);
    assert!(!hand.has_spare(), "the one that is polled is not to spare");
    assert_eq!([hand.look(), hand.look(), hand.look()], [false; 3]);
    drivers.take(&mut hand, 2);
    assert!(hand.has_spare());
    assert_eq!([hand.look(), hand.look(), hand.look()], [false, true, false]);
    assert!(!hand.has_spare(), "it was emptied");
    drivers.take(&mut hand, 2);
    assert!(!hand.look(), "another hand");
    drivers.take(&mut hand, 2);
    assert!(!hand.look(), "and another");
}

#[test]
fn what_is_put_back_or_given_back_is_looked_after() {
    let (mut drivers, mut hand) = (drivers(1), Hand::default());
    assert_eq!((drivers.take(&mut hand, 8), drivers.put_back(0)), (1, None));
    assert_eq!((drivers.put_back(1), drivers.take(&mut hand, 8)), (Some(DriverCall::Guard), 0), "not in this shift");
    assert_eq!((drivers.begin_shift(), drivers.begin_shift()), (1, 0));
    assert_eq!((drivers.take(&mut hand, 8), drivers.put_back(1)), (1, None), "there is a guard");
    let mut seen = drivers.taken();
    assert_eq!(drivers.look(&mut seen, false), Look { are_stuck: true, goes_on: false });
    assert_eq!((drivers.has_ready(), drivers.begin_shift()), (false, 0));
    for _ in 0..3 {
        drivers.push();
    }
    assert_eq!((drivers.take(&mut hand, 8), hand.has_spare()), (3, true));
    assert_eq!((drivers.give_back(&mut hand, 2), hand.has_spare()), (None, false));
    assert_eq!(drivers.take(&mut hand, 8), 2);
}
