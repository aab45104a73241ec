//! Owns the direct waits between the tasks of a yard: what a task awaits inside of its body. Never waits itself.
//!
//! A task that waits holds a slot of its lane, which what it waits for may need. So:
//!
//! - A *future* lends its slot between two polls while, on its way to what it awaits, there is a task of its own lane that
//!   has no slot, or a submitter that waits for room in its lane. Before the next poll it takes a slot back, ahead of all
//!   tasks that have not started.
//! - A *closure* cannot step aside, and runs such a task, or the next one that makes room, in its own stack.
//! - Who could only wait for ever, because all it waits for waits in the end for itself, is told `WouldDeadlock`.
//!
//! # Protocol
//! A wait is entered when a handle or a submission is polled inside of a body and is not ready; it is left when that is
//! ready or dropped. Entering one can make *others* lend or run something: all who wait for the one that entered. These
//! are woken, and look again for themselves: a future at the end of its poll, a closure when its own wait is polled.
//! A future that lends has no slot any more, so those who wait for it look again as well. Both are done after the change, so
//! whoever looked before it is woken, and whoever looks later sees it.
//!
//! Lock order: the lock of the waits is a leaf like the lanes'; statuses are read from the headers, without the lanes.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Waker};

use parking_lot::Mutex;
use workyard_core::{Awaited, TaskState, WaitGraph};

use crate::lane::LaneShared;
use crate::task::cell::Task;
use crate::task::current;

/// The direct waits of a yard.
#[derive(Default)]
pub(crate) struct Waits {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    graph: WaitGraph,
    /// The tasks that the graph mentions.
    tasks: HashMap<u64, Arc<dyn Task>>,
    /// How to have a closure look again.
    closures: HashMap<u64, Waker>,
}

/// What is awaited.
pub(crate) enum Target<'a> {
    /// The end of a task.
    Task(&'a Arc<dyn Task>),
    /// Room in a lane.
    Room(&'a Arc<LaneShared>),
}

impl Target<'_> {
    fn lane(&self) -> &Arc<LaneShared> {
        match self {
            Self::Task(task) => &task.header().lane,
            Self::Room(lane) => lane,
        }
    }

    fn awaited(&self) -> Awaited {
        match self {
            Self::Task(task) => Awaited::Task(task.header().id.0),
            Self::Room(lane) => Awaited::Room(lane.number),
        }
    }
}

/// How a pending wait goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// Return `Pending`: the waker is registered.
    Wait,
    /// Something was run meanwhile: look again.
    Again,
    /// What is awaited can never come.
    Stuck,
}

/// One wait of a future that may be polled inside of a body; it leaves the graph when dropped.
#[derive(Default)]
pub(crate) struct DirectWait {
    entered: Option<(Arc<dyn Task>, Awaited)>,
}

impl DirectWait {
    /// The future was polled and is not ready.
    pub(crate) fn pending(&mut self, target: &Target<'_>, cx: &Context<'_>) -> Next {
        let Some(waiter) = current::task() else {
            self.end();
            return Next::Wait;
        };
        let header = waiter.header();
        // Waits between yards are not followed.
        if !Arc::ptr_eq(&header.lane.yard, &target.lane().yard) {
            self.end();
            return Next::Wait;
        }
        let waits = &header.lane.yard.waits;
        let awaited = target.awaited();
        let entered = self.entered.as_ref().is_some_and(|(old, what)| (old.header().id, *what) == (header.id, awaited));
        if !entered {
            self.end();
            waits.enter(&waiter, target);
            self.entered = Some((Arc::clone(&waiter), awaited));
        }
        let closure = header.lane.executor.runs_closures();
        if waits.is_stuck(&waiter, closure.then(|| cx.waker())) {
            self.end();
            return Next::Stuck;
        }
        if closure && waits.help(&waiter) { Next::Again } else { Next::Wait }
    }

    /// The future is ready or will not be polled again.
    pub(crate) fn end(&mut self) {
        if let Some((waiter, awaited)) = self.entered.take() {
            waiter.header().lane.yard.waits.leave(&waiter, awaited);
        }
    }
}

impl Drop for DirectWait {
    fn drop(&mut self) {
        self.end();
    }
}

/// A wait for the first of several tasks. It never counts as stuck: only some of the tasks are looked at.
#[derive(Default)]
pub(crate) struct AnyWait {
    entered: Vec<DirectWait>,
}

impl AnyWait {
    /// How many of the tasks are looked at. One of them that goes on is enough, and one that needs a slot shows it.
    const LOOKED_AT: usize = 8;

    /// The future was polled and is not ready. `tasks` gives some of those that have not ended.
    pub(crate) fn pending(&mut self, tasks: impl FnOnce(usize) -> Vec<Arc<dyn Task>>, cx: &Context<'_>) -> Next {
        let Some(waiter) = current::task() else {
            self.end();
            return Next::Wait;
        };
        let lane = &waiter.header().lane;
        let waits = &lane.yard.waits;
        let mut entered = Vec::new();
        for task in tasks(Self::LOOKED_AT) {
            let target = Target::Task(&task);
            if Arc::ptr_eq(&lane.yard, &target.lane().yard) {
                waits.enter(&waiter, &target);
                entered.push(DirectWait { entered: Some((Arc::clone(&waiter), target.awaited())) });
            }
        }
        // The old ones leave only now, so that nobody finds the waiter without a wait in between.
        let old = std::mem::replace(&mut self.entered, entered);
        drop(old);
        let closure = lane.executor.runs_closures();
        if closure && !self.entered.is_empty() {
            waits.keep_waker(&waiter, cx.waker());
            if waits.help(&waiter) {
                return Next::Again;
            }
        }
        Next::Wait
    }

    /// The future is ready or will not be polled again.
    pub(crate) fn end(&mut self) {
        self.entered.clear();
    }
}

impl Waits {
    /// Whether a future that has just returned `Pending` is to lend its slot.
    pub(crate) fn has_to_lend(&self, waiter: &dyn Task) -> bool {
        let header = waiter.header();
        header.is_waiting() && self.state.lock().needs_slot_of(header.id.0, &header.lane)
    }

    /// Has all who wait for a task look again whether they lend, since it lent its own slot.
    pub(crate) fn lent(&self, task: &dyn Task) {
        let mut wake = Vec::new();
        self.state.lock().waiters_to_wake(task.header().id.0, &mut wake);
        wake_all(wake);
    }

    fn enter(&self, waiter: &Arc<dyn Task>, target: &Target<'_>) {
        let id = waiter.header().id.0;
        let mut wake = Vec::new();
        waiter.header().entered_wait();
        {
            let mut state = self.state.lock();
            state.graph.add(id, target.awaited());
            state.tasks.insert(id, Arc::clone(waiter));
            if let Target::Task(task) = target {
                state.tasks.insert(task.header().id.0, Arc::clone(task));
            }
            state.waiters_to_wake(id, &mut wake);
        }
        wake_all(wake);
    }

    fn leave(&self, waiter: &Arc<dyn Task>, awaited: Awaited) {
        let id = waiter.header().id.0;
        waiter.header().left_wait();
        let mut state = self.state.lock();
        let _was_suspended = state.graph.remove(id, awaited);
        let waker = if state.graph.is_waiting(id) { None } else { state.closures.remove(&id) };
        let awaited = match awaited {
            Awaited::Task(task) => Some(task),
            Awaited::Room(_) => None,
        };
        let forgotten = [Some(id), awaited].map(|task| state.forget(task?));
        // Both may be the last owners of user values.
        drop(state);
        drop((waker, forgotten));
    }

    /// Whether all that `waiter` awaits waits for `waiter`. If not, keeps the waker of a closure.
    fn is_stuck(&self, waiter: &Arc<dyn Task>, waker: Option<&Waker>) -> bool {
        let id = waiter.header().id.0;
        let waker = waker.cloned();
        let mut state = self.state.lock();
        let stuck = state.graph.is_stuck(id);
        let old = waker.filter(|_| !stuck).and_then(|waker| state.closures.insert(id, waker));
        drop(state);
        drop(old);
        stuck
    }

    /// Keeps how to have a closure look again.
    fn keep_waker(&self, waiter: &Arc<dyn Task>, waker: &Waker) {
        let waker = waker.clone();
        let old = self.state.lock().closures.insert(waiter.header().id.0, waker);
        drop(old);
    }

    /// Runs, in the stack of a closure that waits, one task of its lane that it waits for or that takes up the room it
    /// waits for. `false` if there is none.
    fn help(&self, waiter: &Arc<dyn Task>) -> bool {
        let header = waiter.header();
        let candidates = self.state.lock().queued_in(header.id.0, &header.lane);
        candidates.into_iter().any(|candidate| header.lane.run_within(waiter, candidate))
    }

    /// `helper` is about to run `task` in its stack, and cannot go on before that returns.
    pub(crate) fn begin_help(&self, helper: &Arc<dyn Task>, task: &Arc<dyn Task>) -> Vec<Awaited> {
        let (helper_id, id) = (helper.header().id.0, task.header().id.0);
        let mut state = self.state.lock();
        state.tasks.insert(id, Arc::clone(task));
        state.graph.suspend(helper_id, Awaited::Task(id))
    }

    /// Undoes [`begin_help`](Self::begin_help).
    pub(crate) fn end_help(&self, helper: &Arc<dyn Task>, task: &Arc<dyn Task>, suspended: Vec<Awaited>) {
        let (helper_id, id) = (helper.header().id.0, task.header().id.0);
        let forgotten = {
            let mut state = self.state.lock();
            state.graph.resume(helper_id, Awaited::Task(id), suspended);
            state.forget(id)
        };
        drop(forgotten);
    }
}

impl State {
    /// Whether, on the way to what `waiter` awaits, something needs a slot of this lane.
    fn needs_slot_of(&self, waiter: u64, lane: &Arc<LaneShared>) -> bool {
        self.graph.awaited_by(waiter).into_iter().any(|awaited| match awaited {
            Awaited::Room(number) => number == lane.number,
            Awaited::Task(id) => self.task_in(id, lane).is_some_and(|task| id != waiter && task.header().needs_slot()),
        })
    }

    /// What a closure of this lane that waits can run: a task, or (`None`) whichever is next.
    fn queued_in(&self, waiter: u64, lane: &Arc<LaneShared>) -> Vec<Option<Arc<dyn Task>>> {
        let candidates = self.graph.awaited_by(waiter).into_iter().filter_map(|awaited| match awaited {
            Awaited::Room(number) => (number == lane.number).then_some(None),
            Awaited::Task(id) => {
                let queued = self.task_in(id, lane).filter(|task| task.header().status() == Some(TaskState::Queued));
                queued.map(|task| Some(Arc::clone(task)))
            }
        });
        candidates.collect()
    }

    fn task_in(&self, id: u64, lane: &Arc<LaneShared>) -> Option<&Arc<dyn Task>> {
        self.tasks.get(&id).filter(|task| Arc::ptr_eq(&task.header().lane, lane))
    }

    /// Those of all who wait for `task` that now may have to do something about it.
    fn waiters_to_wake(&self, task: u64, wake: &mut Vec<WakeUp>) {
        for waiter in self.graph.all_who_wait_for(task) {
            let Some(waiting) = self.tasks.get(&waiter) else { continue };
            if self.needs_slot_of(waiter, &waiting.header().lane) {
                wake.push(match self.closures.get(&waiter) {
                    Some(waker) => WakeUp::Closure(waker.clone()),
                    None => WakeUp::Future(Arc::clone(waiting)),
                });
            }
        }
    }

    /// Lets go of a task that the graph no longer mentions; drop it after the lock.
    #[must_use]
    fn forget(&mut self, id: u64) -> Option<Arc<dyn Task>> {
        if self.graph.mentions(id) { None } else { self.tasks.remove(&id) }
    }
}

enum WakeUp {
    Closure(Waker),
    Future(Arc<dyn Task>),
}

fn wake_all(wake: Vec<WakeUp>) {
    for waiter in wake {
        match waiter {
            WakeUp::Closure(waker) => waker.wake(),
            WakeUp::Future(task) => task.header().signal.body.wake(),
        }
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waits").field("graph", &self.state.lock().graph).finish_non_exhaustive()
    }
}
