//! Owns what asks the program to stop from outside: Ctrl-C and SIGTERM. Never ends it.

use std::io;

/// The signals, which end the process no longer from here on.
#[cfg(unix)]
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

/// What was asked for, as a shell has it in the exit code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    /// Ctrl-C.
    Interrupt = 130,
    /// SIGTERM.
    #[cfg(unix)]
    Terminate = 143,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// # Cancel safety
    /// No signal is lost.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
        }
    }
}

/// As its twin on Unix.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "as its twin on Unix")]
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self)
    }

    /// # Cancel safety
    /// As its twin on Unix.
    pub(crate) async fn next(&mut self) -> Asked {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Asked::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}
