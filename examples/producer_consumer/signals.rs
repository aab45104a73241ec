//! Owns what asks the program to stop from outside: Ctrl-C, SIGTERM, and the time that it was given. Never ends it.

use std::io;
use std::time::Duration;

use crate::stop::{Stop, Why};

/// Stops on signals from here on, and once `after` has passed.
///
/// # Errors
/// When the system does not let signals be caught.
pub(crate) fn stop_on_signals(stop: &Stop, after: Option<Duration>) -> io::Result<()> {
    // Caught from this call on, not from the first poll of the task.
    let signals = Signals::catch()?;
    let stop = stop.clone();
    tokio::spawn(async move {
        let time_is_up = async {
            match after {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
        };
        let why = tokio::select! {
            why = signals.next() => why,
            () = time_is_up => Why::TimeIsUp,
        };
        stop.because(why);
    });
    Ok(())
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(mut self) -> Why {
        tokio::select! {
            _ = self.interrupt.recv() => Why::Interrupted,
            _ = self.terminate.recv() => Why::Terminated,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "as its twin on Unix")]
    fn catch() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(self) -> Why {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Why::Interrupted,
            Err(_) => std::future::pending().await,
        }
    }
}
