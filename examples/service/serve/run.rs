//! Owns the life of the service, above all the order of its end, which loses nothing that was accepted. Never answers a request.
//!
//! 1. The first signal closes the door: new connections are refused, a request on an open one gets 503, and each answer ends
//!    its connection. What is in flight goes on, and may still submit: so the yard is open.
//! 2. Once all are answered, idle connections get a moment to hear of it, and are closed.
//! 3. Now nobody submits any more: the yard shuts down, and reports.
//!
//! All of it by one deadline; when that comes, or a second signal, the yard cancels what is left, which is then answered
//! with 503.

use std::io::{self, Write};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use workyard::{BoxError, Lane, Report, Scheduler};

use super::app::App;
use super::door::Door;
use super::requests::Requests;
use super::routes;
use super::signals::Signals;
use crate::args::ServeSettings;

/// Serves until a signal. Whether every request was answered and all work has ended.
pub(crate) fn start(settings: ServeSettings) -> Result<bool, BoxError> {
    tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(false).init();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(settings))
}

async fn run(settings: ServeSettings) -> Result<bool, BoxError> {
    // Before anybody is told that the service is there.
    let signals = Signals::listen()?;
    let mut cpu = Lane::cpu().queue(settings.cpu_queue);
    if settings.background {
        cpu = cpu.background();
    }
    if let Some(threads) = settings.threads {
        cpu = cpu.threads(threads);
    }
    let yard = Scheduler::builder().cpu(cpu).build()?;
    let requests = Requests::default();
    let door = Door::open(settings.listen, requests.closing()).await?;
    let address = door.address();
    let app = App { yard: yard.clone(), requests: requests.clone(), deadline: settings.deadline };
    let mut http = tokio::spawn(serve(door, app));
    writeln!(io::stdout(), "{address}")?;
    tracing::info!("Ctrl-C ends what is served at http://{address}");

    let signal = signals.first().await;
    let by = Instant::now() + settings.drain;
    let in_order = async {
        requests.close();
        let in_flight = requests.in_flight();
        tracing::warn!(signal, in_flight, "closing: requests in flight are finished; a second signal stops them");
        drop(timeout_at(by, &mut http).await);
        yard.shutdown().drain_for(by.saturating_duration_since(Instant::now())).await
    };
    // From its first poll on, a signal is the second: nothing is left to be drained then.
    let second = yard.shutdown().drain_for(Duration::ZERO).on_signal();
    let report = tokio::select! {
        biased;
        report = second => report?,
        report = in_order => report,
    };
    end(&mut http, &requests, &report).await
}

/// Serves until the service is closing and all that it accepted is answered.
async fn serve(door: Door, app: App) -> io::Result<()> {
    let (seats, requests) = (door.seats(), app.requests.clone());
    let idle_may_go = async move {
        requests.all_answered().await;
        // Who asks within this time is told that it is over, rather than finding the connection closed.
        drop(timeout(LINGER, seats.all_empty()).await);
    };
    axum::serve(door, routes::router(app)).with_graceful_shutdown(idle_may_go).await
}

/// Lets the last answers out, and gives the account.
async fn end(http: &mut JoinHandle<io::Result<()>>, requests: &Requests, report: &Report) -> Result<bool, BoxError> {
    if !http.is_finished() {
        drop(timeout(LAST_ANSWERS, http).await);
    }
    tracing::info!("{requests}; yard: {report}");
    writeln!(io::stdout(), "{requests}")?;
    Ok(requests.in_flight() == 0 && report.is_clean())
}

/// How long idle connections stay once all is answered.
const LINGER: Duration = Duration::from_millis(250);

/// How long the answers may take that the yard's end brought about.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
