//! Owns what a runner says when it comes back for more, and what it is told. Never decides it: the exchange does.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::task::cell::Task;

/// What a runner wants.
pub(super) enum Take<'a> {
    /// A batch of inputs of the size that fits what was measured; with nothing left, it leaves.
    Batch { measured: Option<(u64, Duration)>, counted: &'a Counted },
    /// Its share, and no more than `most`. With nothing left, it leaves if it is idle; else it is woken when there is more.
    Share { most: usize, runner: &'a Arc<dyn Task>, counted: &'a Counted, is_idle: bool },
    /// Nothing, since its places are all taken, though more may be in flight. Until it has a free one it is not counted.
    Nothing { counted: &'a Counted },
}

/// Whether a runner is among those that the exchange counts. Only under its lock.
#[derive(Debug)]
pub(super) struct Counted(pub(super) AtomicBool);

impl Counted {
    pub(super) const fn new() -> Self {
        Self(AtomicBool::new(true))
    }
}

/// What came of a runner's turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turned {
    pub(super) next: Next,
    /// Its results were enough for the consumer, or one of them ends the map: it was woken.
    pub(super) has_woken: bool,
}

/// How a runner goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// It took inputs.
    Work,
    /// There were none, and it was uncounted.
    Leave,
}
