//! Owns that the program stops, since when, and why. Never stops a task by itself: tasks wait on the token, so that nobody
//! who is blocked can miss it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use workyard::Scheduler;

/// Why the program stops before its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Why {
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// `--stop-after`.
    TimeIsUp,
    /// Whoever read the standard output has gone.
    BrokenPipe,
    /// The standard output takes no more, for another reason.
    OutputFailed,
}

/// Asks everybody to stop; the first reason stays.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    token: CancellationToken,
    why: Arc<OnceLock<Why>>,
    since: Arc<OnceLock<Instant>>,
}

impl Stop {
    /// Also stops when the yard begins to close.
    pub(crate) fn of(yard: &Scheduler) -> Self {
        Self { token: yard.closing(), why: Arc::default(), since: Arc::default() }
    }

    pub(crate) fn because(&self, why: Why) {
        self.why.get_or_init(|| why);
        self.since.get_or_init(Instant::now);
        self.token.cancel();
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.token.is_cancelled()
    }

    pub(crate) fn why(&self) -> Option<Why> {
        self.why.get().copied()
    }

    /// Waits until the program stops.
    ///
    /// # Cancel safety
    /// May be dropped and repeated at will.
    pub(crate) async fn asked(&self) {
        self.token.cancelled().await;
    }

    /// Waits until the program stops, and then until [`PATIENCE`] has passed since: whatever has not moved by then will not.
    ///
    /// # Cancel safety
    /// May be dropped and repeated at will.
    pub(crate) async fn patience_is_over(&self) {
        self.asked().await;
        let since = *self.since.get_or_init(Instant::now);
        tokio::time::sleep_until(since + PATIENCE).await;
    }

    /// Waits as long as `pause`; `false` if the program stopped first. No pause at all does not wait.
    ///
    /// # Cancel safety
    /// Dropping it ends the pause.
    pub(crate) async fn pause(&self, pause: Duration) -> bool {
        if pause.is_zero() {
            return !self.is_asked();
        }
        tokio::select! {
            biased;
            () = self.asked() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }
}

/// How long a program that stops waits for what does not move, all in all: an output that nobody reads, above all.
const PATIENCE: Duration = Duration::from_millis(300);
