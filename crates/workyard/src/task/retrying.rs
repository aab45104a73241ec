//! Owns what a task that may be tried again keeps of its attempts: which one it is, the last error, and when the next one is due.
//! Never decides whether there is one: the policy does.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::time::Instant;
use workyard_core::GaveUp;

use crate::primitives::whole::Mutex;
use crate::retry::Retry;
use crate::task::error::BoxError;
use crate::task::panic::drop_caught;

/// The attempts of one task.
pub(crate) struct Retrying {
    pub(crate) retry: Retry,
    /// How many attempts were begun.
    begun: AtomicU32,
    /// The attempt that has just ended is to be followed by another.
    pauses: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    due: Option<Instant>,
    last_error: Option<BoxError>,
    gave_up: Option<GaveUp>,
}

impl Retrying {
    pub(crate) fn new(retry: Retry) -> Self {
        Self { retry, begun: AtomicU32::new(0), pauses: AtomicBool::new(false), state: Mutex::default() }
    }

    /// Begins an attempt: which one it is.
    pub(crate) fn begin(&self) -> u32 {
        // Relaxed, as all here: a body is handed from thread to thread under its lane's lock, and others read what was true a moment ago.
        let number = self.begun.load(Ordering::Relaxed).saturating_add(1);
        self.begun.store(number, Ordering::Relaxed);
        if number == 1 {
            self.retry.first_try();
        }
        number
    }

    /// How many attempts were begun.
    pub(crate) fn attempts(&self) -> u32 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Another attempt is to follow at this time. Gives the error before this one, to be dropped.
    pub(crate) fn pause(&self, due: Option<Instant>, error: BoxError) -> Option<BoxError> {
        let before = {
            let mut state = self.state.lock();
            state.due = due;
            state.last_error.replace(error)
        };
        self.pauses.store(true, Ordering::Relaxed);
        before
    }

    /// Whether the attempt that has just ended is to be followed by another. Asked once, when its end is counted.
    pub(crate) fn take_pause(&self) -> bool {
        self.pauses.swap(false, Ordering::Relaxed)
    }

    /// When the next attempt is due; never, if no clock reaches that far.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.state.lock().due
    }

    /// There is no further attempt.
    pub(crate) fn give_up(&self, why: GaveUp) {
        self.state.lock().gave_up = Some(why);
    }

    pub(crate) fn gave_up(&self) -> Option<GaveUp> {
        self.state.lock().gave_up
    }

    /// The error of the last attempt that failed, for whoever is told of the end.
    pub(crate) fn take_last_error(&self) -> Option<BoxError> {
        self.state.lock().last_error.take()
    }
}

impl Drop for Retrying {
    /// Whoever drops a task last is not to be hurt by what its attempts returned.
    fn drop(&mut self) {
        drop(drop_caught(self.take_last_error()));
    }
}

impl fmt::Debug for Retrying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retrying")
            .field("retry", &self.retry)
            .field("attempts", &self.attempts())
            .finish_non_exhaustive()
    }
}

/// The failure of an attempt that ran into its own timeout.
#[derive(Debug)]
pub(crate) struct AttemptTimedOut;

impl fmt::Display for AttemptTimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the attempt ran into its timeout")
    }
}

impl std::error::Error for AttemptTimedOut {}
