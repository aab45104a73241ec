//! Owns the signal that asks a body to stop. Never decides what the stopping means: the lane does.
//!
//! Two flags, each set once and never taken back. `asked` is what a [`TaskContext`](crate::TaskContext) shows: the
//! body may heed it. `stopped` tells the lane's own wrapper around an async body to drop it at its next poll. Of several
//! reasons the first stays, which is what the exchange sees to, whoever holds the lane's lock; readers that need no more than
//! the flag itself load relaxed. Who sets a flag wakes the body afterwards, and the body registers its waker before it
//! looks, so one of the two always sees the other (the protocol of `AtomicWaker`).

use std::sync::atomic::Ordering;

use workyard_core::{Reason, mutant};

use crate::primitives::AtomicU8;
use crate::simulation::here;

/// The cancel signal of one task.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    asked: ReasonFlag,
    stopped: ReasonFlag,
}

impl Signal {
    /// That of a task on a simulator, if it `is_simulated`.
    #[inline]
    pub(crate) fn new(is_simulated: bool) -> Self {
        let asked = if is_simulated { ReasonFlag(AtomicU8::new(SIMULATED)) } else { ReasonFlag::default() };
        Self { asked, ..Self::default() }
    }

    /// Asks the body to stop. The first reason stays.
    pub(crate) fn ask(&self, reason: Reason) {
        self.asked.raise(reason);
    }

    /// Tells the wrapper of an async body to drop it. The first reason stays.
    pub(crate) fn stop(&self, reason: Reason) {
        self.ask(reason);
        self.stopped.raise(reason);
    }

    #[inline]
    pub(crate) fn asked(&self) -> Option<Reason> {
        self.asked.get()
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.asked.is_raised() && !mutant!("cancel-flag-ignored")
    }

    #[inline]
    pub(crate) fn stopped(&self) -> Option<Reason> {
        self.stopped.get()
    }
}

/// No reason, but a simulator that has others go on while a body looks for one. So looking costs what it does without.
const SIMULATED: u8 = 0x80;

/// A reason in one byte; `0` is none.
#[derive(Debug, Default)]
pub(crate) struct ReasonFlag(AtomicU8);

impl ReasonFlag {
    pub(crate) fn raise(&self, reason: Reason) {
        let code = Reason::ALL.iter().position(|&r| r == reason).map_or(0, |at| at + 1);
        let code = u8::try_from(code).unwrap_or_default();
        // Losing the race means that another reason came first, which then stays. SeqCst pairs with the SeqCst load in
        // `get`: `Header::token` stores the token and then looks here, `Task::fire` comes after this store and then looks for the
        // token, and one of them must see the other.
        let first = self.0.compare_exchange(0, code, Ordering::SeqCst, Ordering::Relaxed);
        if first == Err(SIMULATED) {
            let _first = self.0.compare_exchange(SIMULATED, code, Ordering::SeqCst, Ordering::Relaxed);
        }
    }

    #[inline]
    pub(crate) fn is_raised(&self) -> bool {
        match self.0.load(Ordering::Relaxed) {
            0 => false,
            SIMULATED => self.is_raised_after_a_pause(),
            _ => true,
        }
    }

    #[cold]
    fn is_raised_after_a_pause(&self) -> bool {
        if let Some(simulator) = here() {
            simulator.pause();
        }
        self.0.load(Ordering::Relaxed) != SIMULATED
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<Reason> {
        let code = self.0.load(Ordering::SeqCst);
        // `SIMULATED` is beyond them.
        Reason::ALL.get(usize::from(code.checked_sub(1)?)).copied()
    }
}

#[cfg(all(test, workyard_loom))]
#[path = "cancel_loom_tests.rs"]
mod loom_tests;
