//! Owns the clients that ask for work: each asks, waits for the answer, and asks for the next kind, on one connection for as
//! long as that is kept. Never asks for health.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::http::{Answer, Connection, Unanswered};
use super::route::Route;
use super::tally::Tally;
use crate::args::LoadSettings;

/// What all clients share.
pub(super) struct Plan<'a> {
    pub(super) target: SocketAddr,
    pub(super) settings: &'a LoadSettings,
    /// When they stop.
    pub(super) until: Instant,
    /// How many requests they may still send.
    pub(super) left: AtomicU64,
}

impl Plan<'_> {
    fn may_ask(&self) -> bool {
        let one_less = |left: u64| left.checked_sub(1);
        Instant::now() < self.until && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }
}

/// Asks until the time is up, the requests are used up, or the service takes no more connections.
pub(super) fn ask(number: usize, plan: &Plan<'_>) -> Tally {
    let mut tally = Tally::default();
    let mut kept = None;
    // Each begins with another kind, or they would all wait at once and all compute at once.
    for route in Route::MIX.into_iter().cycle().skip(number) {
        if !plan.may_ask() {
            break;
        }
        let Some(mut connection) = kept.take().or_else(|| Connection::open(plan.target).ok()) else { break };
        let since = Instant::now();
        let answer = connection.ask(&route.request(plan.settings));
        tally.note(route, since.elapsed(), &answer);
        kept = answer.as_ref().is_ok_and(|answer| !answer.is_last).then_some(connection);
        thread::sleep(pause(&answer).min(plan.until.saturating_duration_since(Instant::now())));
    }
    tally
}

/// As long as the service asks for.
fn pause(answer: &Result<Answer, Unanswered>) -> Duration {
    answer.as_ref().ok().and_then(|answer| answer.retry_after).unwrap_or_default()
}
