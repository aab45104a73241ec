//! Owns the way from a signal of the system to a shutdown. Never ends the process.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::block_on::block_on;
use crate::observe::record;
use crate::report::Report;
use crate::runtime::Runtime;
use crate::shutdown::Shutdown;
#[cfg(unix)]
use crate::task::catch;

impl Shutdown {
    /// Waits for Ctrl-C or, on Unix, SIGTERM before it begins; a second signal cuts it short: what is left is aborted at
    /// once, and the report comes within the [`grace`](Self::grace). Each signal is logged as a WARN record with what is left
    /// then.
    ///
    /// If the shutdown is begun elsewhere, this waits for its report; the first signal then brings its end forward to
    /// what [`drain_for`](Self::drain_for) says here, the second aborts.
    ///
    /// The signals no longer end the process from the first poll on, and until its end: see [`tokio::signal::ctrl_c`].
    ///
    /// # Errors
    /// If the system does not give the signals, or the yard's runtime was built without `enable_io`.
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

impl OnSignal {
    /// As awaiting it, for plain threads: this one is blocked until the report is there.
    ///
    /// # Errors
    /// As [`Shutdown::on_signal`].
    ///
    /// # Examples
    /// ```no_run
    /// let yard = workyard::Scheduler::standalone()?;
    /// // ... feed it from threads that end when `yard.closing()` does ...
    /// let report = yard.shutdown().on_signal().blocking_join()?;
    /// println!("{report}");
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    pub fn blocking_join(self) -> io::Result<Report> {
        block_on(self)
    }
}

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
    let yard = shutdown.yard();
    let mut signals = Signals::listen(&yard.shared.runtime)?;
    // A shutdown that is begun elsewhere is only watched until a signal comes: it has its own time.
    let begun_elsewhere = async {
        yard.shared.closing.cancelled().await;
        Shutdown::new(&yard).drain_for(Duration::MAX).await
    };
    let signal = match signals.or(pin!(begun_elsewhere)).await {
        Ok(report) => return Ok(report),
        Err(signal) => signal,
    };
    record(|| {
        tracing::warn!(target: "workyard", signal, left = %yard.left(), "shutting down: draining; a second signal aborts");
    });
    let mut report = shutdown.into_future();
    let signal = match signals.or(&mut report).await {
        Ok(report) => return Ok(report),
        Err(signal) => signal,
    };
    record(|| {
        tracing::warn!(target: "workyard", signal, left = %yard.left(), "shutting down: aborting what is left");
    });
    yard.cut_short();
    Ok(report.await)
}

impl Signals {
    /// What the other future gives, or the signal that came before it was ready. Polls the other first: a shutdown has to
    /// have begun before a signal can cut it short.
    async fn or<F: Future + Unpin>(&mut self, other: F) -> Result<F::Output, &'static str> {
        match select(other, pin!(self.next())).await {
            Either::Left((output, _)) => Ok(output),
            Either::Right((signal, _)) => Err(signal),
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
    /// On the yard's runtime, so that any thread may ask.
    fn listen(runtime: &Runtime) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let _inside = runtime.enter();
        // Tokio tells only by a panic whether there is a driver.
        let listening = catch(|| {
            Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
        });
        listening.unwrap_or_else(|_| Err(io::Error::other("the tokio runtime has no I/O driver: enable_io()")))
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
    fn listen(_runtime: &Runtime) -> io::Result<Self> {
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
