//! Owns whether somebody sees to it that a runner of futures goes on once it is given a slot: its driver. Never polls one.
//!
//! Who gives the runner a slot and who drops its driver, with the runtime, may come at the same moment. Both swap, so exactly one of
//! them finds that the runner is its own to see to.

use std::sync::atomic::Ordering;

use crate::primitives::AtomicU8;

/// Whether a runner has a driver, and whether that has a slot to answer for.
#[derive(Debug, Default)]
pub(super) struct Driven(AtomicU8);

impl Driven {
    const NO: u8 = 0;
    const WAITS: u8 = 1;
    const WORKS: u8 = 2;

    /// The runner was given a slot. `false` if it needs a driver.
    pub(super) fn begins(&self) -> bool {
        self.0.swap(Self::WORKS, Ordering::AcqRel) != Self::NO
    }

    /// Whether the runner was given a slot, and the driver is to work on it.
    pub(super) fn works(&self) -> bool {
        self.0.load(Ordering::Acquire) == Self::WORKS
    }

    /// The driver is about to give the slot back: it waits for another one, or has ended.
    pub(super) fn rests(&self) {
        self.0.store(Self::WAITS, Ordering::Release);
    }

    /// The driver is dropped. `true` if it had a slot to answer for, also one that it did not know of yet.
    pub(super) fn is_dropped(&self) -> bool {
        self.0.swap(Self::NO, Ordering::AcqRel) == Self::WORKS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_answers_for_each_slot() {
        let driven = Driven::default();
        assert!(!driven.works() && !driven.begins() && driven.works(), "the first slot needs a driver");
        driven.rests();
        assert!(!driven.works());
        assert!(driven.begins(), "the second has one");
        assert!(driven.is_dropped(), "who answers for it");
        assert!(!driven.begins(), "the third needs another");
        driven.rests();
        assert!(!driven.is_dropped());
        assert!(!driven.begins());
    }
}
