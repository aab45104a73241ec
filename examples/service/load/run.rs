//! Owns the course of the load, first only health and then everything at once, and what is printed of it. Never judges.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use workyard::BoxError;

use super::clients::{Plan, ask};
use super::http::Connection;
use super::look::{Looks, look};
use super::probe::{p99, probe};
use super::tally::{Sum, Tally};
use crate::args::LoadSettings;

/// What the load found.
pub(crate) struct Found {
    pub(crate) sum: Sum,
    /// The p99 of health under load, as a multiple of the idle one's; `None` if one of them has no answer.
    pub(crate) health_ratio: Option<f64>,
    pub(crate) looks: Looks,
}

/// Asks the service at this address. Whether every request was answered, but for those that a closing service did not take.
pub(crate) fn start(target: SocketAddr, settings: &LoadSettings) -> Result<bool, BoxError> {
    let found = run(&mut io::stdout(), target, settings)?;
    Ok(found.sum.lost == 0)
}

/// Asks the service at this address, and tells `out` what comes of it.
pub(crate) fn run(out: &mut impl Write, target: SocketAddr, settings: &LoadSettings) -> Result<Found, BoxError> {
    Connection::open(target).map_err(|error| format!("cannot connect to {target}: {error}"))?;
    writeln!(out, "idle: health for {:?}", settings.idle)?;
    let idle_until = Instant::now() + settings.idle;
    let idle = probe(target, settings, || Instant::now() >= idle_until);
    write!(out, "{idle}")?;

    writeln!(out, "load: {} clients for {:?}, and health", settings.clients, settings.time)?;
    let (mut loaded, looks) = under_load(target, settings);
    write!(out, "{loaded}{}", looks.snapshot)?;
    writeln!(out, "cpu lane: all threads computed at {} of {} looks", looks.busy, looks.all)?;

    let health = (p99(&idle), p99(&loaded));
    let health_ratio = match health {
        (Some(idle), Some(loaded)) => Some(loaded.as_secs_f64() / idle.as_secs_f64()),
        _ => None,
    };
    if let (Some(ratio), (Some(idle), Some(loaded))) = (health_ratio, health) {
        writeln!(out, "health p99: {idle:.1?} idle, {loaded:.1?} under load, ratio {ratio:.2}")?;
    }
    loaded.merge(idle);
    let sum = loaded.sum();
    writeln!(out, "{sum}")?;
    Ok(Found { sum, health_ratio, looks })
}

/// Clients and watcher at once, and looks at the lanes meanwhile.
fn under_load(target: SocketAddr, settings: &LoadSettings) -> (Tally, Looks) {
    let since = Instant::now();
    let plan = Plan { target, settings, until: since + settings.time, left: AtomicU64::new(settings.requests) };
    let all_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..settings.clients)
            .map(|number| {
                scope.spawn({
                    let plan = &plan;
                    move || ask(number, plan)
                })
            })
            .collect();
        let watcher = scope.spawn(|| probe(target, settings, || all_done.load(Ordering::Relaxed)));
        let (clients_ask, end) = mpsc::channel();
        let looked = scope.spawn(move || look(target, settings, &end));
        let mut tally = Tally::default();
        for client in clients {
            tally.merge(joined(client));
        }
        drop(clients_ask);
        all_done.store(true, Ordering::Relaxed);
        tally.merge(joined(watcher));
        let mut looks = joined(looked);
        tally.merge(std::mem::take(&mut looks.tally));
        (tally, looks)
    })
}

/// A client that panicked has a defect, and so has this program.
fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
