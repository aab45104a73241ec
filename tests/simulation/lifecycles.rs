//! Whole lives of yards and of their tasks, by the million, with what must hold checked after each step. Never asks how workyard does it.

#[path = "lifecycles/body.rs"]
mod body;
#[path = "lifecycles/books.rs"]
mod books;
#[path = "lifecycles/circles.rs"]
mod circles;
#[path = "lifecycles/ends.rs"]
mod ends;
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

use workyard_testkit::{keep_to_cpu, seeds};

use script::Focus;
use seen::Seen;

/// By default; `WORKYARD_SEEDS` says otherwise, and `WORKYARD_SEED` replays one. What is built with optimization searches further.
const LIVES: u64 = if IS_FAST { 40_000 } else { 1_000 };
const ENDS: u64 = if IS_FAST { 40_000 } else { 1_000 };
const CIRCLES: u64 = if IS_FAST { 10_000 } else { 250 };
/// How often each thing that is looked for has to be seen at least.
const LEAST: u64 = if IS_FAST { 100 } else { 2 };
const IS_FAST: bool = !cfg!(debug_assertions);

/// Seeds that once failed. What they found has tests of its own in `tests/waits.rs`: room that came free between two attempts, and
/// was seen by nobody.
const REGRESSIONS: [u64; 2] = [1_000_174, 1_002_627];

#[test]
fn nothing_is_lost_whatever_happens() {
    let Some(seen) = search(Focus::Lives, LIVES, &REGRESSIONS) else { return };
    seen.assert_at_least(LEAST, &seen::KINDS);
    let least = if IS_FAST { 9_500_000 } else { 230_000 };
    assert!(seen.times("lifecycles") >= least, "{} tasks", seen.times("lifecycles"));
}

#[test]
fn a_shutdown_ends_in_time_whatever_state_it_finds() {
    let Some(seen) = search(Focus::Ends, ENDS, &[]) else { return };
    seen.assert_at_least(LEAST, &seen::ENDS);
}

#[test]
fn of_each_circle_one_is_told_whatever_waits_beside_it() {
    let Some(seen) = search(Focus::Circles, CIRCLES, &[]) else { return };
    seen.assert_at_least(LEAST, &seen::CIRCLES);
}

#[test]
fn a_seed_replays_event_by_event() {
    for seed in 0..20 {
        let (_, first) = world::run(seed, Focus::Lives, true).unwrap();
        for _ in 0..5 {
            assert_eq!(world::run(seed, Focus::Lives, true).unwrap().1, first, "seed {seed}");
        }
    }
}

/// Runs so many seeds, and those that once failed, on two threads, tells each that fails, and what all saw. Gives that, unless they
/// were fewer.
///
/// # Panics
/// At the end, if one failed.
fn search(focus: Focus, count: u64, regressions: &[u64]) -> Option<Seen> {
    let mut seeds: Vec<u64> = seeds(count).collect();
    let is_whole = seeds.len() as u64 >= count;
    if is_whole {
        seeds.extend(regressions);
    }
    let (seen, next, failed) = (Seen::default(), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (seen, seeds, next, failed) = (&seen, &seeds, &next, &failed);
            scope.spawn(move || {
                keep_to_cpu(worker);
                while failed.load(Relaxed) < MOST_FAILURES
                    && let Some(&seed) = seeds.get(next.fetch_add(1, Relaxed))
                {
                    match world::run(seed, focus, !is_whole) {
                        Ok((saw, _log)) => seen.add_all(&saw),
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
    is_whole.then_some(seen)
}

/// How many simulations run at the same time; each is one thread at work.
const WORKERS: usize = 2;

/// A search goes on after a failure, since it may have many seeds still, but not after so many.
const MOST_FAILURES: usize = 20;
