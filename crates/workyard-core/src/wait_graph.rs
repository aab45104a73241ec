//! Owns who waits directly for whom, among the tasks of a yard. Never wakes or runs one.
//!
//! A task that waits for several things goes on when *any* of them comes, as far as anyone here can tell (it may be a
//! `select!`), so it is stuck only if none can: if every path of waits from it leads back into waiting. Waiting for
//! room in a lane never counts as stuck, since tasks that hold the lane's slots while they wait give them up for that.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// What a task waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Awaited {
    /// The end of the task with this number.
    Task(u64),
    /// Room in the lane with this number.
    Room(usize),
}

/// The direct waits of a yard's tasks.
#[derive(Debug, Default)]
pub struct WaitGraph {
    /// From a waiting task to what it waits for; never empty lists.
    waits: HashMap<u64, Vec<Awaited>>,
    /// From what is awaited to the tasks that wait for it; never empty lists.
    waiters: HashMap<Awaited, Vec<u64>>,
}

impl WaitGraph {
    /// `waiter` begins to wait. Waiting for the same thing twice counts twice.
    pub fn add(&mut self, waiter: u64, awaited: Awaited) {
        self.waits.entry(waiter).or_default().push(awaited);
        self.waiters.entry(awaited).or_default().push(waiter);
    }

    /// `waiter` no longer waits. `false` if it did not.
    pub fn remove(&mut self, waiter: u64, awaited: Awaited) -> bool {
        let waited = remove_one(&mut self.waits, &waiter, &awaited);
        waited && remove_one(&mut self.waiters, &awaited, &waiter)
    }

    /// Suspends all waits of `waiter` and has it wait for `awaited` alone, which is about to run in its stack: it cannot
    /// go on before that has returned, whatever else it waits for. Gives the suspended waits, for [`resume`](Self::resume).
    pub fn suspend(&mut self, waiter: u64, awaited: Awaited) -> Vec<Awaited> {
        let suspended = self.waits.get(&waiter).cloned().unwrap_or_default();
        for &old in &suspended {
            self.remove(waiter, old);
        }
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
    pub fn is_stuck(&self, waiter: u64) -> bool {
        let waits = |&awaited: &Awaited| matches!(awaited, Awaited::Task(task) if self.is_waiting(task));
        self.is_waiting(waiter) && self.awaited_by(waiter).iter().all(waits)
    }

    /// All that `waiter` waits for, directly or through others.
    pub fn awaited_by(&self, waiter: u64) -> Vec<Awaited> {
        let mut awaited = Vec::new();
        let mut seen = HashSet::new();
        let mut open = vec![waiter];
        while let Some(task) = open.pop() {
            for &next in self.waits.get(&task).into_iter().flatten() {
                if seen.insert(next) {
                    awaited.push(next);
                    if let Awaited::Task(next) = next {
                        open.push(next);
                    }
                }
            }
        }
        awaited
    }

    /// All tasks that wait for `task`, directly or through others; not `task` itself.
    pub fn all_who_wait_for(&self, task: u64) -> Vec<u64> {
        let mut seen = HashSet::from([task]);
        let mut open = vec![task];
        while let Some(task) = open.pop() {
            let direct = self.waiters.get(&Awaited::Task(task)).into_iter().flatten();
            open.extend(direct.filter(|&&waiter| seen.insert(waiter)));
        }
        seen.remove(&task);
        seen.into_iter().collect()
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

fn remove_one<K: Hash + Eq, V: PartialEq>(lists: &mut HashMap<K, Vec<V>>, key: &K, value: &V) -> bool {
    let Some(list) = lists.get_mut(key) else { return false };
    let Some(at) = list.iter().position(|v| v == value) else { return false };
    list.swap_remove(at);
    if list.is_empty() {
        lists.remove(key);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use Awaited::{Room, Task};

    fn graph(waits: &[(u64, Awaited)]) -> WaitGraph {
        let mut graph = WaitGraph::default();
        for &(waiter, awaited) in waits {
            graph.add(waiter, awaited);
        }
        graph
    }

    #[test]
    fn who_waits_for_itself_or_in_a_circle_is_stuck() {
        assert!(graph(&[(1, Task(1))]).is_stuck(1));
        let circle = graph(&[(1, Task(2)), (2, Task(3)), (3, Task(1))]);
        assert!((1..=3).all(|task| circle.is_stuck(task)));
        let outside = graph(&[(0, Task(1)), (1, Task(2)), (2, Task(1))]);
        assert!(outside.is_stuck(0), "who waits for a circle is as stuck as those in it");
    }

    #[test]
    fn one_way_out_is_enough() {
        let selects = graph(&[(1, Task(2)), (2, Task(1)), (1, Task(9))]);
        assert!(!selects.is_stuck(1) && !selects.is_stuck(2));
        assert!(!graph(&[(1, Room(0))]).is_stuck(1), "room is made");
        assert!(!graph(&[]).is_stuck(1), "who does not wait is not stuck");
    }

    #[test]
    fn waits_are_followed_both_ways() {
        let chain = graph(&[(1, Task(2)), (2, Task(3)), (2, Room(7)), (3, Task(4))]);
        let mut awaited = chain.awaited_by(1);
        awaited.sort_by_key(|end| format!("{end:?}"));
        assert_eq!(awaited, [Room(7), Task(2), Task(3), Task(4)]);
        let mut waiters = chain.all_who_wait_for(4);
        waiters.sort_unstable();
        assert_eq!(waiters, [1, 2, 3]);
    }

    #[test]
    fn a_wait_that_is_removed_leaves_nothing() {
        let mut graph = graph(&[(1, Task(2)), (1, Task(2)), (2, Task(1))]);
        assert!(graph.is_stuck(1));
        assert!(graph.remove(1, Task(2)) && graph.is_stuck(1), "it was there twice");
        assert!(graph.remove(1, Task(2)) && !graph.is_stuck(1));
        assert!(!graph.remove(1, Task(2)));
        assert!(graph.remove(2, Task(1)));
        assert!(!graph.mentions(1) && !graph.mentions(2));
    }

    #[test]
    fn who_runs_another_in_its_stack_waits_for_that_alone() {
        let mut graph = graph(&[(1, Room(0))]);
        let suspended = graph.suspend(1, Task(5));
        graph.add(5, Task(1));
        assert!(graph.is_stuck(5), "1 cannot go on before 5 returns");
        graph.remove(5, Task(1));
        graph.resume(1, Task(5), suspended);
        assert_eq!(graph.awaited_by(1), [Room(0)]);
    }
}
