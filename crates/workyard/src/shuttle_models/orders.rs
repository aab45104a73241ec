//! Owns how a model is run: a yard on shuttle, its clock, and what each order has to leave behind. Never knows what a model does.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, SystemTime};

use shuttle::rand::RngCore as _;
use shuttle::scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler as Orders};
use shuttle::{Config, MaxSteps, Runner};

use crate::simulation::{SimulatedCall, SimulatedFuture, Simulator, enter};
use crate::{Lane, Report, Scheduler};

/// In how many orders each model is run, of either kind: any step with the same chance, and by priorities that change at four moments.
const ORDERS: usize = 50;
const CHANGES: usize = 4;

/// Of the orders. Other ones are drawn with `WORKYARD_SEED`, and more of them with `WORKYARD_SEEDS`.
const SEED: u64 = 20;

/// No model has that many steps, unless it goes round in a circle.
const MOST_STEPS: usize = 200_000;

/// How far the clock is moved at a time, and how often before all is taken to stand still.
const TICK: Duration = Duration::from_millis(1);
const MOST_TICKS: usize = 2_000;

/// Runs the model in all its orders.
pub(super) fn model<F: Future<Output = ()> + 'static>(body: impl Fn() -> F + Send + Sync + 'static) {
    let number = |name: &str| std::env::var(name).ok().map(|number| number.parse::<u64>().expect("a number"));
    let seed = number("WORKYARD_SEED").unwrap_or(SEED);
    let orders = number("WORKYARD_SEEDS").map_or(ORDERS, |orders| orders.try_into().expect("not that many"));
    let body = Arc::new(body);
    if let Ok(order) = std::env::var("WORKYARD_ORDER") {
        let mut replayed = ReplayScheduler::new_from_encoded(&order);
        replayed.set_allow_incomplete();
        return run(replayed, &body);
    }
    run(RandomScheduler::new_from_seed(seed, orders), &body);
    run(PctScheduler::new_from_seed(seed, CHANGES, orders), &body);
}

fn run<F: Future<Output = ()> + 'static>(
    orders: impl Orders + 'static,
    body: &Arc<impl Fn() -> F + Send + Sync + 'static>,
) {
    let mut config = Config::new();
    config.stack_size = 1 << 20;
    config.max_steps = MaxSteps::FailAfter(MOST_STEPS);
    // The orderings of atomics are loom's to look at.
    config.silence_warnings = true;
    let body = Arc::clone(body);
    Runner::new(orders, config).run(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = Arc::new(runtime.expect("a runtime without I/O needs nothing"));
        let _inside = runtime.enter();
        let started = Arc::new(AtomicUsize::new(0));
        let _simulated = enter(Arc::new(Shuttle { started: Arc::clone(&started) }));
        let is_over = Arc::new(AtomicBool::new(false));
        let clock = shuttle::thread::spawn({
            let (runtime, is_over) = (Arc::clone(&runtime), Arc::clone(&is_over));
            move || {
                for _ in 0..MOST_TICKS {
                    shuttle::thread::yield_now();
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    runtime.block_on(tokio::time::advance(TICK));
                }
            }
        });
        shuttle::future::block_on(body());
        // The yard is gone, and all that it has started ends. If not, the clock stops, and shuttle says who waits.
        shuttle::future::block_on(async {
            while started.load(Ordering::Relaxed) > 0 {
                tokio::time::sleep(TICK).await;
            }
        });
        is_over.store(true, Ordering::Relaxed);
        clock.join().expect("the clock does not panic");
    });
}

/// What a yard starts is shuttle's to run.
struct Shuttle {
    /// And not over.
    started: Arc<AtomicUsize>,
}

/// One that was started.
struct Started(Arc<AtomicUsize>);

impl Shuttle {
    fn start(&self) -> Started {
        self.started.fetch_add(1, Ordering::Relaxed);
        Started(Arc::clone(&self.started))
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Simulator for Shuttle {
    fn spawn(&self, _: &'static str, future: SimulatedFuture) {
        let started = self.start();
        let future = async move {
            polled_when_woken(future).await;
            drop(started);
        };
        drop(shuttle::future::spawn(future));
    }

    fn call(&self, _: &'static str, closure: SimulatedCall) {
        let started = self.start();
        drop(shuttle::thread::spawn(move || {
            closure();
            drop(started);
        }));
    }

    fn block_on(&self, future: Pin<&mut dyn Future<Output = ()>>) {
        shuttle::future::block_on(future);
    }

    fn pause(&self) {
        shuttle::thread::yield_now();
    }

    fn note(&self, _: fmt::Arguments<'_>) {}

    fn io_workers(&self) -> usize {
        2
    }

    fn expects_short_bodies(&self) -> bool {
        below(2) == 0
    }

    fn draw(&self) -> u64 {
        shuttle::rand::thread_rng().next_u64()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

/// As a runtime does: shuttle polls a future also when it had to wait for a lock.
async fn polled_when_woken(mut future: SimulatedFuture) {
    let mut wakes: Option<(Arc<Wakes>, Waker)> = None;
    poll_fn(|cx| {
        let (wakes, waker) = wakes.get_or_insert_with(|| {
            let wakes = Arc::new(Wakes { is_due: AtomicBool::new(true), task: cx.waker().clone() });
            let waker = Waker::from(Arc::clone(&wakes));
            (wakes, waker)
        });
        if wakes.is_due.swap(false, Ordering::Relaxed) {
            future.as_mut().poll(&mut Context::from_waker(waker))
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// Whether a future was woken since it was polled last.
struct Wakes {
    is_due: AtomicBool,
    task: Waker,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.is_due.store(true, Ordering::Relaxed);
        self.task.wake_by_ref();
    }
}

/// A number that the order draws.
pub(super) fn below(bound: u64) -> u64 {
    shuttle::rand::thread_rng().next_u64() % bound
}

/// One slot and one place on each lane.
pub(super) fn narrow() -> Scheduler {
    Scheduler::builder()
        .io(Lane::io().limit(1).queue(1))
        .cpu(Lane::cpu().threads(1).queue(1))
        .blocking(Lane::blocking().limit(1).queue(1))
        .build()
        .unwrap()
}

/// Ends the yard: everything was accounted for, and nothing is held.
pub(super) async fn settles(yard: &Scheduler) -> Report {
    let report = yard.shutdown().drain_for(Duration::from_secs(5)).await;
    assert!(report.balances() && report.is_clean(), "{report}");
    for lane in yard.snapshot().lanes {
        let counts = lane.counts;
        let held = counts.occupied + counts.overrunning + counts.lending + counts.submitters + counts.promised;
        assert!(held == 0 && counts.ledger.live() == 0, "{counts:?}");
    }
    report
}

/// Polls the future at most so often, and drops it: what it came to.
pub(super) async fn polled<F: Future>(future: F, times: u64) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = times;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // The last poll is the end, whoever would wake it.
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// A client beside the model.
pub(super) fn client<F>(future: F) -> shuttle::future::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    shuttle::future::spawn(future)
}

/// Others have their turn.
pub(super) async fn step_aside() {
    tokio::task::yield_now().await;
}
