//! Owns the items that are queued, and which of them goes next. Never counts a limit, never waits.

use std::collections::VecDeque;
use std::time::Duration;

use workyard_core::{Ageing, Priority};

use super::times::{Nanos, PutTimes};

/// The items of a queue in one of three orders. Push is amortised O(1); pop is O(1) in the number of items.
///
/// Memory grows with the items, not with the capacity of the queue.
pub(super) enum Store<T> {
    Fifo(VecDeque<T>),
    Lifo(Vec<T>),
    /// Elsewhere, so that the other orders have less to carry.
    Priority(Box<Classes<T>>),
}

impl<T> Store<T> {
    pub(super) const fn fifo() -> Self {
        Self::Fifo(VecDeque::new())
    }

    pub(super) const fn lifo() -> Self {
        Self::Lifo(Vec::new())
    }

    pub(super) fn priority(ageing: Ageing) -> Self {
        Self::Priority(Box::new(Classes::new(ageing)))
    }

    /// Whether the order depends on the time of a put.
    pub(super) fn ages(&self) -> bool {
        match self {
            Self::Fifo(_) | Self::Lifo(_) => false,
            // What is less urgent than the most urgent ranks behind it for ever, or does not.
            Self::Priority(classes) => classes.handicaps[1] < LAST,
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Fifo(items) => items.len(),
            Self::Lifo(items) => items.len(),
            Self::Priority(classes) => classes.len,
        }
    }

    /// `priority` and `clock`, which gives the time since the queue was made, count for a priority queue only.
    #[inline]
    pub(super) fn push(&mut self, item: T, priority: Priority, clock: impl FnOnce() -> Nanos) {
        match self {
            Self::Fifo(items) => items.push_back(item),
            Self::Lifo(items) => items.push(item),
            Self::Priority(classes) => classes.push(item, priority, clock),
        }
    }

    /// Somebody waits: the next put may come much later than the one before.
    pub(super) fn look_at_clock(&mut self) {
        if let Self::Priority(classes) = self {
            classes.times.look();
        }
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<T> {
        match self {
            Self::Fifo(items) => items.pop_front(),
            Self::Lifo(items) => items.pop(),
            Self::Priority(classes) => classes.pop(),
        }
    }

    /// Takes out so many, or all if there are less.
    pub(super) fn pop_many(&mut self, count: usize) -> Vec<T> {
        match self {
            Self::Fifo(items) => items.drain(..count.min(items.len())).collect(),
            Self::Lifo(_) | Self::Priority(_) => {
                let mut taken = Vec::with_capacity(count.min(self.len()));
                taken.extend((0..count).map_while(|_| self.pop()));
                taken
            }
        }
    }

    /// Takes everything out, memory included.
    pub(super) fn take(&mut self) -> Self {
        let empty = match self {
            Self::Fifo(_) => Self::fifo(),
            Self::Lifo(_) => Self::lifo(),
            Self::Priority(classes) => Self::Priority(Box::new(Classes::with_handicaps(classes.handicaps))),
        };
        std::mem::replace(self, empty)
    }
}

/// One FIFO per level of priority, the most urgent first. The head of each ranks first of its level, so the item that goes
/// next is one of the heads.
#[repr(C, align(64))]
pub(super) struct Classes<T> {
    /// The rank of the head of each level; the smaller goes first.
    heads: [Nanos; Priority::LEVELS],
    len: usize,
    times: PutTimes,
    by_urgency: [VecDeque<(Nanos, T)>; Priority::LEVELS],
    /// What a level adds to the time of a put to make the rank.
    handicaps: [Nanos; Priority::LEVELS],
}

impl<T> Classes<T> {
    fn new(ageing: Ageing) -> Self {
        let mut handicaps = [0; Priority::LEVELS];
        for priority in Priority::ALL {
            handicaps[index(priority)] = nanos(ageing.rank(priority, Duration::ZERO));
        }
        Self::with_handicaps(handicaps)
    }

    fn with_handicaps(handicaps: [Nanos; Priority::LEVELS]) -> Self {
        Self {
            heads: [EMPTY; Priority::LEVELS],
            len: 0,
            times: PutTimes::new(handicaps[1]),
            by_urgency: std::array::from_fn(|_| VecDeque::new()),
            handicaps,
        }
    }

    #[inline]
    fn push(&mut self, item: T, priority: Priority, clock: impl FnOnce() -> Nanos) {
        let index = index(priority);
        // Without any handicaps but those that never end, time makes no difference.
        let now = if self.handicaps[1] < LAST { self.times.next(clock) } else { 0 };
        let rank = now.saturating_add(self.handicaps[index]).min(LAST);
        // Within a level ranks only grow, so this is the head's, if there is one.
        self.heads[index] = self.heads[index].min(rank);
        self.by_urgency[index].push_back((rank, item));
        self.len += 1;
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        let next = self.next();
        let level = &mut self.by_urgency[next];
        let (_, item) = level.pop_front()?;
        self.heads[next] = level.front().map_or(EMPTY, |(rank, _)| *rank);
        self.len -= 1;
        Some(item)
    }

    /// The level whose head ranks first; of equals, the more urgent.
    #[inline]
    fn next(&self) -> usize {
        let (mut next, mut least) = (0, self.heads[0]);
        for index in 1..Priority::LEVELS {
            let rank = self.heads[index];
            // Without branches, which nobody could foretell.
            next = if rank < least { index } else { next };
            least = least.min(rank);
        }
        next
    }
}

/// The rank of no item, behind all others.
const EMPTY: Nanos = Nanos::MAX;

/// The rank of what may wait for ever.
const LAST: Nanos = EMPTY - 1;

pub(super) fn nanos(time: Duration) -> Nanos {
    time.as_secs().saturating_mul(1_000_000_000).saturating_add(Nanos::from(time.subsec_nanos()))
}

/// The place of a level among those by urgency.
const fn index(priority: Priority) -> usize {
    Priority::HIGHEST.level() - priority.level()
}
