//! Models of the result of a task: who gives it, who waits for it, and who no longer does.

use std::future::poll_fn;
use std::sync::Arc;

use loom::future::block_on;
use loom::sync::Mutex;
use loom::thread::spawn;

use super::*;
use crate::primitives::model;

/// A task, as far as its result goes.
#[derive(Default)]
struct Ending {
    said: Said,
    awaited_by: crate::primitives::Mutex<Option<Waker>>,
    place: Mutex<Option<u32>>,
    apart: Mutex<Option<u32>>,
}

impl Ending {
    fn answer(&self) -> Answer<'_> {
        Answer { said: &self.said, awaited_by: &self.awaited_by }
    }

    fn at(&self, place: Where) -> &Mutex<Option<u32>> {
        match place {
            Where::Place => &self.place,
            Where::Apart => &self.apart,
        }
    }

    /// Nobody ever waits for another there.
    fn take(&self, place: Where) -> u32 {
        self.at(place).try_lock().expect("nobody else is there").take().expect("a result is where it is said to be")
    }

    /// As the end of a task does: puts the result there, gives it, and then wakes. Gives it back if nobody wants it.
    fn give(&self, place: Where, result: u32) -> Option<u32> {
        *self.at(place).try_lock().expect("nobody else is there") = Some(result);
        match self.answer().give(place) {
            Given::Kept(waker) => {
                if let Some(waker) = waker {
                    waker.wake();
                }
                None
            }
            Given::Unwanted | Given::Second => Some(self.take(place)),
        }
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<u32> {
        self.answer().poll(cx).map(|place| self.take(place))
    }

    fn wait(&self) -> u32 {
        block_on(poll_fn(|cx| self.poll(cx)))
    }
}

fn ends(ending: &Arc<Ending>, place: Where, result: u32) -> loom::thread::JoinHandle<Option<u32>> {
    let ending = Arc::clone(ending);
    spawn(move || ending.give(place, result))
}

#[test]
fn who_waits_gets_the_result() {
    model(|| {
        let ending = Arc::new(Ending::default());
        let ends = ends(&ending, Where::Place, 7);
        assert_eq!(ending.wait(), 7);
        assert_eq!(ends.join().unwrap(), None);
    });
}

#[test]
fn who_is_polled_by_another_task_gets_it_there() {
    model(|| {
        let ending = Arc::new(Ending::default());
        let ends = ends(&ending, Where::Place, 7);
        let early = ending.poll(&Context::from_waker(Waker::noop()));
        let result = if let Poll::Ready(result) = early { result } else { ending.wait() };
        assert_eq!(result, 7);
        ends.join().unwrap();
    });
}

#[test]
fn of_a_handle_that_goes_and_an_end_that_comes_one_has_the_result() {
    model(|| {
        let ending = Arc::new(Ending::default());
        let ends = ends(&ending, Where::Place, 7);
        let glanced = ending.poll(&Context::from_waker(Waker::noop()));
        let left = if glanced.is_ready() { Some(7) } else { ending.answer().detach().map(|place| ending.take(place)) };
        let unwanted = ends.join().unwrap();
        assert_eq!(left.or(unwanted), Some(7));
        assert!(left.is_none() || unwanted.is_none(), "it is there once");
    });
}

#[test]
fn of_two_ends_the_first_is_the_result() {
    model(|| {
        let ending = Arc::new(Ending::default());
        let ends = [(Where::Apart, 1), (Where::Place, 2)].map(|(place, result)| ends(&ending, place, result));
        let result = ending.wait();
        let back: Vec<_> = ends.into_iter().filter_map(|end| end.join().unwrap()).collect();
        assert_eq!(back, [3 - result], "the other comes back");
    });
}
