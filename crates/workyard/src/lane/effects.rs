//! Owns what a decision asks for, until the lock is released. Never decides.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use workyard_core::Ticket;

use crate::lane::LaneShared;
use crate::lane::drivers::Number;
use crate::lane::io::spawn_body;
use crate::primitives::whole::thread_local;
use crate::task::cell::Task;
use crate::task::wake_caught;

/// What is to be done once the lane's lock is released: mostly nothing or one thing, which then costs no allocation.
#[derive(Default)]
pub(super) struct Effects {
    first: Option<Effect>,
    rest: Vec<Effect>,
}

/// One thing that is to be done.
pub(super) enum Effect {
    /// A submitter's turn has come, or the lane is closed, or a driver is to go on.
    Wake(Waker),
    /// A submitter in the body of this task was promised room.
    Promised(Arc<dyn Task>, Ticket),
    /// To be let go of.
    Release(Arc<dyn Task>),
    /// An async body was given a slot.
    Start(Arc<dyn Task>),
    /// An async body that a driver has polled is to have a tokio task of its own.
    Spawn(Arc<dyn Task>),
    /// A future that lent its slot has one again.
    Resume(Arc<dyn Task>),
    /// One more worker is to run closures.
    Hire,
    /// One more driver is to poll futures.
    Drive(Number),
    /// Somebody is to look whether the drivers go on.
    Guard,
}

thread_local! {
    /// The tasks that an outer [`start`] on this thread is about to start.
    static STARTING: RefCell<Option<VecDeque<Arc<dyn Task>>>> = const { RefCell::new(None) };
}

impl Effects {
    #[inline]
    pub(super) fn push(&mut self, effect: Effect) {
        if self.first.is_none() {
            self.first = Some(effect);
        } else {
            self.rest.push(effect);
        }
    }

    pub(super) const fn are_any(&self) -> bool {
        self.first.is_some()
    }

    /// Does it all, in the order in which it was asked for.
    #[inline]
    pub(super) fn act(self, lane: &Arc<LaneShared>) {
        if self.first.is_some() {
            self.act_all(lane);
        }
    }

    fn act_all(self, lane: &Arc<LaneShared>) {
        let mut effects = self;
        // Not by recursion: there may be many in the line who cannot take what they are promised.
        while let Some(first) = effects.first {
            let mut follows = Self::default();
            for effect in std::iter::once(first).chain(effects.rest) {
                effect.act(lane, &mut follows);
            }
            effects = follows;
        }
    }
}

impl Effect {
    fn act(self, lane: &Arc<LaneShared>, follows: &mut Effects) {
        match self {
            Self::Wake(waker) => wake_caught(&waker),
            Self::Promised(task, ticket) => {
                if !lane.yard.waits.promised(&*task, lane, ticket) {
                    lane.pass_on(ticket, follows);
                }
            }
            Self::Release(task) => drop(task),
            Self::Start(task) => start(task),
            Self::Spawn(task) => spawn_body(task),
            Self::Resume(task) => task.wake_body(),
            Self::Hire => lane.hire(),
            Self::Drive(number) => lane.spawn_driver(number),
            Self::Guard => lane.spawn_guard(),
        }
    }
}

/// Starts tasks one after the other, never one within another: a runtime that has shut down drops a body while it is
/// being spawned, which frees the slot, which starts the next task. Recursion would be as deep as the queue is long.
fn start(task: Arc<dyn Task>) {
    let mut task = Some(task);
    // A thread that is about to end may have no thread-locals any more; it starts them one within another.
    let is_outer = STARTING.try_with(|starting| match &mut *starting.borrow_mut() {
        Some(outer) => {
            outer.extend(task.take());
            false
        }
        none => {
            *none = Some(VecDeque::new());
            true
        }
    });
    let next = || STARTING.try_with(|starting| starting.borrow_mut().as_mut()?.pop_front()).ok().flatten();
    while let Some(starting) = task {
        starting.start();
        task = next();
    }
    if is_outer == Ok(true) {
        STARTING.with_borrow_mut(|starting| *starting = None);
    }
}
