//! Owns who waits directly for whom, among the tasks of a yard. Never wakes or runs one.
//!
//! A task that waits for several things goes on when *any* of them comes, as far as anyone here can tell (it may be a
//! `select!`), so it is stuck only if none can: if every path of waits from it leads back into waiting. Waiting for
//! room in a lane never counts as stuck, since tasks that hold the lane's slots while they wait give them up for that.
//!
//! Adding and removing a wait is O(log waits of that task). A search goes depth first and ends with its first finding, so
//! that it is short where something goes on.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

/// What a task waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Awaited {
    /// The end of the task with this number.
    Task(u64),
    /// Room in the lane with this number.
    Room(usize),
    /// Something that is not followed, and may come at any time.
    Other,
}

/// Things, and how many times each is there; never zero times.
type Counted<T> = BTreeMap<T, usize>;

/// The direct waits of a yard's tasks.
#[derive(Debug, Default)]
pub struct WaitGraph {
    /// From a waiting task to what it waits for; never empty.
    waits: HashMap<u64, Counted<Awaited>>,
    /// From what is awaited to the tasks that wait for it; never empty.
    waiters: HashMap<Awaited, Counted<u64>>,
}

impl WaitGraph {
    /// `waiter` begins to wait. Waiting for the same thing twice counts twice.
    pub fn add(&mut self, waiter: u64, awaited: Awaited) {
        add_one(&mut self.waits, waiter, awaited);
        add_one(&mut self.waiters, awaited, waiter);
    }

    /// `waiter` no longer waits. `false` if it did not.
    pub fn remove(&mut self, waiter: u64, awaited: Awaited) -> bool {
        remove_one(&mut self.waits, &waiter, &awaited) && remove_one(&mut self.waiters, &awaited, &waiter)
    }

    /// Removes all waits of `waiter`, and gives them, each as many times as it was there.
    pub fn remove_all(&mut self, waiter: u64) -> Vec<Awaited> {
        let waits = self.waits.get(&waiter).into_iter().flatten();
        let all: Vec<_> = waits.flat_map(|(&awaited, &times)| std::iter::repeat_n(awaited, times)).collect();
        for &awaited in &all {
            self.remove(waiter, awaited);
        }
        all
    }

    /// Suspends all waits of `waiter` and has it wait for `awaited` alone, which is about to run in its stack: it cannot
    /// go on before that has returned, whatever else it waits for. Gives the suspended waits, for [`resume`](Self::resume).
    pub fn suspend(&mut self, waiter: u64, awaited: Awaited) -> Vec<Awaited> {
        let suspended = self.remove_all(waiter);
        self.add(waiter, awaited);
        suspended
    }

    /// Undoes [`suspend`](Self::suspend).
    pub fn resume(&mut self, waiter: u64, awaited: Awaited, suspended: Vec<Awaited>) {
        self.remove(waiter, awaited);
        for old in suspended {
            self.add(waiter, old);
        }
    }

    /// Whether `waiter` can never go on: all it waits for waits in turn, in the end for itself or for others that are stuck.
    ///
    /// `has_other_work` says of a task whether it may go on all the same, as one may that works for several.
    pub fn is_stuck(&self, waiter: u64, has_other_work: impl Fn(u64) -> bool) -> bool {
        let goes_on = |awaited, _: &mut Vec<u64>| match awaited {
            Awaited::Task(task) => (!self.is_waiting(task) || has_other_work(task)).then_some(()),
            Awaited::Room(_) | Awaited::Other => Some(()),
        };
        self.is_waiting(waiter) && !has_other_work(waiter) && self.find(waiter, goes_on).is_none()
    }

    /// Looks at all that `waiter` waits for, directly or through others, until `look` finds what it looks for. The list
    /// that `look` is given takes further tasks, whose waits are then looked at as well.
    pub fn find<T>(&self, waiter: u64, mut look: impl FnMut(Awaited, &mut Vec<u64>) -> Option<T>) -> Option<T> {
        let mut seen = HashSet::new();
        let mut further = vec![waiter];
        let mut open = Vec::new();
        loop {
            while let Some(task) = further.pop() {
                if let Some(waits) = self.waits.get(&task)
                    && seen.insert(task)
                {
                    open.push(waits.keys());
                }
            }
            let Some(&awaited) = open.last_mut()?.next() else {
                open.pop();
                continue;
            };
            let found = look(awaited, &mut further);
            if found.is_some() {
                return found;
            }
            if let Awaited::Task(task) = awaited {
                further.push(task);
            }
        }
    }

    /// All tasks that wait for `awaited`, directly or through others; not the awaited task itself. In the order of their numbers, so that
    /// what follows from it can be repeated.
    pub fn all_who_wait_for(&self, awaited: Awaited) -> Vec<u64> {
        let mut seen = BTreeSet::new();
        let mut open = vec![awaited];
        while let Some(next) = open.pop() {
            for &waiter in self.waiters.get(&next).into_iter().flat_map(BTreeMap::keys) {
                if seen.insert(waiter) {
                    open.push(Awaited::Task(waiter));
                }
            }
        }
        seen.into_iter().filter(|&waiter| Awaited::Task(waiter) != awaited).collect()
    }

    /// Whether `task` waits for anything.
    pub fn is_waiting(&self, task: u64) -> bool {
        self.waits.contains_key(&task)
    }

    /// Whether anything here speaks of `task`.
    pub fn mentions(&self, task: u64) -> bool {
        self.is_waiting(task) || self.waiters.contains_key(&Awaited::Task(task))
    }
}

fn add_one<K: Hash + Eq, V: Ord>(counts: &mut HashMap<K, Counted<V>>, key: K, value: V) {
    *counts.entry(key).or_default().entry(value).or_default() += 1;
}

fn remove_one<K: Hash + Eq, V: Ord>(counts: &mut HashMap<K, Counted<V>>, key: &K, value: &V) -> bool {
    let Some(counted) = counts.get_mut(key) else { return false };
    let Some(times) = counted.get_mut(value) else { return false };
    *times -= 1;
    if *times == 0 {
        counted.remove(value);
    }
    if counted.is_empty() {
        counts.remove(key);
    }
    true
}

#[cfg(test)]
#[path = "wait_graph_tests.rs"]
mod tests;
