//! The toy program in this process: every number of producers and consumers, with failures, and stopped at any moment.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use workyard::{Lane, Report, Scheduler};
use workyard_testkit::{Rng, SeedOnPanic, seeds};

use crate::common::{SOON, Told};
use crate::lines::Lines;
use crate::stop::{Stop, Why};
use crate::toy::{self, Account, Settings};

/// An output that keeps what is written.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn settings(producers: usize, consumers: usize) -> Settings {
    Settings {
        producers,
        consumers,
        items: 10,
        queue: 2,
        produce: Duration::ZERO,
        consume: Duration::ZERO,
        failing: Vec::new(),
        panicking: Vec::new(),
    }
}

/// Panics that were asked for say nothing.
fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload_as_str().is_some_and(|text| text.ends_with("as it was asked to")) {
                loud(info);
            }
        }));
    });
}

/// Runs to the end, or until `stop_at` has passed; whoever hangs fails the test.
async fn run(settings: &Settings, stop_at: Option<Duration>) -> (Told, Arc<Account>, Report) {
    keep_quiet();
    let yard = Scheduler::builder().io(settings.io_lane()).cpu(Lane::cpu().threads(1)).build().unwrap();
    let (stop, kept) = (Stop::of(&yard), Kept::default());
    let (lines, writer) = Lines::start(&yard, &stop, kept.clone()).await.unwrap();
    if let Some(stop_at) = stop_at {
        let stop = stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(stop_at).await;
            stop.because(Why::TimeIsUp);
        });
    }
    let ended = tokio::time::timeout(SOON, toy::run(&yard, settings, &stop, &lines)).await;
    let account = ended.unwrap_or_else(|_| panic!("hangs: {settings:?}: {:#?}", yard.tasks())).unwrap();
    drop(lines);
    writer.await.unwrap();
    let report = yard.shutdown().await;
    let told = Told::of(std::str::from_utf8(&kept.0.lock().unwrap()).unwrap());
    (told, account, report)
}

/// What must hold however a run ended.
fn assert_accounted(settings: &Settings, told: &Told, account: &Account, report: &Report) {
    told.assert_nothing_lost();
    assert_eq!(told.counts(), account.counts(), "{settings:?}: {told:#?}");
    assert!(account.balances(), "{settings:?}: {account}");
    assert!(report.balances() && report.is_clean(), "{settings:?}: {report}");
    let tasks = settings.producers + settings.consumers + 1;
    assert_eq!(report.total.accepted, tasks as u64, "{settings:?}: {report}");
    assert_eq!(told.consumers_ended, settings.consumers, "{settings:?}");
}

fn everybody() -> impl Iterator<Item = (usize, usize)> {
    [1, 2, 3].into_iter().flat_map(|producers| [1, 2, 3, 5].map(|consumers| (producers, consumers)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_item_is_consumed_once_whatever_the_numbers() {
    for (producers, consumers) in everybody() {
        let settings = settings(producers, consumers);
        let (told, account, report) = run(&settings, None).await;
        assert_accounted(&settings, &told, &account, &report);
        let items = 10 * producers as u64;
        assert_eq!(account.counts(), [items, items, 0, items, 0], "{settings:?}");
        assert_eq!((told.producers_ended, account.failures()), (producers, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_outlive_producers_that_fail_or_panic() {
    for (producers, consumers) in everybody() {
        for (failing, panicking) in [(vec![1], vec![]), (vec![], vec![producers]), (vec![1], vec![2])] {
            let bad = failing.iter().chain(&panicking).filter(|id| **id <= producers).count();
            let settings = Settings { failing, panicking, ..settings(producers, consumers) };
            let (told, account, report) = run(&settings, None).await;
            assert_accounted(&settings, &told, &account, &report);
            let items = (10 * (producers - bad) + 5 * bad) as u64;
            assert_eq!(account.counts(), [items, items, 0, items, 0], "{settings:?}");
            assert_eq!((account.failures(), told.failures.len()), (bad as u64, bad), "{told:?}");
            assert_eq!(report.total.failed + report.total.panicked, bad as u64, "{report}");
        }
    }
}

/// Stops at random moments, slow producers or slow consumers or both, some of them failing. Over all runs, each way in which
/// an item can end must have been seen: a stop that comes too late every time would show nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_at_any_moment_loses_nothing_and_hangs_nobody() {
    let (mut seen, mut ran) = ([0; 5], 0);
    for seed in seeds(50) {
        let _told = SeedOnPanic::new(seed);
        let mut rng = Rng::new(seed);
        for (producers, consumers) in everybody() {
            let mut micros = |most: usize| Duration::from_micros(rng.below(most) as u64);
            let (produce, consume, stop_at) = (micros(3_000), micros(3_000), micros(9_000));
            let trouble = |rng: &mut Rng| if rng.chance(0.2) { vec![1 + rng.below(producers)] } else { Vec::new() };
            let settings = Settings {
                queue: 1 + rng.below(4),
                produce: if rng.chance(0.3) { Duration::ZERO } else { produce },
                consume: if rng.chance(0.3) { Duration::ZERO } else { consume },
                failing: trouble(&mut rng),
                panicking: trouble(&mut rng),
                ..settings(producers, consumers)
            };
            let (told, account, report) = run(&settings, Some(stop_at)).await;
            assert_accounted(&settings, &told, &account, &report);
            for (sum, count) in seen.iter_mut().zip(account.counts()) {
                *sum += count;
            }
            ran += 1;
        }
    }
    assert!(ran < 600 || seen.iter().all(|count| *count > 100), "made, put, refused, consumed, left over: {seen:?}");
}

/// Everybody is in the middle of something that takes an hour, or waits for somebody who is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_who_sleeps_and_who_waits() {
    let hour = Duration::from_hours(1);
    for (produce, consume) in [(hour, Duration::ZERO), (Duration::ZERO, hour), (hour, hour)] {
        let settings = Settings { produce, consume, ..settings(3, 2) };
        let (told, account, report) = run(&settings, Some(Duration::from_millis(50))).await;
        assert_accounted(&settings, &told, &account, &report);
        if produce.is_zero() {
            // Two in the hands of consumers, two in the queue, and each producer holds one that it cannot put.
            assert_eq!(account.counts(), [7, 4, 3, 0, 4], "{told:#?}");
        }
    }
}

/// More tasks than a lane runs at once by default: none may wait for a slot that another holds while it waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_tasks_than_a_usual_lane_runs_at_once() {
    for (producers, consumers) in [(1_500, 3), (3, 1_500)] {
        let settings = settings(producers, consumers);
        let (told, account, report) = run(&settings, None).await;
        assert_accounted(&settings, &told, &account, &report);
        let items = 10 * producers as u64;
        assert_eq!(account.counts(), [items, items, 0, items, 0]);
    }
}

/// An output that fails at its first write.
struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_output_that_fails_stops_everybody() {
    let settings = Settings { produce: Duration::from_millis(1), items: 1_000_000, ..settings(2, 2) };
    let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).build().unwrap();
    let stop = Stop::of(&yard);
    let (lines, writer) = Lines::start(&yard, &stop, Broken).await.unwrap();
    let ended = tokio::time::timeout(SOON, toy::run(&yard, &settings, &stop, &lines)).await;
    let account = ended.unwrap().unwrap();
    writer.await.unwrap();
    assert_eq!(stop.why(), Some(Why::BrokenPipe));
    assert!(account.balances(), "{account}");
}
