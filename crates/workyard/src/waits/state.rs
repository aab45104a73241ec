//! Owns what is known of the waits of a yard, as plain data behind their lock. Never wakes, runs or drops what is a user's;
//! what is to be done after the lock is handed out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Weak};
use std::task::Waker;

use workyard_core::{Awaited, WaitGraph};

use crate::lane::LaneShared;
use crate::task::cell::Task;
use crate::waits::promises::Promises;

#[derive(Default)]
pub(super) struct State {
    graph: WaitGraph,
    /// The tasks that the graph mentions.
    tasks: HashMap<u64, Arc<dyn Task>>,
    /// By task and wait: how to have the wait looked at again.
    pollers: BTreeMap<(u64, u64), Poller>,
    /// By lane: the tasks that wait.
    waiting: HashMap<usize, BTreeSet<u64>>,
    /// By closure that runs another in its stack: its own waits meanwhile.
    suspended: HashMap<u64, Vec<Awaited>>,
    /// Weak: the lanes own the yard that owns this.
    pub(super) promises: Promises<Weak<LaneShared>>,
    next_number: u64,
}

/// How to have a wait polled.
#[derive(Clone)]
pub(super) struct Poller {
    /// In an `Arc`, since cloning a waker may run foreign code.
    pub(super) waker: Arc<Waker>,
    /// Polled, it tells that nothing of it can come. To wake others for that would be to wake them for nothing, and in a circle of such for ever.
    pub(super) can_be_told: bool,
}

/// What is to be done after the lock.
#[derive(Default)]
pub(super) struct After {
    pub(super) wake: Vec<Arc<Waker>>,
    /// Futures to be polled again.
    pub(super) poll: Vec<Arc<dyn Task>>,
    /// To be dropped.
    pub(super) tasks: Vec<Arc<dyn Task>>,
    /// To be dropped.
    pub(super) wakers: Vec<Arc<Waker>>,
}

impl State {
    /// `waiter` waits for `awaited`, which is `task` if it is one. Gives the number of the wait.
    pub(super) fn enter(
        &mut self,
        waiter: &Arc<dyn Task>,
        awaited: Awaited,
        task: Option<&Arc<dyn Task>>,
        poller: Option<Poller>,
    ) -> u64 {
        let header = waiter.header();
        let id = header.id.0;
        self.next_number += 1;
        self.graph.add(id, awaited);
        self.waiting.entry(header.lane.number).or_default().insert(id);
        self.keep_task(waiter);
        if let (Awaited::Task(_), Some(task)) = (awaited, task) {
            self.keep_task(task);
        }
        if let Some(poller) = poller {
            self.pollers.insert((id, self.next_number), poller);
        }
        self.next_number
    }

    /// Waits are over, all at once. If others are left and none of them can come, those are looked at, and those of who waits for it.
    pub(super) fn leave(&mut self, waiter: u64, left: impl Iterator<Item = (Awaited, u64)> + Clone, after: &mut After) {
        for (awaited, number) in left.clone() {
            after.wakers.extend(self.pollers.remove(&(waiter, number)).map(|poller| poller.waker));
            if !self.graph.remove(waiter, awaited)
                && let Some(suspended) = self.suspended.get_mut(&waiter)
                && let Some(at) = suspended.iter().position(|&other| other == awaited)
            {
                suspended.swap_remove(at);
            }
        }
        // Those that wait for it, too: a wait for any of several is never told itself.
        self.tell_all_if_stuck(waiter, after);
        self.forget(waiter, left.map(|(awaited, _)| awaited), after);
    }

    /// All waits of a task are over.
    pub(super) fn leave_all(&mut self, waiter: u64, after: &mut After) {
        let mut pollers = self.pollers.split_off(&(waiter, 0));
        self.pollers.append(&mut pollers.split_off(&(waiter + 1, 0)));
        after.wakers.extend(pollers.into_values().map(|poller| poller.waker));
        let awaited = self.graph.remove_all(waiter);
        self.forget(waiter, awaited, after);
    }

    pub(super) fn has_waker(&self, key: (u64, u64), waker: &Waker) -> bool {
        self.pollers.get(&key).is_some_and(|kept| kept.waker.will_wake(waker))
    }

    pub(super) fn keep_waker(&mut self, key: (u64, u64), waker: Waker, after: &mut After) {
        if let Some(poller) = self.pollers.get_mut(&key) {
            after.wakers.push(std::mem::replace(&mut poller.waker, Arc::new(waker)));
        }
    }

    pub(super) fn is_stuck(&self, waiter: u64) -> bool {
        // In the midst of a poll others of its waits may be yet to come, or to go: it looks at what is left when that is over.
        let may_go_on =
            |task: &Arc<dyn Task>, id: u64| task.header().changes_waits() || task.has_other_work(id == waiter);
        self.graph.is_stuck(waiter, |id| self.tasks.get(&id).is_some_and(|task| may_go_on(task, id)))
    }

    pub(super) fn tell_if_stuck(&self, waiter: u64, after: &mut After) {
        if self.is_stuck(waiter) {
            let others = self.graph.all_who_wait_for(Awaited::Task(waiter));
            after.wake.extend(others.into_iter().flat_map(|other| self.wakers_to_tell(other)));
        }
    }

    /// Has those look again who wait for a task, directly or through others.
    pub(super) fn wake_who_wait_for(&self, task: u64, after: &mut After) {
        let waiters = self.graph.all_who_wait_for(Awaited::Task(task));
        after.wake.extend(waiters.into_iter().flat_map(|waiter| self.wakers_of(waiter)));
    }

    /// As [`tell_if_stuck`](Self::tell_if_stuck), and tells the waiter's own waits as well.
    pub(super) fn tell_all_if_stuck(&self, waiter: u64, after: &mut After) {
        self.tell_if_stuck(waiter, after);
        self.look_again_if_stuck(waiter, after);
    }

    /// Has the waiter's own waits be polled again if it is stuck: they tell. If they cannot be told, those who wait for it are.
    pub(super) fn look_again_if_stuck(&self, waiter: u64, after: &mut After) {
        if self.is_stuck(waiter) {
            let before = after.wake.len();
            after.wake.extend(self.wakers_to_tell(waiter));
            if after.wake.len() == before {
                self.tell_if_stuck(waiter, after);
            }
        }
    }

    /// Has those of all who wait for `awaited` look again who hold a slot that is needed.
    pub(super) fn have_look(&self, awaited: Awaited, after: &mut After) {
        for waiter in self.graph.all_who_wait_for(awaited) {
            let Some(task) = self.holder(waiter) else { continue };
            let lane = &task.header().lane;
            if !self.needs_slot_of(waiter, lane) {
                continue;
            }
            if lane.executor.runs_closures() {
                after.wake.extend(self.wakers_of(waiter));
            } else {
                after.poll.push(Arc::clone(task));
            }
        }
    }

    /// Whether, on the way to what `waiter` awaits, something needs a slot of this lane.
    pub(super) fn needs_slot_of(&self, waiter: u64, lane: &Arc<LaneShared>) -> bool {
        self.find_on_way(waiter, lane, |_| Some(())).is_some()
    }

    /// A task of this lane that waits for a slot, on the way to what `waiter` awaits.
    pub(super) fn queued_in(&self, waiter: u64, lane: &Arc<LaneShared>) -> Option<Arc<dyn Task>> {
        self.find_on_way(waiter, lane, |task| task.filter(|task| task.header().is_queued()).map(Arc::clone))
    }

    /// Whether somebody waits for room in this lane, on the way to what `waiter` awaits.
    pub(super) fn waits_for_room_in(&self, waiter: u64, lane: &Arc<LaneShared>) -> bool {
        self.find_on_way(waiter, lane, |task| task.is_none().then_some(())).is_some()
    }

    /// `helper` is about to run `task` in its stack.
    pub(super) fn begin_help(&mut self, helper: u64, task: &Arc<dyn Task>) {
        self.keep_task(task);
        let suspended = self.graph.suspend(helper, Awaited::Task(task.header().id.0));
        self.suspended.insert(helper, suspended);
    }

    /// Undoes [`begin_help`](Self::begin_help).
    pub(super) fn end_help(&mut self, helper: u64, task: u64, after: &mut After) {
        let suspended = self.suspended.remove(&helper).unwrap_or_default();
        self.graph.resume(helper, Awaited::Task(task), suspended);
        self.forget(helper, [Awaited::Task(task)], after);
    }

    /// Looks at all that needs a slot of `lane` on the way to what `waiter` awaits: a task, or room (`None`).
    fn find_on_way<T>(
        &self,
        waiter: u64,
        lane: &LaneShared,
        pick: impl Fn(Option<&Arc<dyn Task>>) -> Option<T>,
    ) -> Option<T> {
        let mut clogged = Vec::new();
        self.graph.find(waiter, |awaited, further| {
            let (task, number) = match awaited {
                Awaited::Room(number) => (None, number),
                Awaited::Task(id) => {
                    let task = self.tasks.get(&id).filter(|task| id != waiter && task.header().needs_slot())?;
                    (Some(task), task.header().lane.number)
                }
                Awaited::Other => return None,
            };
            if number == lane.number {
                return pick(task);
            }
            if !clogged.contains(&number) {
                clogged.push(number);
                further.extend(self.who_clog(number));
            }
            None
        })
    }

    /// Those who hold the slots of a lane, if all of them wait.
    fn who_clog(&self, lane: usize) -> Vec<u64> {
        let waiting = self.waiting.get(&lane).into_iter().flatten();
        let holders: Vec<_> = waiting.copied().filter(|&id| self.holder(id).is_some()).collect();
        let lane = holders.first().and_then(|first| self.tasks.get(first)).map(|task| &task.header().lane);
        if lane.is_some_and(|lane| holders.len() >= lane.limit) { holders } else { Vec::new() }
    }

    /// The task, if it holds a slot and could give it away.
    fn holder(&self, id: u64) -> Option<&Arc<dyn Task>> {
        self.tasks.get(&id).filter(|task| task.header().is_seated())
    }

    fn wakers_of(&self, task: u64) -> impl Iterator<Item = Arc<Waker>> {
        self.pollers_of(task).map(|poller| Arc::clone(&poller.waker))
    }

    /// Of the waits that can be told that nothing of them can come.
    fn wakers_to_tell(&self, task: u64) -> impl Iterator<Item = Arc<Waker>> {
        self.pollers_of(task).filter(|poller| poller.can_be_told).map(|poller| Arc::clone(&poller.waker))
    }

    fn pollers_of(&self, task: u64) -> impl Iterator<Item = &Poller> {
        self.pollers.range((task, 0)..=(task, u64::MAX)).map(|(_, poller)| poller)
    }

    fn keep_task(&mut self, task: &Arc<dyn Task>) {
        self.tasks.entry(task.header().id.0).or_insert_with(|| Arc::clone(task));
    }

    /// Lets go of what the graph no longer mentions.
    fn forget(&mut self, waiter: u64, awaited: impl IntoIterator<Item = Awaited>, after: &mut After) {
        if !self.graph.is_waiting(waiter)
            && let Some(task) = self.tasks.get(&waiter)
        {
            let lane = task.header().lane.number;
            if let Some(waiting) = self.waiting.get_mut(&lane) {
                waiting.remove(&waiter);
                if waiting.is_empty() {
                    self.waiting.remove(&lane);
                }
            }
        }
        let tasks = awaited.into_iter().filter_map(|awaited| match awaited {
            Awaited::Task(task) => Some(task),
            Awaited::Room(_) | Awaited::Other => None,
        });
        for task in std::iter::once(waiter).chain(tasks) {
            let is_suspended = || self.suspended.values().flatten().any(|&awaited| awaited == Awaited::Task(task));
            if !self.graph.mentions(task) && !is_suspended() {
                after.tasks.extend(self.tasks.remove(&task));
            }
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("graph", &self.graph).finish_non_exhaustive()
    }
}
