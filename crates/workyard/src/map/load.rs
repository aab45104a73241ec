//! Owns how many items of a runner of futures could go on by themselves, for those who ask whether it is stuck. Never counts them
//! itself: its driver does.
//!
//! An item that waits for a task or for room in a lane, directly, goes on when that comes; all others may at any time. The driver says
//! how many those are before each poll of one, and after the last; who asks from within that poll leaves the one out that is polled.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How many items could go on by themselves.
#[derive(Debug, Default)]
pub(super) struct Load {
    free: AtomicUsize,
    polls_a_free_one: AtomicBool,
}

impl Load {
    /// One of the items is about to be polled; `is_free`: one of the `free` ones.
    #[inline]
    pub(super) fn polls(&self, free: usize, is_free: bool) {
        // Relaxed: the lock of the waits orders what is asked with what was entered there, and the driver has it looked at again
        // once nothing is free.
        self.free.store(free, Ordering::Relaxed);
        self.polls_a_free_one.store(is_free, Ordering::Relaxed);
    }

    /// None is polled at present.
    pub(super) fn rests(&self, free: usize) {
        self.polls(free, false);
    }

    /// Whether there are such items; `from_within`: but for the one that is polled.
    pub(super) fn is_free(&self, from_within: bool) -> bool {
        let polled = from_within && self.polls_a_free_one.load(Ordering::Relaxed);
        self.free.load(Ordering::Relaxed) > usize::from(polled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_polled_does_not_count_from_within() {
        let load = Load::default();
        assert!(!load.is_free(false));
        load.polls(1, true);
        assert!(load.is_free(false) && !load.is_free(true));
        load.polls(1, false);
        assert!(load.is_free(true), "it is another one");
        load.rests(0);
        assert!(!load.is_free(false));
    }
}
