//! Models of what the futures of a runner, the runner, and whoever answers for it do to one another.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use loom::future::block_on;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread::spawn;

use super::driven::Driven;
use super::inbox::{Held, Inbox};
use super::rounds::Rounds;
use crate::primitives::{AtomicWaker, model};

/// Polls like a runner until `enough` places were woken, each with what its future's waker did before seen.
fn run(inbox: &Inbox, enough: usize, did: &[AtomicUsize]) {
    let mut seen = Vec::new();
    block_on(poll_fn(|cx| {
        inbox.begin_poll(cx.waker());
        let before = seen.len();
        inbox.take_woken(|place| seen.push(place));
        for &place in &seen[before..] {
            assert_eq!(did[place as usize].load(Ordering::Relaxed), 1, "what was done before the wake-up is seen");
        }
        if seen.len() >= enough { Poll::Ready(()) } else { Poll::Pending }
    }));
}

#[test]
fn places_of_one_word_that_are_woken_at_once_are_both_polled() {
    model(|| {
        let inbox = Inbox::new(2);
        let did = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let wakers = [0, 1].map(|place: u32| {
            let (waker, did) = (inbox.waker(place), Arc::clone(&did));
            spawn(move || {
                did[place as usize].store(1, Ordering::Relaxed);
                waker.wake();
            })
        });
        run(&inbox, 2, &did[..]);
        for waker in wakers {
            waker.join().unwrap();
        }
    });
}

#[test]
fn places_of_two_words_that_are_woken_at_once_are_both_polled() {
    model(|| {
        let inbox = Inbox::new(65);
        let did: Arc<Vec<_>> = Arc::new((0..65).map(|_| AtomicUsize::new(0)).collect());
        let wakers = [0, 64].map(|place: u32| {
            let (waker, did) = (inbox.waker(place), Arc::clone(&did));
            spawn(move || {
                did[place as usize].store(1, Ordering::Relaxed);
                waker.wake_by_ref();
            })
        });
        run(&inbox, 2, &did);
        for waker in wakers {
            waker.join().unwrap();
        }
    });
}

#[test]
fn of_a_runner_that_ends_an_item_and_a_shutdown_one_answers() {
    model(|| {
        let inbox = Inbox::new(1);
        inbox.hold(0, Held { index: 7, began: false });
        let shutdown = spawn({
            let inbox = Arc::clone(&inbox);
            move || inbox.take_all().len()
        });
        let began = inbox.begin(0, 7).is_some();
        let by_runner = usize::from(inbox.answers().take(0).is_some());
        assert!(began || by_runner == 0, "what was answered does not begin, and is not answered again");
        assert_eq!(by_runner + shutdown.join().unwrap(), 1);
    });
}

#[test]
fn of_a_driver_that_goes_and_a_slot_that_comes_one_sees_to_the_runner() {
    model(|| {
        let driven = Arc::new(Driven::default());
        assert!(!driven.begins(), "the first slot needs a driver");
        driven.rests();
        // A slot is given while the driver that rests is dropped.
        let gives = spawn({
            let driven = Arc::clone(&driven);
            move || usize::from(!driven.begins())
        });
        let by_driver = usize::from(driven.is_dropped());
        assert_eq!(by_driver + gives.join().unwrap(), 1);
    });
}

#[test]
fn members_of_a_round_that_are_woken_one_by_one_are_both_seen() {
    model(|| {
        let inbox = Inbox::new(2);
        let mut rounds = Rounds::new(&inbox);
        let round = rounds.open(64, |number| inbox.waker(number)).expect("the first pays");
        let own = [inbox.waker(0), inbox.waker(1)];
        // What a future waits for: it says whom to wake, and looks.
        let events = Arc::new([0, 1].map(|_| (AtomicWaker::new(), AtomicUsize::new(0))));
        let events_of = [0, 1].map(|place: usize| {
            let events = Arc::clone(&events);
            spawn(move || {
                let (waker, event) = &events[place];
                event.store(1, Ordering::Release);
                waker.wake();
            })
        });
        let poll = |place: usize, waker: &Waker| {
            events[place].0.register(waker);
            events[place].1.load(Ordering::Acquire) == 1
        };
        let mut ended = [false, false];
        let mut waits = [false, false];
        let mut first = true;
        block_on(poll_fn(|cx| {
            inbox.begin_poll(cx.waker());
            let mut woken = Vec::new();
            inbox.take_woken(|number| rounds.expand(number, &mut woken));
            for place in woken.into_iter().map(|place| place as usize) {
                let had_ended = ended[place];
                ended[place] |= poll(place, &own[place]);
                if !had_ended && std::mem::take(&mut waits[place]) {
                    rounds.leave(round);
                }
            }
            if std::mem::take(&mut first) {
                for place in 0..2 {
                    let waker = rounds.waker(round).expect("it is open").clone();
                    ended[place] = poll(place, &waker);
                    if !ended[place] {
                        waits[place] = true;
                        rounds.join(round, place as u32);
                    }
                }
                rounds.close(round);
            }
            if ended == [true, true] { Poll::Ready(()) } else { Poll::Pending }
        }));
        for event in events_of {
            event.join().unwrap();
        }
    });
}
