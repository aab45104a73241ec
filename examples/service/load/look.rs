//! Owns looking at what the lanes do in the course of the load, so that it is seen and not supposed that all CPUs compute.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use super::http::Connection;
use super::route::Route;
use super::tally::Tally;
use crate::args::LoadSettings;

/// What was seen.
#[derive(Default)]
pub(crate) struct Looks {
    pub(super) tally: Tally,
    pub(crate) all: usize,
    /// Those at which each thread of the cpu lane had something to compute.
    pub(crate) busy: usize,
    /// What the lanes said at the last.
    pub(super) snapshot: String,
}

/// Looks at equal intervals, until there is an end of it or the service takes no more connections.
pub(super) fn look(target: SocketAddr, settings: &LoadSettings, end: &Receiver<()>) -> Looks {
    let mut looks = Looks::default();
    let interval = settings.time / (LOOKS + 1);
    while end.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
        let Ok(mut connection) = Connection::open(target) else { break };
        let since = Instant::now();
        let answer = connection.ask(&Route::Snapshot.request(settings));
        looks.tally.note(Route::Snapshot, since.elapsed(), &answer);
        let Some(snapshot) = answer.ok().filter(|answer| answer.status == 200) else { continue };
        looks.all += 1;
        looks.busy += usize::from(is_busy(&snapshot.body));
        looks.snapshot = snapshot.body;
    }
    looks
}

/// Whether all slots of the cpu lane are taken, as in `cpu: accepted ..; 2 of 2 slots and 0 of 64 places taken; ..`.
fn is_busy(snapshot: &str) -> bool {
    let line = snapshot.lines().find(|line| line.starts_with("cpu: ")).unwrap_or_default();
    let slots = line.split("; ").find_map(|part| part.split_once(" slots and "));
    slots.and_then(|(slots, _)| slots.split_once(" of ")).is_some_and(|(taken, all)| taken == all)
}

/// How many looks fit into the time.
const LOOKS: u32 = 40;
