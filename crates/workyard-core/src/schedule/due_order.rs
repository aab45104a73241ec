//! Owns the order in which timers fire. Never knows what a timer does.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::{Moment, Priority};

/// Where a timer stands: by its due time, then by priority, then by its number, which counts in order of insertion.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DueKey {
    due: Moment,
    urgency: Reverse<Priority>,
    number: u64,
}

impl DueKey {
    /// The place of a timer.
    pub const fn new(due: Moment, priority: Priority, number: u64) -> Self {
        Self { due, urgency: Reverse(priority), number }
    }

    /// When the timer is due.
    pub const fn due(&self) -> Moment {
        self.due
    }

    /// How urgent it is.
    pub const fn priority(&self) -> Priority {
        self.urgency.0
    }

    /// The timer's number.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The same timer, at another time.
    #[must_use]
    pub const fn at(mut self, due: Moment) -> Self {
        self.due = due;
        self
    }
}

/// Timers in the order in which they fire.
///
/// A tree: whatever is inserted, removed or due costs O(log n), and what is removed takes no memory any more.
#[derive(Debug)]
pub struct DueOrder<T> {
    timers: BTreeMap<DueKey, T>,
}

impl<T> DueOrder<T> {
    /// No timers.
    pub const fn new() -> Self {
        Self { timers: BTreeMap::new() }
    }

    /// Adds a timer. `true` if it is the first one now, so that whoever sleeps until then has to look again.
    pub fn insert(&mut self, key: DueKey, timer: T) -> bool {
        let is_first = self.next().is_none_or(|first| key < first);
        let replaced = self.timers.insert(key, timer);
        debug_assert!(replaced.is_none(), "a number stands here once");
        is_first
    }

    /// Takes a timer out, if it is here.
    pub fn remove(&mut self, key: &DueKey) -> Option<T> {
        self.timers.remove(key)
    }

    /// Whether a timer is here.
    pub fn contains(&self, key: &DueKey) -> bool {
        self.timers.contains_key(key)
    }

    /// The place of the first timer.
    pub fn next(&self) -> Option<DueKey> {
        self.timers.first_key_value().map(|(key, _)| *key)
    }

    /// Takes the first timer out.
    pub fn pop(&mut self) -> Option<(DueKey, T)> {
        self.timers.pop_first()
    }

    /// Takes the first timer out, if it is due.
    pub fn pop_due(&mut self, now: Moment) -> Option<(DueKey, T)> {
        let first = self.timers.first_entry()?;
        (first.key().due <= now).then(|| first.remove_entry())
    }

    /// All timers, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&DueKey, &T)> {
        self.timers.iter()
    }

    /// How many timers there are.
    pub fn len(&self) -> usize {
        self.timers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.timers.is_empty()
    }
}

impl<T> Default for DueOrder<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use workyard_testkit::{Rng, SeedOnPanic, seeds};

    use super::*;

    fn at(seconds: usize) -> Moment {
        Moment::new(Duration::from_secs(seconds as u64))
    }

    /// The list of all timers, sorted when asked.
    fn first_of(model: &[DueKey]) -> Option<DueKey> {
        model.iter().copied().min_by(|a, b| {
            let by_time = a.due().cmp(&b.due());
            by_time.then(b.priority().cmp(&a.priority())).then(a.number().cmp(&b.number()))
        })
    }

    #[test]
    fn agrees_with_a_list_that_is_searched() {
        for seed in seeds(300) {
            let _seed = SeedOnPanic::new(seed);
            let mut rng = Rng::new(seed);
            let (mut order, mut model) = (DueOrder::new(), Vec::<DueKey>::new());
            let mut now = 0;
            for number in 0..200_u64 {
                match rng.below(4) {
                    0 | 1 => {
                        let key = DueKey::new(at(now + rng.below(5)), *rng.pick(&Priority::ALL), number);
                        let is_first = first_of(&model).is_none_or(|first| first_of(&[first, key]) == Some(key));
                        assert_eq!(order.insert(key, number), is_first);
                        model.push(key);
                    }
                    2 if !model.is_empty() => {
                        let key = model.swap_remove(rng.below(model.len()));
                        assert_eq!(order.remove(&key), Some(key.number()));
                        assert_eq!(order.remove(&key), None);
                    }
                    _ => {
                        now += rng.below(3);
                        let due = first_of(&model).filter(|first| first.due() <= at(now));
                        assert_eq!(order.pop_due(at(now)), due.map(|key| (key, key.number())));
                        model.retain(|key| Some(*key) != due);
                    }
                }
                assert_eq!((order.next(), order.len()), (first_of(&model), model.len()));
            }
            let listed: Vec<_> = order.iter().map(|(key, &timer)| (*key, timer)).collect();
            assert!(listed.is_sorted_by_key(|&(key, _)| key) && listed.len() == model.len());
            assert!(
                listed.iter().all(|(key, timer)| model.contains(key) && order.contains(key) && *timer == key.number())
            );
            while let Some(first) = first_of(&model) {
                assert_eq!(order.pop(), Some((first, first.number())));
                model.retain(|key| *key != first);
            }
            assert!(order.is_empty());
        }
    }

    #[test]
    fn equal_times_fire_by_priority_and_then_by_insertion() {
        let mut order = DueOrder::new();
        for (number, priority) in [Priority::LOW, Priority::HIGH, Priority::LOW, Priority::HIGH].into_iter().enumerate()
        {
            let _first = order.insert(DueKey::new(at(1), priority, number as u64), number);
        }
        assert_eq!(std::iter::from_fn(|| order.pop()).map(|(_, timer)| timer).collect::<Vec<_>>(), [1, 3, 0, 2]);
    }
}
