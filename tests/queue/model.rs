//! The queue against a plain model: random puts, gets, polls, drops and closes, in the order in which proptest gives them. What fails is
//! made short, and kept in a file beside this one, to be tried first from then on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Poll;

use proptest::collection::vec;
use proptest::prelude::*;
use workyard::queue::{self, Consumer, Get, Producer, Put};

use crate::common::Task;

/// One thing that a user of a queue does.
#[derive(Clone, Copy, Debug)]
enum Step {
    TryPut,
    TryGet,
    /// Begins to put, and polls once.
    Put,
    Get,
    /// Polls one of those that wait, by its number among them.
    PollPut(usize),
    PollGet(usize),
    DropPut(usize),
    DropGet(usize),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    let which = || 0..6_usize;
    prop_oneof![
        3 => Just(Step::TryPut),
        3 => Just(Step::TryGet),
        4 => Just(Step::Put),
        4 => Just(Step::Get),
        4 => which().prop_map(Step::PollPut),
        4 => which().prop_map(Step::PollGet),
        2 => which().prop_map(Step::DropPut),
        2 => which().prop_map(Step::DropGet),
        1 => Just(Step::Close),
    ]
}

/// A future that was polled and waits.
struct Wait<F> {
    future: F,
    task: Arc<Task>,
    seen: usize,
    /// Of a put.
    item: u32,
}

impl<F: Future + Unpin> Wait<F> {
    fn poll(&mut self) -> Poll<F::Output> {
        self.seen = self.task.wakes();
        self.task.poll(&mut self.future)
    }

    fn is_woken(&self) -> bool {
        self.task.wakes() > self.seen
    }
}

/// The queue, who waits for it, and what should be in it.
struct Both<'a> {
    tx: &'a Producer<u32>,
    rx: &'a Consumer<u32>,
    puts: Vec<Wait<Put<'a, u32>>>,
    gets: Vec<Wait<Get<'a, u32>>>,
    items: VecDeque<u32>,
    capacity: usize,
    closed: bool,
    next: u32,
}

impl Both<'_> {
    fn take(&mut self, step: Step) {
        match step {
            Step::TryPut => {
                let item = self.new_item();
                match self.tx.try_put(item) {
                    Ok(()) => self.was_put(item),
                    Err(error) => {
                        let promised = self.puts.iter().filter(|wait| wait.is_woken()).count();
                        assert!(self.closed || self.items.len() + promised >= self.capacity, "there is room");
                        assert_eq!(error.into_inner(), item);
                    }
                }
            }
            Step::TryGet => {
                if let Ok(item) = self.rx.try_get() {
                    self.was_got(item);
                } else {
                    let claimed = self.gets.iter().filter(|wait| wait.is_woken()).count();
                    assert!(self.items.len() <= claimed, "there are items that nobody was promised");
                }
            }
            Step::Put => {
                let item = self.new_item();
                let wait = Wait { future: self.tx.put(item), task: Task::new(), seen: 0, item };
                self.puts.push(wait);
                self.poll_put(self.puts.len() - 1);
            }
            Step::Get => {
                let wait = Wait { future: self.rx.get(), task: Task::new(), seen: 0, item: 0 };
                self.gets.push(wait);
                self.poll_get(self.gets.len() - 1);
            }
            Step::PollPut(which) if which < self.puts.len() => self.poll_put(which),
            Step::PollGet(which) if which < self.gets.len() => self.poll_get(which),
            Step::DropPut(which) if which < self.puts.len() => drop(self.puts.remove(which)),
            Step::DropGet(which) if which < self.gets.len() => drop(self.gets.remove(which)),
            Step::PollPut(_) | Step::PollGet(_) | Step::DropPut(_) | Step::DropGet(_) => {}
            Step::Close => {
                self.tx.close();
                self.closed = true;
            }
        }
    }

    fn new_item(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn was_put(&mut self, item: u32) {
        assert!(!self.closed, "nothing is put into a closed queue");
        self.items.push_back(item);
    }

    fn was_got(&mut self, item: u32) {
        assert_eq!(Some(item), self.items.pop_front(), "first in, first out");
    }

    fn poll_put(&mut self, which: usize) {
        let Poll::Ready(put) = self.puts[which].poll() else { return };
        let item = self.puts.remove(which).item;
        match put {
            Ok(()) => self.was_put(item),
            Err(error) => {
                assert!(self.closed, "a put waits for room, or is refused by a closed queue");
                assert_eq!(error.into_inner(), item);
            }
        }
    }

    fn poll_get(&mut self, which: usize) {
        let Poll::Ready(got) = self.gets[which].poll() else { return };
        drop(self.gets.remove(which));
        match got {
            Some(item) => self.was_got(item),
            None => assert!(self.closed && self.items.is_empty(), "only the end is nothing"),
        }
    }

    /// Whoever was not woken has nothing to come for, and nobody waits for what is there.
    fn check(&mut self) {
        assert_eq!((self.tx.len(), self.tx.is_closed()), (self.items.len(), self.closed));
        assert!(self.items.len() <= self.capacity);
        let woken = |woken: usize, waiting: usize, there: usize| woken == waiting || woken >= there;
        let room = if self.closed { usize::MAX } else { self.capacity - self.items.len() };
        let puts = self.puts.iter().filter(|wait| wait.is_woken()).count();
        assert!(woken(puts, self.puts.len(), room), "{puts} of {} woken for {room} places", self.puts.len());
        let there = if self.closed && self.items.is_empty() { usize::MAX } else { self.items.len() };
        let gets = self.gets.iter().filter(|wait| wait.is_woken()).count();
        assert!(woken(gets, self.gets.len(), there), "{gets} of {} woken for {there} items", self.gets.len());
        for wait in self.puts.iter_mut().filter(|wait| !wait.is_woken()) {
            assert!(wait.poll().is_pending(), "a put that nobody woke could go on");
        }
        for wait in self.gets.iter_mut().filter(|wait| !wait.is_woken()) {
            assert!(wait.poll().is_pending(), "a get that nobody woke could go on");
        }
    }

    /// Everybody goes on until nobody can.
    fn rest(&mut self) {
        self.tx.close();
        self.closed = true;
        self.check();
        while !self.puts.is_empty() {
            self.poll_put(0);
        }
        while let Ok(item) = self.rx.try_get() {
            self.was_got(item);
        }
        while !self.gets.is_empty() {
            let before = self.gets.len();
            self.poll_get(0);
            assert!(self.gets.len() < before, "a get waits at a closed queue");
        }
        assert!(self.items.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_queue_does_what_its_model_does(capacity in 1..4_usize, steps in vec(step(), 1..80)) {
        let (tx, rx) = queue::bounded(capacity);
        let (items, puts, gets) = (VecDeque::new(), Vec::new(), Vec::new());
        let mut both = Both { tx: &tx, rx: &rx, puts, gets, items, capacity, closed: false, next: 0 };
        for step in steps {
            both.take(step);
            both.check();
        }
        both.rest();
    }
}
