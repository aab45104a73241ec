//! Owns the way from a signal of the system to a shutdown. Never ends the process.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::future::{Either, select};

use crate::report::Report;
use crate::shutdown::Shutdown;

impl Shutdown {
    /// Waits for Ctrl-C or, on Unix, SIGTERM before it begins; a second signal cuts it short: what is left is aborted at
    /// once. Each signal is logged with what is left then. If the shutdown is begun elsewhere, this waits for its report.
    ///
    /// The signals no longer end the process from the first poll on: see [`tokio::signal::ctrl_c`].
    ///
    /// # Errors
    /// If the system does not give the signals.
    ///
    /// # Cancel safety
    /// Dropping the future before a signal leaves the yard open; afterwards, the shutdown goes on.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example() -> Result<(), workyard::BoxError> {
    /// use std::time::Duration;
    ///
    /// let yard = workyard::Scheduler::new();
    /// // ... feed it from tasks that end when `yard.closing()` does ...
    /// let report = yard.shutdown().drain_for(Duration::from_secs(30)).on_signal().await?;
    /// println!("{report}");
    /// # Ok(()) }
    /// ```
    pub fn on_signal(self) -> OnSignal {
        OnSignal(Box::pin(shut_down_on_signal(self)))
    }
}

/// The future of [`Shutdown::on_signal`].
#[must_use = "futures do nothing unless polled"]
pub struct OnSignal(Pin<Box<dyn Future<Output = io::Result<Report>> + Send>>);

impl Future for OnSignal {
    type Output = io::Result<Report>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for OnSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnSignal")
    }
}

async fn shut_down_on_signal(shutdown: Shutdown) -> io::Result<Report> {
    let mut signals = Signals::listen()?;
    let yard = shutdown.yard();
    let closing = yard.shared.closing.clone();
    if let Either::Left((signal, _)) = select(pin!(signals.next()), pin!(closing.cancelled())).await {
        tracing::warn!(target: "workyard", signal, left = %yard.left(), "shutting down: draining; a second signal aborts");
    }
    let report = shutdown.into_future();
    match select(report, pin!(signals.next())).await {
        Either::Left((report, _)) => Ok(report),
        Either::Right((signal, report)) => {
            tracing::warn!(target: "workyard", signal, left = %yard.left(), "shutting down: aborting what is left");
            yard.cut_short();
            Ok(report.await)
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> &'static str {
        match select(pin!(self.interrupt.recv()), pin!(self.terminate.recv())).await {
            Either::Left(_) => "SIGINT",
            Either::Right(_) => "SIGTERM",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        // Where the system gives no Ctrl-C, none will come.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
