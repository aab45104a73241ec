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

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;

use workyard_testkit::{SeedOnPanic, seeds};

use seen::Seen;

/// By default; `WORKYARD_SEEDS` says otherwise, and `WORKYARD_SEED` replays one.
const SEEDS: u64 = 8_500;

/// Seeds that once failed, with what they found.
const REGRESSIONS: [u64; 0] = [];

#[test]
fn nothing_is_lost_whatever_happens() {
    let seen = Seen::default();
    let mut seeds: Vec<u64> = seeds(SEEDS).collect();
    let is_whole = seeds.len() as u64 >= SEEDS;
    if is_whole {
        seeds.extend(REGRESSIONS);
    }
    let (next, has_failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let work = || {
        let _stops = StopsOthers(&has_failed);
        while !has_failed.load(Relaxed)
            && let Some(&seed) = seeds.get(usize::try_from(next.fetch_add(1, Relaxed)).unwrap())
        {
            let _told = SeedOnPanic::new(seed);
            match world::run(seed, !is_whole) {
                Ok((saw, _log)) => seen.add_all(&saw),
                Err(failure) => panic!("{failure}"),
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().unwrap();
        }
    });
    println!("{seen}");
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

struct StopsOthers<'a>(&'a AtomicBool);

impl Drop for StopsOthers<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Relaxed);
        }
    }
}

/// How many simulations run at the same time; each is one thread at work.
const WORKERS: usize = 2;
