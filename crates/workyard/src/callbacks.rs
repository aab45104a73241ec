//! Owns the calls of `on_done` callbacks: one queue a yard, and one blocking thread at a time that works through it. Never holds
//! up the end of a task, and never loses a call.
//!
//! # Protocol
//! *Who ends a task*, in the critical section in which the lane counts the end: counts a call that is *owed*. Before the handle is
//! answered: puts the call into the queue and, if nobody has the *turn*, takes it. When the handle is answered and the lane's
//! next task is on its way: sends the turn to a blocking thread. *Who has the turn* takes one call after the other and makes it,
//! with no lock held; each that has returned is owed no more.
//!
//! So the calls are made in the order of the ends, as far as anybody can tell: whoever was answered, and ends another task
//! then, finds the call of the first one in the queue.
//!
//! No call is left behind: a turn ends in the same critical section in which it finds the queue empty, so whoever comes later
//! takes a new one. A turn that the runtime drops unrun, since it has shut down, is used there and then.
//!
//! *Shutdown* waits until none is owed. That is true of all tasks that a lane has counted as ended, since a call is owed before
//! anybody can see that. A callback that itself waits for the shutdown passes its turn on and is not waited for.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use workyard_core::mutant;

use crate::ground::YardShared;
use crate::primitives::whole::{Mutex, thread_local};
use crate::task::Call;

/// The callbacks of a yard that are to be called.
#[derive(Default)]
pub(crate) struct Callbacks {
    state: Mutex<State>,
    /// How many callbacks of tasks that have ended have not returned.
    owed: AtomicUsize,
    /// How many of them wait for the end of the yard.
    aside: AtomicUsize,
}

#[derive(Default)]
struct State {
    /// At most one for each task that has ended. Nothing else bounds it: that would be to hold up lanes for slow callbacks.
    calls: VecDeque<Call>,
    /// Who works through them.
    turn: Option<u64>,
    turns: u64,
}

thread_local! {
    /// The turn that this thread is using.
    static USING: RefCell<Option<(Arc<YardShared>, u64)>> = const { RefCell::new(None) };
}

impl Callbacks {
    /// A call is owed. Under the lock of the lane that counts the end.
    pub(crate) fn owe(&self) {
        // Relaxed: who looks has had the lane's lock after this.
        self.owed.fetch_add(1, Ordering::Relaxed);
    }

    /// How many callbacks of tasks that have ended have not returned, without those that wait for the end of the yard.
    pub(crate) fn pending(&self) -> usize {
        // Acquire, with the Release of each return: what a callback did happens before the report.
        self.owed.load(Ordering::Acquire).saturating_sub(self.aside.load(Ordering::Relaxed))
    }
}

impl State {
    fn take_turn(&mut self) -> Option<u64> {
        if self.turn.is_some() || self.calls.is_empty() {
            return None;
        }
        self.turns += 1;
        self.turn = Some(self.turns);
        self.turn
    }

    /// The next call for who has this turn, which otherwise ends.
    fn next(&mut self, turn: u64) -> Option<Call> {
        if self.turn != Some(turn) {
            return None;
        }
        let next = self.calls.pop_front();
        if next.is_none() {
            self.turn = None;
        }
        next
    }
}

impl YardShared {
    /// Has a callback called that is owed. If that takes a turn, it is to be sent.
    #[must_use]
    pub(crate) fn queue_call(self: &Arc<Self>, call: Call) -> Option<Turn> {
        let mut state = self.callbacks.state.lock();
        state.calls.push_back(call);
        let number = state.take_turn()?;
        Some(Turn { yard: Arc::clone(self), number })
    }

    /// If this thread is in a callback of this yard, passes its turn on, since it waits for the end of the yard.
    pub(crate) fn step_aside(self: &Arc<Self>) -> Option<Aside<'_>> {
        let using = |using: &RefCell<Option<(Arc<Self>, u64)>>| {
            using.borrow().as_ref().filter(|(yard, _)| Arc::ptr_eq(yard, self)).map(|&(_, turn)| turn)
        };
        let mine = USING.try_with(using).ok().flatten()?;
        self.callbacks.aside.fetch_add(1, Ordering::Relaxed);
        let number = {
            let mut state = self.callbacks.state.lock();
            if state.turn == Some(mine) {
                state.turn = None;
            }
            state.take_turn()
        };
        if let Some(number) = number {
            Turn { yard: Arc::clone(self), number }.send();
        }
        self.task_ended();
        Some(Aside { callbacks: &self.callbacks })
    }
}

/// The turn to work through the queue: done when it is dropped, by a blocking thread or by a runtime that has no more of them.
pub(crate) struct Turn {
    yard: Arc<YardShared>,
    number: u64,
}

impl Turn {
    /// Has a blocking thread use it.
    pub(crate) fn send(self) {
        let runtime = self.yard.runtime.clone();
        runtime.spawn_blocking(move || drop(self));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let callbacks = &self.yard.callbacks;
        let mine = (Arc::clone(&self.yard), self.number);
        // A thread that is about to end may have no thread-locals any more.
        let outer = USING.try_with(|using| using.replace(Some(mine)));
        loop {
            // On its own, so that the lock is not held during the call.
            let next = callbacks.state.lock().next(self.number);
            let Some(call) = next else { break };
            self.yard.runtime.pause();
            if !mutant!("callback-forgotten") {
                call.make();
            }
            callbacks.owed.fetch_sub(1, Ordering::Release);
            self.yard.task_ended();
        }
        if let Ok(outer) = outer {
            let mine = USING.replace(outer);
            drop(mine);
        }
    }
}

/// A callback waits for the end of the yard, for as long as this is there.
pub(crate) struct Aside<'a> {
    callbacks: &'a Callbacks,
}

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        self.callbacks.aside.fetch_sub(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Callbacks").field("pending", &self.pending()).finish_non_exhaustive()
    }
}
