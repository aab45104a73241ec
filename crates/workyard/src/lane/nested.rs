//! Owns what a task that waits does with its slot: a future lends it and takes it back, a closure runs another task in its
//! stack. When that is called for is [`waits`](crate::waits)' to say.

use std::sync::Arc;

use tokio::runtime::{Handle, RuntimeFlavor};
use workyard_core::Ticket;

use crate::lane::LaneShared;
use crate::lane::effects::{Effect, Effects};
use crate::lane::stack::is_cpu_thread;
use crate::lane::workers::{in_body, is_in_body};
use crate::task::catch;
use crate::task::cell::Task;
use crate::task::header::Seat;

impl LaneShared {
    /// Lends the slot of a future that waits.
    pub(crate) fn lend(self: &Arc<Self>, task: &dyn Task) {
        let mut effects = Effects::default();
        let lent = {
            let mut state = self.state.lock();
            let lent = state.policy.lend(task.header().slot());
            if lent {
                task.header().set_seat(Seat::Lent);
                let now = self.yard.clock.now();
                if let Some(next) = state.start_on_lent(now) {
                    effects.push(Effect::Start(next));
                }
                state.hand_out(&self.executor, now, &mut effects);
            }
            lent
        };
        effects.act(self);
        if lent {
            self.yard.waits.lent(task);
        }
    }

    /// Takes a slot for a future that lent its own. `false` if none is free: the future is woken when it has one.
    pub(crate) fn reclaim(&self, task: &dyn Task) -> bool {
        let reclaimed = {
            let mut state = self.state.lock();
            let reclaimed = state.policy.reclaim(task.header().slot());
            task.header().set_seat(if reclaimed { Seat::Held } else { Seat::Awaited });
            reclaimed
        };
        if !reclaimed {
            self.yard.waits.held_up(task);
        }
        reclaimed
    }

    /// A submitter cannot take the room that it was promised: that goes to the next.
    pub(crate) fn step_aside(self: &Arc<Self>, ticket: Ticket) {
        let mut effects = Effects::default();
        self.pass_on(ticket, &mut effects);
        effects.act(self);
    }

    pub(super) fn pass_on(&self, ticket: Ticket, effects: &mut Effects) {
        let mut state = self.state.lock();
        if let Some(next) = state.policy.step_aside(ticket) {
            state.tell_promised(next, effects);
        } else {
            state.feed(effects);
        }
    }

    /// Runs a queued task, or (`None`) whichever is next, on this thread and on the slot of `waiter`, whose body is below in the
    /// stack. `false` if there is none, or it is not queued any more.
    ///
    /// If nothing is next, nobody else will make the room that `waiter` waits for: then the slot that it could lend counts as
    /// room, and the first in line is let in.
    pub(crate) fn run_within(self: &Arc<Self>, waiter: &Arc<dyn Task>, task: Option<&Arc<dyn Task>>) -> bool {
        let waiting_slot = waiter.header().slot();
        let mut effects = Effects::default();
        let started = {
            let mut state = self.state.lock();
            let now = self.yard.clock.now();
            if !state.policy.lend(waiting_slot) {
                return false;
            }
            let started = match task {
                Some(task) => state.start_this(task, now).then(|| Arc::clone(task)),
                None => state.start_next(now),
            };
            if started.is_none() {
                if task.is_none() {
                    state.after_room(&mut effects);
                }
                state.policy.reclaim(waiting_slot);
            }
            started
        };
        effects.act(self);
        let Some(task) = started else { return false };
        waiter.header().set_seat(Seat::BelowAnother);
        self.yard.waits.begin_help(waiter, &task);
        self.yard.waits.held_up(&**waiter);
        let how = outside_of_runtimes(|| task.run(&task));
        waiter.header().set_seat(Seat::Held);
        self.yard.waits.end_help(waiter, &task);
        if let Some(how) = how {
            self.end_within(waiter, &*task, how);
        }
        true
    }

    fn end_within(self: &Arc<Self>, waiter: &Arc<dyn Task>, task: &dyn Task, how: workyard_core::Outcome) {
        let mut effects = Effects::default();
        let end = {
            let mut state = self.state.lock();
            let now = self.yard.clock.now();
            let end = state.end_body(task, how, now);
            // Within the same lock, so the slot is there.
            let back = state.policy.reclaim(waiter.header().slot());
            debug_assert!(back, "the slot that was lent is free when its borrower has ended");
            state.after_room(&mut effects);
            end
        };
        self.body_ended(task, end, effects);
    }

    /// Runs a queued task, or (`None`) whichever is next, on a thread of this lane that is in no task's body and waits all the same:
    /// rayon gave it a part of a body on another thread. Such a thread counts as none of the bodies, so there is a slot for
    /// it. `false` if this is no such thread, or there is nothing to run.
    pub(crate) fn run_beside(self: &Arc<Self>, task: Option<&Arc<dyn Task>>) -> bool {
        if !is_cpu_thread() || is_in_body() || !self.executor.is_own_thread() {
            return false;
        }
        let started = {
            let mut state = self.state.lock();
            let now = self.yard.clock.now();
            match task {
                Some(task) => state.start_this(task, now).then(|| Arc::clone(task)),
                None => state.start_next(now),
            }
        };
        let Some(task) = started else { return false };
        if let Some(how) = in_body(|| outside_of_runtimes(|| task.run(&task))) {
            self.end_body(&*task, how);
        }
        true
    }
}

/// Runs a task in the stack of a closure that may wait in tokio's `block_on`, which another `block_on` within it would refuse.
/// Tokio can step out of that on a multi-threaded runtime; on others the task is run where it is.
fn outside_of_runtimes<R>(task: impl FnOnce() -> R) -> R {
    if !Handle::try_current().is_ok_and(|here| here.runtime_flavor() == RuntimeFlavor::MultiThread) {
        return task();
    }
    let (mut task, mut returned) = (Some(task), None);
    let run = || returned = task.take().map(|task| task());
    // It panics where it cannot step out, such as in a `LocalSet`, before it runs anything.
    let stepped_out = catch(|| tokio::task::block_in_place(run));
    match (returned, task, stepped_out) {
        (Some(returned), ..) => returned,
        (None, Some(task), _) => task(),
        (None, None, Err(payload)) => std::panic::resume_unwind(payload),
        (None, None, Ok(())) => unreachable!("the task returned or panicked"),
    }
}
