//! Whole lives of yards and of their tasks, by the million, with what must hold checked after each step. Never asks how workyard does it.

#[path = "lifecycles/body.rs"]
mod body;
#[path = "lifecycles/books.rs"]
mod books;
#[path = "lifecycles/flight.rs"]
mod flight;
#[path = "lifecycles/others.rs"]
mod others;
#[path = "lifecycles/script.rs"]
mod script;
#[path = "lifecycles/seen.rs"]
mod seen;
#[path = "lifecycles/world.rs"]
mod world;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use workyard_testkit::simulation::SimulationError;
use workyard_testkit::{keep_to_cpu, seeds};

use seen::Seen;

/// By default; `WORKYARD_SEEDS` says otherwise, and `WORKYARD_SEED` replays one.
const SEEDS: u64 = 8_500;

/// Seeds that once failed. What they found has tests of its own in `tests/waits.rs`: room that came free between two attempts, and
/// was seen by nobody.
const REGRESSIONS: [u64; 2] = [1_000_174, 1_002_627];

#[test]
fn nothing_is_lost_whatever_happens() {
    let mut seeds: Vec<u64> = seeds(SEEDS).collect();
    let is_whole = seeds.len() as u64 >= SEEDS;
    if is_whole {
        seeds.extend(REGRESSIONS);
    }
    let seen = search(&seeds, |seed| world::run(seed, !is_whole).map(|(saw, _log)| saw));
    if is_whole {
        seen.assert_at_least(100);
        assert!(seen.times("lifecycles") >= 2_000_000, "{} tasks", seen.times("lifecycles"));
    }
}

#[test]
fn a_seed_replays_event_by_event() {
    for seed in 0..20 {
        let (_, first) = world::run(seed, true).unwrap();
        for _ in 0..5 {
            assert_eq!(world::run(seed, true).unwrap().1, first, "seed {seed}");
        }
    }
}

/// Runs the seeds, on two threads, tells each that fails, and what all saw.
///
/// # Panics
/// At the end, if one failed.
fn search(seeds: &[u64], run: impl Fn(u64) -> Result<Seen, Box<SimulationError>> + Sync) -> Seen {
    let (seen, next, failed) = (Seen::default(), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (seen, next, failed, run) = (&seen, &next, &failed, &run);
            scope.spawn(move || {
                keep_to_cpu(worker);
                while failed.load(Relaxed) < MOST_FAILURES
                    && let Some(&seed) = seeds.get(next.fetch_add(1, Relaxed))
                {
                    match run(seed) {
                        Ok(saw) => seen.add_all(&saw),
                        Err(failure) => {
                            failed.fetch_add(1, Relaxed);
                            eprintln!("{failure}");
                        }
                    }
                }
            });
        }
    });
    println!("{seen}");
    assert_eq!(failed.into_inner(), 0, "seeds failed");
    seen
}

/// How many simulations run at the same time; each is one thread at work.
const WORKERS: usize = 2;

/// A search goes on after a failure, since it may have many seeds still, but not after so many.
const MOST_FAILURES: usize = 20;
