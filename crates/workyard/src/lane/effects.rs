//! Owns what a decision asks for, until the lock is released. Never decides.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use workyard_core::Ticket;

use crate::lane::LaneShared;
use crate::task::cell::Task;
use crate::task::wake_caught;

/// What is to be done once the lane's lock is released.
#[derive(Default)]
pub(super) struct Effects {
    /// Submitters whose turn has come, or who find the lane closed.
    pub(super) wake: Few<Waker>,
    /// Tasks in whose bodies submitters wait that were promised room.
    pub(super) promised: Few<(Arc<dyn Task>, Ticket)>,
    /// To be let go of.
    pub(super) released: Few<Arc<dyn Task>>,
    /// Async bodies that were given a slot.
    pub(super) start: Few<Arc<dyn Task>>,
    /// Futures that lent their slot and have one again.
    pub(super) resume: Few<Arc<dyn Task>>,
    /// How many more workers are to run closures.
    pub(super) hire: usize,
}

thread_local! {
    /// The tasks that an outer [`start_all`] on this thread is about to start.
    static STARTING: RefCell<Option<VecDeque<Arc<dyn Task>>>> = const { RefCell::new(None) };
}

impl Effects {
    /// Does it all.
    pub(super) fn act(self, lane: &Arc<LaneShared>) {
        let mut effects = self;
        // Not by recursion: there may be many in the line who cannot take what they are promised.
        while let Some(next) = effects.act_once(lane) {
            effects = next;
        }
    }

    /// Does what is to be done, and gives what follows from it.
    fn act_once(self, lane: &Arc<LaneShared>) -> Option<Self> {
        let mut follows = None;
        for (task, ticket) in self.promised.first.into_iter().chain(self.promised.rest) {
            if !lane.yard.waits.promised(&*task, lane, ticket) {
                lane.pass_on(ticket, follows.get_or_insert_default());
            }
        }
        for waker in self.wake.first.into_iter().chain(self.wake.rest) {
            wake_caught(&waker);
        }
        for task in self.resume.first.into_iter().chain(self.resume.rest) {
            task.header().signal.body.wake();
        }
        for _ in 0..self.hire {
            lane.hire();
        }
        if let Some(first) = self.start.first {
            start_all(first, self.start.rest);
        }
        follows
    }
}

/// A list of mostly none or one, which then costs no allocation.
pub(super) struct Few<T> {
    first: Option<T>,
    rest: Vec<T>,
}

impl<T> Few<T> {
    pub(super) fn push(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            self.rest.push(item);
        }
    }
}

impl<T> Extend<T> for Few<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        for item in items {
            self.push(item);
        }
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { first: None, rest: Vec::new() }
    }
}

/// Starts tasks one after the other, never one within another: a runtime that has shut down drops a body while it is
/// being spawned, which frees the slot, which starts the next task. Recursion would be as deep as the queue is long.
fn start_all(first: Arc<dyn Task>, rest: Vec<Arc<dyn Task>>) {
    let mut tasks = Some(std::iter::once(first).chain(rest));
    // A thread that is about to end may have no thread-locals any more; it starts them one within another.
    let is_outer = STARTING.try_with(|starting| match &mut *starting.borrow_mut() {
        Some(outer) => {
            outer.extend(tasks.take().into_iter().flatten());
            false
        }
        none => {
            *none = Some(VecDeque::new());
            true
        }
    });
    let next = || STARTING.try_with(|starting| starting.borrow_mut().as_mut()?.pop_front()).ok().flatten();
    for task in tasks.into_iter().flatten() {
        let _spawned = task.start();
        while let Some(next) = next() {
            let _spawned = next.start();
        }
    }
    if is_outer == Ok(true) {
        STARTING.with_borrow_mut(|starting| *starting = None);
    }
}
