//! Owns asking for health, every few milliseconds, as whoever watches over a service does. Never asks for work.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::http::Connection;
use super::route::Route;
use super::tally::Tally;
use crate::args::LoadSettings;

/// Asks until `is_over`, or the service takes no more connections.
pub(super) fn probe(target: SocketAddr, settings: &LoadSettings, mut is_over: impl FnMut() -> bool) -> Tally {
    let request = Route::Health.request(settings);
    let mut tally = Tally::default();
    let mut kept = None;
    while !is_over() {
        let Some(mut connection) = kept.take().or_else(|| Connection::open(target).ok()) else { break };
        let since = Instant::now();
        let answer = connection.ask(&request);
        tally.note(Route::Health, since.elapsed(), &answer);
        kept = answer.is_ok_and(|answer| !answer.is_last).then_some(connection);
        thread::sleep(settings.probe.saturating_sub(since.elapsed()));
    }
    tally
}

/// How health is: what the watcher sees at its slowest, but for one in a hundred.
pub(super) fn p99(tally: &Tally) -> Option<Duration> {
    tally.percentile(Route::Health, 0.99)
}
