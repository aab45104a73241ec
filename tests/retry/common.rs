//! Owns what the tests of retries share: policies without chance, work that follows a script, and an end at which the books
//! balance. Never asserts what a test is about.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::{Instant, advance};
use workyard::{Handle, LaneCounts, Report, Retry, RetryBuilder, Scheduler, TaskStatus};
use workyard_testkit::wait_for_async;

use crate::ended::ended;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// How long anything may take before it counts as hung.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Delays of 1, 2, 4, ... seconds, and no budget.
pub(crate) fn policy(attempts: u32) -> RetryBuilder {
    let delays = Retry::exponential().min_delay(SECOND).max_delay(1_000 * SECOND).factor(2.0);
    delays.without_jitter().without_budget().attempts(attempts)
}

/// What a test's work fails with.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) u32);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {} failed", self.0)
    }
}

impl Error for Failed {}

/// What one attempt does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Does {
    Works,
    Fails,
    Panics,
    /// Never comes to an end by itself.
    Hangs,
}

/// Work that does the next of these at each attempt, and then the last one again; it notes when.
#[derive(Clone)]
pub(crate) struct Script {
    steps: Arc<[Does]>,
    next: Arc<AtomicU32>,
    began: Instant,
    starts: Arc<Mutex<Vec<Duration>>>,
}

impl Script {
    pub(crate) fn new(steps: &[Does]) -> Self {
        Self { steps: steps.into(), next: Arc::default(), began: Instant::now(), starts: Arc::default() }
    }

    /// Begins an attempt: which one it is, and what it does.
    fn begin(&self) -> (u32, Does) {
        self.starts.lock().unwrap().push(self.began.elapsed());
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number + 1, *self.steps.get(number as usize).or(self.steps.last()).unwrap())
    }

    pub(crate) fn call(&self) -> Result<u32, Failed> {
        match self.begin() {
            (number, Does::Works) => Ok(number),
            (number, Does::Fails) => Err(Failed(number)),
            (number, Does::Panics) => panic!("attempt {number} panicked"),
            (_, Does::Hangs) => unreachable!("a closure that hangs is another test's"),
        }
    }

    pub(crate) async fn play(self) -> Result<u32, Failed> {
        match self.begin() {
            (number, Does::Works) => Ok(number),
            (number, Does::Fails) => Err(Failed(number)),
            (number, Does::Panics) => panic!("attempt {number} panicked"),
            (_, Does::Hangs) => std::future::pending().await,
        }
    }

    /// The work as a function of futures.
    pub(crate) fn player(&self) -> impl FnMut() -> Played + Send + 'static + use<> {
        let script = self.clone();
        move || Box::pin(script.clone().play())
    }

    /// When each attempt began, in seconds since the script was made.
    pub(crate) fn starts(&self) -> Vec<u64> {
        self.starts.lock().unwrap().iter().map(Duration::as_secs).collect()
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.next.load(Ordering::Relaxed)
    }
}

pub(crate) type Played = std::pin::Pin<Box<dyn Future<Output = Result<u32, Failed>> + Send>>;

pub(crate) fn counts(yard: &Scheduler, lane: &str) -> LaneCounts {
    let counts = yard.snapshot().lane(lane).unwrap().counts;
    assert!(counts.ledger.balances(), "{}", counts.ledger);
    counts
}

/// Keeps the paused clock from going ahead by itself, as it does when the runtime has nothing to do, though threads of lanes work.
pub(crate) struct HeldClock {
    _go_on: mpsc::Sender<()>,
}

impl HeldClock {
    pub(crate) fn new() -> Self {
        let (go_on, waits) = mpsc::channel::<()>();
        drop(tokio::task::spawn_blocking(move || waits.recv()));
        Self { _go_on: go_on }
    }

    /// Has the clock go ahead by a second whenever the task waits for its next attempt, until it has ended.
    pub(crate) async fn until_ended<T>(&self, handle: &Handle<T>) {
        loop {
            let waits_or_ended = || handle.status() == TaskStatus::RetryWaiting || handle.is_finished();
            wait_for_async("the attempt ends", SOON, waits_or_ended).await;
            if handle.is_finished() {
                return;
            }
            advance(SECOND).await;
            settle().await;
        }
    }
}

/// Lets all that is ready run, while time stands still.
pub(crate) async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

/// Shuts down; the books balance, and nothing is left.
pub(crate) async fn end(yard: &Scheduler) -> Report {
    assert!(yard.snapshot().ledger().balances());
    let report = ended(yard).await;
    assert!(report.balances() && report.is_clean(), "{report:#}");
    for lane in &report.lanes {
        let counts = &lane.counts;
        assert_eq!((counts.occupied, counts.lending, counts.overrunning, counts.promised), (0, 0, 0, 0), "{lane}");
    }
    report
}
