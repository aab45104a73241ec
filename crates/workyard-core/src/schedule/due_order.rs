//! Owns the order in which timers fire. Never knows what a timer does.
//!
//! A tree of the bits of their keys, in which only that is in order which somebody has looked at. A *leaf* is a heap of timers as they came;
//! a *fork* tells them apart by the highest six bits in which they differ. A leaf that has grown large, or in which one is looked for, is
//! forked, and only the small leaf with the first timer of all is sorted. So setting a timer adds it to the end of some leaf, and
//! each timer is moved a few times in its life, at most once for each six bits of its key, and sorted among a few others.

use super::due_key::DueKey;
use crate::{Moment, mutant};

/// Timers in the order in which they fire.
///
/// Inserting and removing one costs the same however many there are: O(1), amortised, bounded by the bits of a key. What is removed takes
/// no memory any more, but for a part of what was around it.
#[derive(Debug)]
pub struct DueOrder<T> {
    root: Node<T>,
    first: Option<DueKey>,
    len: usize,
}

#[derive(Debug)]
enum Node<T> {
    Leaf(Leaf<T>),
    Fork(Box<Fork<T>>),
}

#[derive(Debug)]
struct Leaf<T> {
    timers: Vec<(DueKey, T)>,
    /// Whether the first timer is the last in here, and so on.
    is_sorted: bool,
}

/// Timers whose keys are the same above some six bits.
#[derive(Debug)]
struct Fork<T> {
    /// The lowest of the six bits.
    bit: u32,
    /// What all keys have above them.
    above: u128,
    /// One bit for each branch that is not empty.
    taken: u64,
    branches: [Node<T>; BRANCHES],
}

const BITS: u32 = 6;
const BRANCHES: usize = 1 << BITS;

/// How many timers a leaf takes before it is forked.
const FULL: usize = 1_024;
/// In how many one timer is looked for, or the first is found by sorting them.
const FEW: usize = 64;

impl<T> DueOrder<T> {
    /// No timers.
    pub const fn new() -> Self {
        Self { root: Node::EMPTY, first: None, len: 0 }
    }

    /// Adds a timer. `true` if it is the first one now, so that whoever sleeps until then has to look again.
    pub fn insert(&mut self, key: DueKey, timer: T) -> bool {
        self.root.insert(key, timer);
        self.len += 1;
        let is_first = self.first.is_none_or(|first| key < first);
        if is_first {
            self.first = Some(key);
        }
        is_first
    }

    /// Takes a timer out, if it is here.
    pub fn remove(&mut self, key: &DueKey) -> Option<T> {
        let timer = self.root.remove(*key)?;
        self.len -= 1;
        if self.first == Some(*key) {
            self.first = self.root.find_first();
        }
        Some(timer)
    }

    /// Whether a timer is here.
    pub fn contains(&self, key: &DueKey) -> bool {
        self.root.contains(*key)
    }

    /// The place of the first timer.
    pub const fn next(&self) -> Option<DueKey> {
        self.first
    }

    /// Takes the first timer out.
    pub fn pop(&mut self) -> Option<(DueKey, T)> {
        let key = self.first?;
        self.remove(&key).map(|timer| (key, timer))
    }

    /// Takes the first timer out, if it is due.
    pub fn pop_due(&mut self, now: Moment) -> Option<(DueKey, T)> {
        if self.first?.due() <= now { self.pop() } else { None }
    }

    /// All timers, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&DueKey, &T)> {
        let mut nodes = vec![&self.root];
        let leaves = std::iter::from_fn(move || {
            loop {
                match nodes.pop()? {
                    Node::Leaf(leaf) => return Some(leaf),
                    Node::Fork(fork) => nodes.extend(&fork.branches),
                }
            }
        });
        leaves.flat_map(|leaf| leaf.timers.iter().map(|(key, timer)| (key, timer)))
    }

    /// How many timers there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<T> Default for DueOrder<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Node<T> {
    const EMPTY: Self = Self::Leaf(Leaf { timers: Vec::new(), is_sorted: false });

    fn insert(&mut self, key: DueKey, timer: T) {
        let mut node = self;
        loop {
            // The fork that a full leaf becomes may not have a place for it either.
            while node.has_to_fork(key) {
                node.fork(key);
            }
            match node {
                Self::Leaf(leaf) => return leaf.insert(key, timer),
                Self::Fork(fork) => node = fork.branch_for(key),
            }
        }
    }

    /// Whether it has no place for this key as it is.
    fn has_to_fork(&self, key: DueKey) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.timers.len() >= if leaf.is_sorted { FEW } else { FULL },
            Self::Fork(fork) => !fork.covers(key),
        }
    }

    /// Makes a fork of it, in which there is a place for this key.
    fn fork(&mut self, key: DueKey) {
        match std::mem::replace(self, Self::EMPTY) {
            Self::Leaf(leaf) => *self = Self::Fork(Fork::of(leaf)),
            Self::Fork(below) => {
                // A key of what is below: what is not known of it is below its fork, and so below the new one.
                let differs = (below.above ^ key.bits_from(below.bit + BITS)) << (below.bit + BITS);
                let mut above = Fork::at(bit_of(differs), key);
                let at = (below.above >> (above.bit - below.bit - BITS)) % BRANCHES as u128;
                let at = at as usize;
                above.taken = 1 << at;
                *above.branch_mut(at) = Self::Fork(below);
                *self = Self::Fork(above);
            }
        }
    }

    fn remove(&mut self, key: DueKey) -> Option<T> {
        if matches!(self, Self::Leaf(leaf) if leaf.timers.len() > FEW) {
            self.fork(key);
        }
        match self {
            Self::Leaf(leaf) => leaf.remove(key),
            Self::Fork(fork) => {
                if !fork.covers(key) {
                    return None;
                }
                let at = fork.branch_of(key);
                let branch = fork.branch_mut(at);
                let removed = branch.remove(key)?;
                if branch.is_empty() {
                    *branch = Self::EMPTY;
                    fork.taken &= !(1 << at);
                }
                if fork.taken == 0 {
                    *self = Self::EMPTY;
                }
                Some(removed)
            }
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Leaf(leaf) if leaf.timers.is_empty())
    }

    fn contains(&self, key: DueKey) -> bool {
        let mut node = self;
        loop {
            match node {
                Self::Leaf(leaf) => return leaf.timers.iter().any(|(at, _)| *at == key),
                Self::Fork(fork) if !fork.covers(key) => return false,
                Self::Fork(fork) => node = fork.branch(fork.branch_of(key)),
            }
        }
    }

    /// The first of all, whose leaf is small and sorted from then on.
    fn find_first(&mut self) -> Option<DueKey> {
        let mut node = self;
        loop {
            if let Self::Leaf(leaf) = node
                && leaf.timers.len() > FEW
            {
                *node = Self::Fork(Fork::of(std::mem::take(leaf)));
            }
            match node {
                Self::Leaf(leaf) => return leaf.first(),
                Self::Fork(fork) => node = fork.branch_mut(fork.taken.trailing_zeros() as usize),
            }
        }
    }
}

impl<T> Default for Leaf<T> {
    fn default() -> Self {
        Self { timers: Vec::new(), is_sorted: false }
    }
}

impl<T> Leaf<T> {
    fn insert(&mut self, key: DueKey, timer: T) {
        let goes_last = !self.is_sorted || mutant!("timer-out-of-order");
        let at = if goes_last { self.timers.len() } else { self.timers.partition_point(|(at, _)| *at > key) };
        self.timers.insert(at, (key, timer));
    }

    fn remove(&mut self, key: DueKey) -> Option<T> {
        let at = if self.is_sorted {
            self.timers.binary_search_by(|(at, _)| key.cmp(at)).ok()?
        } else {
            self.timers.iter().position(|(at, _)| *at == key)?
        };
        let (_, timer) = if self.is_sorted { self.timers.remove(at) } else { self.timers.swap_remove(at) };
        if self.timers.len() < self.timers.capacity() / 4 {
            self.timers.shrink_to(self.timers.len() * 2);
        }
        Some(timer)
    }

    fn first(&mut self) -> Option<DueKey> {
        if !self.is_sorted {
            self.timers.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
            self.is_sorted = true;
        }
        self.timers.last().map(|(key, _)| *key)
    }
}

impl<T> Fork<T> {
    /// An empty one, for keys that are as this one above its six bits.
    fn at(bit: u32, key: DueKey) -> Box<Self> {
        Box::new(Self { bit, above: key.bits_from(bit + BITS), taken: 0, branches: [const { Node::EMPTY }; BRANCHES] })
    }

    /// Of all timers of a leaf, at least two.
    #[expect(clippy::indexing_slicing, reason = "there are timers, and as many counts as branches")]
    fn of(leaf: Leaf<T>) -> Box<Self> {
        let first = leaf.timers[0].0;
        let differs = leaf.timers.iter().fold(0, |differs, (key, _)| differs | key.differs_in(first));
        let mut fork = Self::at(bit_of(differs), first);
        let mut counts = [0_u32; BRANCHES];
        for (key, _) in &leaf.timers {
            counts[fork.branch_of(*key)] += 1;
        }
        for (branch, &count) in fork.branches.iter_mut().zip(&counts).filter(|(_, count)| **count > 0) {
            *branch = Node::Leaf(Leaf { timers: Vec::with_capacity(count as usize), is_sorted: leaf.is_sorted });
        }
        for (key, timer) in leaf.timers {
            // In the order in which they were: what was sorted still is.
            if let Node::Leaf(branch) = fork.branch_for(key) {
                branch.timers.push((key, timer));
            }
        }
        fork
    }

    fn covers(&self, key: DueKey) -> bool {
        key.bits_from(self.bit + BITS) == self.above
    }

    fn branch_of(&self, key: DueKey) -> usize {
        (key.bits_from(self.bit) % BRANCHES as u128) as usize
    }

    fn branch_for(&mut self, key: DueKey) -> &mut Node<T> {
        let at = self.branch_of(key);
        self.taken |= 1 << at;
        self.branch_mut(at)
    }

    #[expect(clippy::indexing_slicing, reason = "six bits name one of 64 branches, and a fork is never empty")]
    fn branch(&self, at: usize) -> &Node<T> {
        &self.branches[at]
    }

    #[expect(clippy::indexing_slicing, reason = "as above")]
    fn branch_mut(&mut self, at: usize) -> &mut Node<T> {
        &mut self.branches[at]
    }
}

/// The lowest of the six bits by which keys are told apart that differ in these.
const fn bit_of(differs: u128) -> u32 {
    (DueKey::BITS - 1 - differs.leading_zeros()) / BITS * BITS
}

#[cfg(test)]
#[path = "due_order_tests.rs"]
mod tests;
