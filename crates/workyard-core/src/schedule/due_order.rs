//! Owns the order in which timers fire. Never knows what a timer does.
//!
//! The first few stand in order. All others are in a tree of the bits of their keys, in which nothing is: a *leaf* is a heap of timers as
//! they came, and a *fork*, which is made of a leaf that has grown large or in which one is looked for, tells them apart by the highest six bits in which they differ. When
//! the first few are used up, the first leaf is sorted and its first few take their place. So setting a timer adds it to the end of some
//! leaf, and each timer is moved a few times in its life, mostly less than once for each six bits of its key, and sorted among some others.

use super::due_key::DueKey;
use crate::{Moment, mutant};

/// Timers in the order in which they fire.
///
/// Inserting and removing one costs the same however many there are: O(1), amortised, bounded by the bits of a key. What is removed takes
/// no memory any more, but for a part of what was around it.
#[derive(Debug)]
pub struct DueOrder<T> {
    /// Those that are before all others, the first one last. Empty only if there are no others.
    front: Vec<(DueKey, T)>,
    others: Node<T>,
    len: usize,
}

#[derive(Debug)]
enum Node<T> {
    Leaf(Vec<(DueKey, T)>),
    Fork(Box<Fork<T>>),
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
/// Among how many one is looked for that is to be taken out.
const SEARCHED: usize = 128;
/// How many there are in front at most.
const FRONT: usize = 256;
/// How many are in front though no others are behind them.
const FEW: usize = 64;

impl<T> DueOrder<T> {
    /// No timers.
    pub const fn new() -> Self {
        Self { front: Vec::new(), others: Node::EMPTY, len: 0 }
    }

    /// Adds a timer. `true` if it is the first one now, so that whoever sleeps until then has to look again.
    pub fn insert(&mut self, key: DueKey, timer: T) -> bool {
        self.len += 1;
        let goes_in_front = match self.front.first() {
            Some((last, _)) => key < *last || (self.front.len() < FEW && self.others.is_empty()),
            None => true,
        };
        if !goes_in_front {
            self.others.insert(key, timer);
            return false;
        }
        let goes_last = mutant!("timer-out-of-order");
        let at = if goes_last { self.front.len() } else { self.front.partition_point(|(at, _)| *at > key) };
        self.front.insert(at, (key, timer));
        let is_first = at + 1 == self.front.len();
        if self.front.len() > FRONT {
            for (key, timer) in self.front.drain(..FRONT / 2) {
                self.others.insert(key, timer);
            }
        }
        is_first
    }

    /// Takes a timer out, if it is here.
    pub fn remove(&mut self, key: &DueKey) -> Option<T> {
        let timer = if self.is_in_front(key) {
            let at = self.place_in_front(key)?;
            self.front.remove(at).1
        } else {
            self.others.remove(*key)?
        };
        self.is_one_less();
        Some(timer)
    }

    /// Whether a timer is here.
    pub fn contains(&self, key: &DueKey) -> bool {
        if self.is_in_front(key) { self.place_in_front(key).is_some() } else { self.others.contains(*key) }
    }

    /// The place of the first timer.
    pub fn next(&self) -> Option<DueKey> {
        self.front.last().map(|(key, _)| *key)
    }

    /// Takes the first timer out.
    pub fn pop(&mut self) -> Option<(DueKey, T)> {
        let first = self.front.pop()?;
        self.is_one_less();
        Some(first)
    }

    /// Takes the first timer out, if it is due.
    pub fn pop_due(&mut self, now: Moment) -> Option<(DueKey, T)> {
        if self.next()?.due() <= now { self.pop() } else { None }
    }

    /// All timers, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&DueKey, &T)> {
        let mut nodes = vec![&self.others];
        let leaves = std::iter::from_fn(move || {
            loop {
                match nodes.pop()? {
                    Node::Leaf(timers) => return Some(timers),
                    Node::Fork(fork) => nodes.extend(&fork.branches),
                }
            }
        });
        self.front.iter().chain(leaves.flatten()).map(|(key, timer)| (key, timer))
    }

    /// How many timers there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether a timer would be in front, if it was here.
    fn is_in_front(&self, key: &DueKey) -> bool {
        self.front.first().is_some_and(|(last, _)| key <= last)
    }

    fn place_in_front(&self, key: &DueKey) -> Option<usize> {
        self.front.binary_search_by(|(at, _)| key.cmp(at)).ok()
    }

    /// One was taken out.
    fn is_one_less(&mut self) {
        self.len -= 1;
        if self.front.is_empty() {
            self.others.take_first(&mut self.front);
            // Where there are never more than a few, their room is kept.
            if self.front.is_empty() && self.front.capacity() > FEW {
                self.front = Vec::new();
            }
        }
    }
}

impl<T> Default for DueOrder<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Node<T> {
    const EMPTY: Self = Self::Leaf(Vec::new());

    fn insert(&mut self, key: DueKey, timer: T) {
        let mut node = self;
        loop {
            // The fork that a full leaf becomes may not have a place for it either.
            while node.has_to_fork(key) {
                node.fork(key);
            }
            match node {
                Self::Leaf(timers) => return timers.push((key, timer)),
                Self::Fork(fork) => node = fork.branch_for(key),
            }
        }
    }

    /// Whether it has no place for this key as it is.
    fn has_to_fork(&self, key: DueKey) -> bool {
        match self {
            Self::Leaf(timers) => timers.len() >= FULL,
            Self::Fork(fork) => !fork.covers(key),
        }
    }

    /// Makes a fork of it, in which there is a place for this key.
    fn fork(&mut self, key: DueKey) {
        match std::mem::replace(self, Self::EMPTY) {
            Self::Leaf(timers) => *self = Self::Fork(Fork::of(timers)),
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
        if matches!(self, Self::Leaf(timers) if timers.len() > SEARCHED) {
            self.fork(key);
        }
        match self {
            Self::Leaf(timers) => {
                let at = timers.iter().position(|(at, _)| *at == key)?;
                let (_, timer) = timers.swap_remove(at);
                give_back_room(timers);
                Some(timer)
            }
            Self::Fork(fork) => {
                if !fork.covers(key) {
                    return None;
                }
                let at = fork.branch_of(key);
                let removed = fork.branch_mut(at).remove(key)?;
                self.tidy(at);
                Some(removed)
            }
        }
    }

    /// Takes the first few of the first leaf out, which is sorted from then on: the next ones cost next to nothing.
    fn take_first(&mut self, front: &mut Vec<(DueKey, T)>) {
        match self {
            Self::Leaf(timers) => {
                timers.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
                front.extend(timers.drain(timers.len().saturating_sub(FRONT)..));
                give_back_room(timers);
            }
            Self::Fork(fork) => {
                let at = fork.taken.trailing_zeros() as usize;
                fork.branch_mut(at).take_first(front);
                self.tidy(at);
            }
        }
    }

    /// Something was taken out of this branch: if nothing is left there, or at all, no room is taken for it.
    fn tidy(&mut self, at: usize) {
        if let Self::Fork(fork) = self
            && fork.branch(at).is_empty()
        {
            *fork.branch_mut(at) = Self::EMPTY;
            fork.taken &= !(1 << at);
            if fork.taken == 0 {
                *self = Self::EMPTY;
            }
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Leaf(timers) if timers.is_empty())
    }

    fn contains(&self, key: DueKey) -> bool {
        let mut node = self;
        loop {
            match node {
                Self::Leaf(timers) => return timers.iter().any(|(at, _)| *at == key),
                Self::Fork(fork) if !fork.covers(key) => return false,
                Self::Fork(fork) => node = fork.branch(fork.branch_of(key)),
            }
        }
    }
}

impl<T> Fork<T> {
    /// An empty one, for keys that are as this one above its six bits.
    fn at(bit: u32, key: DueKey) -> Box<Self> {
        Box::new(Self { bit, above: key.bits_from(bit + BITS), taken: 0, branches: [const { Node::EMPTY }; BRANCHES] })
    }

    /// Of all timers of a leaf, at least two.
    #[expect(clippy::indexing_slicing, reason = "there are timers, and as many counts as branches")]
    fn of(timers: Vec<(DueKey, T)>) -> Box<Self> {
        let first = timers[0].0;
        let differs = timers.iter().fold(0, |differs, (key, _)| differs | key.differs_in(first));
        let mut fork = Self::at(bit_of(differs), first);
        let mut counts = [0_u32; BRANCHES];
        for (key, _) in &timers {
            counts[fork.branch_of(*key)] += 1;
        }
        for (branch, &count) in fork.branches.iter_mut().zip(&counts).filter(|(_, count)| **count > 0) {
            *branch = Node::Leaf(Vec::with_capacity(count as usize));
        }
        for (key, timer) in timers {
            if let Node::Leaf(branch) = fork.branch_for(key) {
                branch.push((key, timer));
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

/// Some were taken out.
fn give_back_room<T>(timers: &mut Vec<T>) {
    if timers.len() < timers.capacity() / 4 {
        timers.shrink_to(timers.len() * 2);
    }
}

/// The lowest of the six bits by which keys are told apart that differ in these.
const fn bit_of(differs: u128) -> u32 {
    (DueKey::BITS - 1 - differs.leading_zeros()) / BITS * BITS
}

#[cfg(test)]
#[path = "due_order_tests.rs"]
mod tests;
