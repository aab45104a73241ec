//! Owns the lock of a yard's waits, and what is done once it is released: waking, helping, letting go. Never waits itself.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;

use workyard_core::{Awaited, TaskState, Ticket, mutant};

use crate::lane::{LaneShared, has_stack_left};
use crate::primitives::whole::Mutex;
use crate::task::cell::Task;
use crate::task::{current, wake_caught};
use crate::waits::direct::Next;
use crate::waits::state::{After, Poller, State};

/// The direct waits of a yard.
#[derive(Default)]
pub(crate) struct Waits {
    state: Mutex<State>,
    /// How many promises the state knows, so that nobody asks for none.
    promises: AtomicUsize,
}

impl Waits {
    /// `waiter` waits for each of `all`, which is the task that stands beside it if it is one. Gives the number of the first wait; those of the
    /// others follow.
    ///
    /// All of them at once: nobody finds the waiter with some of them only. `can_be_told`: that nothing of it can come.
    pub(super) fn enter(
        &self,
        waiter: &Arc<dyn Task>,
        all: &[(Awaited, Option<&Arc<dyn Task>>)],
        waker: Option<&Waker>,
        can_be_told: bool,
    ) -> u64 {
        let waker = waker.map(|waker| Poller { waker: Arc::new(waker.clone()), can_be_told });
        waiter.header().entered_waits(how_many(all), is_polled(waiter));
        self.change(|state, after| {
            let enter = |&(awaited, task): &_| state.enter(waiter, awaited, task, waker.clone());
            let first = all.iter().map(enter).reduce(|first, _| first);
            state.have_look(Awaited::Task(waiter.header().id.0), after);
            first.unwrap_or_default()
        })
    }

    /// Waits are over, all at once.
    pub(super) fn leave(&self, waiter: &Arc<dyn Task>, left: impl Iterator<Item = (Awaited, u64)> + Clone) {
        let in_own_poll =
            is_polled(waiter) && current::task().is_some_and(|task| task.header().id == waiter.header().id);
        waiter.header().left_waits(how_many(left.clone()), in_own_poll);
        self.change(|state, after| state.leave(waiter.header().id.0, left, after));
    }

    /// A wait was polled again, maybe with another waker.
    pub(super) fn keep_waker(&self, waiter: &Arc<dyn Task>, number: u64, waker: &Waker) {
        let key = (waiter.header().id.0, number);
        if self.state.lock().has_waker(key, waker) {
            return;
        }
        // Wakers are foreign code: cloned and dropped outside of the lock.
        let waker = waker.clone();
        self.change(|state, after| state.keep_waker(key, waker, after));
    }

    /// Whether all that `waiter` awaits waits for `waiter`.
    pub(super) fn is_stuck(&self, waiter: &Arc<dyn Task>) -> bool {
        self.state.lock().is_stuck(waiter.header().id.0) && !mutant!("circle-untold")
    }

    /// A poll of a future has returned `Pending`, and entered waits or left some. What it waits for is known only now: if nothing of it can come,
    /// its waits are polled again, and told, or those who wait for it.
    pub(crate) fn poll_is_over(&self, waiter: &dyn Task) {
        self.change(|state, after| state.look_again_if_stuck(waiter.header().id.0, after));
    }

    /// Has those who wait for `waiter` be told if it is stuck, which it cannot be told itself.
    pub(super) fn tell_if_stuck(&self, waiter: &Arc<dyn Task>) {
        self.change(|state, after| state.tell_if_stuck(waiter.header().id.0, after));
    }

    /// A runner has nothing left that could go on, but for what it waits for.
    pub(crate) fn has_no_other_work(&self, runner: &dyn Task) {
        self.change(|state, after| state.tell_all_if_stuck(runner.header().id.0, after));
    }

    /// Whether a future that has just returned `Pending` is to lend its slot.
    pub(crate) fn has_to_lend(&self, waiter: &dyn Task) -> bool {
        let header = waiter.header();
        header.is_waiting() && header.lane.is_wanted() && self.state.lock().needs_slot_of(header.id.0, &header.lane)
    }

    /// Has all who wait for a task look again, since it lent its slot.
    pub(crate) fn lent(&self, task: &dyn Task) {
        self.change(|state, after| state.have_look(Awaited::Task(task.header().id.0), after));
    }

    /// Has all who wait for room in a lane look again, since a task was queued there.
    pub(crate) fn crowded(&self, lane: &LaneShared) {
        self.change(|state, after| state.have_look(Awaited::Room(lane.number), after));
    }

    /// The body of a task has ended: whatever it waited for, it does so no more.
    #[inline]
    pub(crate) fn body_ended(&self, task: &dyn Task) {
        let id = task.header().id.0;
        if task.header().is_waiting() {
            self.change(|state, after| state.leave_all(id, after));
        }
        if task.is_runner() && task.header().status().is_some_and(TaskState::is_ended) {
            // Whoever waits for it waits for others, too, and is to wait for those alone.
            self.change(|state, after| state.wake_who_wait_for(id, after));
        }
    }

    /// A submitter in the body of a task was promised room. `false` if the task is held up: the room is to go to the next, since the
    /// one that holds it up may wait for room itself.
    pub(crate) fn promised(&self, task: &dyn Task, lane: &Arc<LaneShared>, ticket: Ticket) -> bool {
        let mut state = self.state.lock();
        // Under the lock, which `held_up` takes afterwards: one of the two sees the other.
        let can_take_it = !task.header().is_held_up();
        if can_take_it {
            state.promises.add(task.header().id.0, lane.number, Arc::downgrade(lane), ticket);
            self.promises.store(state.promises.len(), Ordering::Relaxed);
        }
        can_take_it
    }

    /// A task is woken and cannot go on: what its submitters were promised goes to others.
    pub(crate) fn held_up(&self, task: &dyn Task) {
        if !task.header().is_waiting() {
            return;
        }
        let promised = {
            let mut state = self.state.lock();
            let promised = state.promises.take(task.header().id.0);
            self.promises.store(state.promises.len(), Ordering::Relaxed);
            promised
        };
        for (lane, ticket) in promised {
            if let Some(lane) = lane.upgrade() {
                lane.step_aside(ticket);
            }
        }
    }

    /// A submitter took its room, or left.
    pub(crate) fn promise_is_over(&self, lane: &LaneShared, ticket: Ticket) {
        // Relaxed: a promise that is entered here too late is one of a ticket that is void, for which nobody steps aside. Others may have its
        // number by then, which is why tickets have turns.
        if self.promises.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut state = self.state.lock();
        state.promises.end(lane.number, ticket);
        self.promises.store(state.promises.len(), Ordering::Relaxed);
    }

    /// Runs, in the stack of a closure that waits, one task of its lane that it waits for or that takes up the room it
    /// waits for. `for_own_room`: it is asked by who waits for room in that lane, and can be told that there is no stack for that.
    pub(super) fn help(&self, waiter: &Arc<dyn Task>, for_own_room: bool) -> Next {
        let header = waiter.header();
        let lane = &header.lane;
        if !lane.executor.runs_closures() || !lane.is_wanted() {
            return Next::Wait;
        }
        loop {
            let task = self.state.lock().queued_in(header.id.0, lane);
            let Some(task) = task else { break };
            if !has_stack_left() {
                return Next::Stuck;
            }
            match lane.run_within(waiter, Some(&task)) {
                true => return Next::Again,
                // Another thread took it.
                false if !task.header().is_queued() => {}
                false => return Next::Wait,
            }
        }
        if !self.state.lock().waits_for_room_in(header.id.0, lane) {
            return Next::Wait;
        }
        if for_own_room && !has_stack_left() && lane.has_queued() {
            return Next::NoStack;
        }
        if lane.run_within(waiter, None) { Next::Again } else { Next::Wait }
    }

    /// `helper` is about to run `task` in its stack, and cannot go on before that returns.
    pub(crate) fn begin_help(&self, helper: &Arc<dyn Task>, task: &Arc<dyn Task>) {
        self.state.lock().begin_help(helper.header().id.0, task);
    }

    /// Undoes [`begin_help`](Self::begin_help).
    pub(crate) fn end_help(&self, helper: &Arc<dyn Task>, task: &Arc<dyn Task>) {
        let helper = helper.header().id.0;
        self.change(|state, after| {
            state.end_help(helper, task.header().id.0, after);
            state.have_look(Awaited::Task(helper), after);
        });
    }

    fn change<R>(&self, change: impl FnOnce(&mut State, &mut After) -> R) -> R {
        let mut after = After::default();
        let changed = change(&mut self.state.lock(), &mut after);
        let After { wake, poll, tasks, wakers } = after;
        for waker in &wake {
            wake_caught(waker);
        }
        for task in poll {
            task.wake_body();
        }
        // They may be the last owners of user values.
        drop((wake, tasks, wakers));
        changed
    }
}

fn how_many(waits: impl IntoIterator) -> u32 {
    waits.into_iter().fold(0, |count, _| count + 1)
}

/// Whether the body of a task is a future that the lane polls, so that the end of each poll is known.
fn is_polled(task: &Arc<dyn Task>) -> bool {
    !task.is_runner() && !task.header().lane.executor.runs_closures()
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waits").field("state", &*self.state.lock()).finish_non_exhaustive()
    }
}
