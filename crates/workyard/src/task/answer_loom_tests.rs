//! Models of the result of a task: who gives it, who waits for it, and who no longer does.

use std::future::poll_fn;
use std::sync::Arc;

use loom::future::block_on;
use loom::thread::spawn;

use super::*;
use crate::primitives::model;

/// As the end of a task does: gives the result, and then wakes.
fn give(answer: &Answer<u32>, result: u32) -> Option<u32> {
    match answer.give(result) {
        Given::Kept(waker) => {
            if let Some(waker) = waker {
                waker.wake();
            }
            None
        }
        Given::Unwanted(back) | Given::Second(back) => Some(back),
    }
}

fn wait(answer: &Answer<u32>) -> u32 {
    block_on(poll_fn(|cx| answer.poll(cx)))
}

#[test]
fn who_waits_gets_the_result() {
    model(|| {
        let answer = Arc::new(Answer::new());
        let ends = spawn({
            let answer = Arc::clone(&answer);
            move || give(&answer, 7)
        });
        assert_eq!(wait(&answer), 7);
        assert_eq!(ends.join().unwrap(), None);
    });
}

#[test]
fn who_is_polled_by_another_task_gets_it_there() {
    model(|| {
        let answer = Arc::new(Answer::new());
        let ends = spawn({
            let answer = Arc::clone(&answer);
            move || give(&answer, 7)
        });
        let early = answer.poll(&Context::from_waker(Waker::noop()));
        let result = if let Poll::Ready(result) = early { result } else { wait(&answer) };
        assert_eq!(result, 7);
        ends.join().unwrap();
    });
}

#[test]
fn of_a_handle_that_goes_and_an_end_that_comes_one_has_the_result() {
    model(|| {
        let answer = Arc::new(Answer::new());
        let ends = spawn({
            let answer = Arc::clone(&answer);
            move || give(&answer, 7)
        });
        let glanced = answer.poll(&Context::from_waker(Waker::noop()));
        let left = if glanced.is_ready() { Some(7) } else { answer.detach() };
        let unwanted = ends.join().unwrap();
        assert_eq!(left.or(unwanted), Some(7));
        assert!(left.is_none() || unwanted.is_none(), "it is there once");
    });
}

#[test]
fn of_two_ends_the_first_is_the_result() {
    model(|| {
        let answer = Arc::new(Answer::new());
        let ends = [1, 2].map(|result| {
            let answer = Arc::clone(&answer);
            spawn(move || give(&answer, result))
        });
        let result = wait(&answer);
        let back: Vec<_> = ends.into_iter().filter_map(|end| end.join().unwrap()).collect();
        assert_eq!(back, [3 - result], "the other comes back");
    });
}
