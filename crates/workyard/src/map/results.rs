//! Owns the results that nobody has taken yet: by number, or as they came. Never wakes anybody.

use std::collections::VecDeque;

use crate::map::spec::{Numbered, Settled};

/// Results on their way from the runners to the consumer.
pub(super) enum Results<I, T> {
    /// Given out by number: a ring, whose first place belongs to the first item that was not given out.
    Ordered {
        base: u64,
        ring: VecDeque<Option<Settled<I, T>>>,
        /// How many at the front are there.
        ready: usize,
    },
    /// Given out as they come.
    Unordered(VecDeque<Numbered<I, T>>),
}

impl<I, T> Results<I, T> {
    pub(super) const fn ordered() -> Self {
        Self::Ordered { base: 0, ring: VecDeque::new(), ready: 0 }
    }

    pub(super) const fn unordered() -> Self {
        Self::Unordered(VecDeque::new())
    }

    /// Puts a result in; each number once.
    #[inline]
    pub(super) fn put(&mut self, index: u64, result: Settled<I, T>) {
        match self {
            Self::Unordered(results) => results.push_back((index, result)),
            Self::Ordered { base, ring, ready } => {
                // The window bounds the distance, so it fits.
                let at = usize::try_from(index - *base).unwrap_or(usize::MAX);
                if at == ring.len() {
                    ring.push_back(Some(result));
                } else {
                    if at > ring.len() {
                        ring.resize_with(at + 1, || None);
                    }
                    ring[at] = Some(result);
                }
                if at == *ready {
                    *ready += 1;
                    while ring.get(*ready).is_some_and(Option::is_some) {
                        *ready += 1;
                    }
                }
            }
        }
    }

    /// How many can be given out.
    #[inline]
    pub(super) fn ready(&self) -> usize {
        match self {
            Self::Ordered { ready, .. } => *ready,
            Self::Unordered(results) => results.len(),
        }
    }

    /// Gives out what can be given out, which is added to `taken`.
    pub(super) fn take_ready(&mut self, taken: &mut VecDeque<Numbered<I, T>>) {
        match self {
            Self::Unordered(results) if taken.is_empty() => std::mem::swap(results, taken),
            Self::Unordered(results) => taken.append(results),
            Self::Ordered { base, ring, ready } => {
                for result in ring.drain(..*ready) {
                    if let Some(result) = result {
                        taken.push_back((*base, result));
                    }
                    *base += 1;
                }
                *ready = 0;
            }
        }
    }

    /// Gives out everything, also what others should come before.
    pub(super) fn take_all(&mut self) -> Vec<Numbered<I, T>> {
        match self {
            Self::Unordered(results) => results.drain(..).collect(),
            Self::Ordered { base, ring, ready } => {
                *ready = 0;
                let base = *base;
                let numbered = (base..).zip(ring.drain(..));
                numbered.filter_map(|(index, result)| Some((index, result?))).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(results: &mut Results<(), u64>) -> Vec<u64> {
        let mut taken = VecDeque::new();
        results.take_ready(&mut taken);
        for (index, value) in &taken {
            assert_eq!(value.as_ref().ok(), Some(index));
        }
        taken.into_iter().map(|(index, _)| index).collect()
    }

    #[test]
    fn ordered_results_wait_for_those_before_them() {
        let mut results = Results::ordered();
        for index in [2, 1, 5] {
            results.put(index, Ok(index));
            assert_eq!(results.ready(), 0);
        }
        results.put(0, Ok(0));
        assert_eq!((results.ready(), take(&mut results)), (3, vec![0, 1, 2]));
        results.put(4, Ok(4));
        assert_eq!(take(&mut results), [0; 0]);
        results.put(3, Ok(3));
        assert_eq!(take(&mut results), [3, 4, 5]);
        results.put(7, Ok(7));
        assert_eq!(results.take_all().len(), 1);
    }

    #[test]
    fn unordered_results_come_as_they_are_put() {
        let mut results = Results::unordered();
        for index in [2, 0, 1] {
            results.put(index, Ok(index));
        }
        assert_eq!((results.ready(), take(&mut results)), (3, vec![2, 0, 1]));
        assert_eq!(results.ready(), 0);
    }
}
