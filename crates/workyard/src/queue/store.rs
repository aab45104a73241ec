//! Owns the items that are queued, and which of them goes next. Never counts a limit, never waits.

use std::collections::VecDeque;
use std::time::Duration;

use workyard_core::{Ageing, Priority};

/// The items of a queue in one of three orders. Push is amortised O(1); pop is O(1) in the number of items.
///
/// Memory grows with the items, not with the capacity of the queue.
pub(super) enum Store<T> {
    Fifo(VecDeque<T>),
    Lifo(Vec<T>),
    Priority(Classes<T>),
}

impl<T> Store<T> {
    pub(super) const fn fifo() -> Self {
        Self::Fifo(VecDeque::new())
    }

    pub(super) const fn lifo() -> Self {
        Self::Lifo(Vec::new())
    }

    pub(super) fn priority(ageing: Ageing) -> Self {
        Self::Priority(Classes::new(ageing))
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Fifo(items) => items.len(),
            Self::Lifo(items) => items.len(),
            Self::Priority(classes) => classes.len,
        }
    }

    /// `priority` and `now`, the time since the queue was made, count for a priority queue only.
    pub(super) fn push(&mut self, item: T, priority: Priority, now: Duration) {
        match self {
            Self::Fifo(items) => items.push_back(item),
            Self::Lifo(items) => items.push(item),
            Self::Priority(classes) => classes.push(item, priority, now),
        }
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        match self {
            Self::Fifo(items) => items.pop_front(),
            Self::Lifo(items) => items.pop(),
            Self::Priority(classes) => classes.pop(),
        }
    }

    /// Takes everything out, memory included.
    pub(super) fn take(&mut self) -> Self {
        let empty = match self {
            Self::Fifo(_) => Self::fifo(),
            Self::Lifo(_) => Self::lifo(),
            Self::Priority(classes) => Self::priority(classes.ageing),
        };
        std::mem::replace(self, empty)
    }
}

/// One FIFO per level of priority. The head of each is the oldest of its level, so the item that goes next is one of
/// the heads.
pub(super) struct Classes<T> {
    ageing: Ageing,
    by_level: [VecDeque<(Duration, T)>; Priority::LEVELS],
    len: usize,
    /// The latest time stamp given, which the next is not before: clocks of several threads may disagree.
    latest: Duration,
}

impl<T> Classes<T> {
    fn new(ageing: Ageing) -> Self {
        Self { ageing, by_level: std::array::from_fn(|_| VecDeque::new()), len: 0, latest: Duration::ZERO }
    }

    fn push(&mut self, item: T, priority: Priority, now: Duration) {
        self.latest = self.latest.max(now);
        self.by_level[priority.level()].push_back((self.latest, item));
        self.len += 1;
    }

    fn pop(&mut self) -> Option<T> {
        let ranked = BY_URGENCY.into_iter().filter_map(|priority| {
            let (put_at, _) = self.by_level[priority.level()].front()?;
            Some((self.ageing.rank(priority, *put_at), priority))
        });
        // `min_by_key` gives the first of equals, which is the more urgent.
        let (_, next) = ranked.min_by_key(|(rank, _)| *rank)?;
        let (_, item) = self.by_level[next.level()].pop_front()?;
        self.len -= 1;
        Some(item)
    }
}

/// Every level, the most urgent first.
const BY_URGENCY: [Priority; Priority::LEVELS] =
    [Priority::HIGHEST, Priority::HIGH, Priority::NORMAL, Priority::LOW, Priority::LOWEST];
