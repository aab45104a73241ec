//! Tasks that are tried again, under a storm: on every kind of lane, stopped in every way at any moment, with a shutdown in
//! between. Counts what it saw, and fails if any kind of event came too seldom.

use std::collections::BTreeMap;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use workyard::{
    ClosureTask, FutureTask, GaveUp, Handle, Lane, Order, Retried, Retry, RetryBudget, Scheduler, TaskContext,
    TaskError, TaskErrorKind, TaskStatus,
};
use workyard_testkit::{DropCounter, Rng, SeedOnPanic, seeds, wait_for};

use crate::common::{Failed, SOON};

/// Tasks of one storm.
const TASKS: usize = 1_500;

/// By default; `WORKYARD_SEEDS` says otherwise.
const STORMS: u64 = 4;

const ATTEMPTS: u32 = 4;

/// What a body does at an attempt.
#[derive(Clone, Copy)]
enum Does {
    Works,
    Fails,
    Panics,
    /// Yields some times, and fails then; a closure sleeps.
    Lingers,
    /// Until it is stopped, or its attempt runs out of time.
    Waits,
}

/// What is done with the task from outside, and after how many microseconds.
#[derive(Clone, Copy)]
enum Plan {
    Await,
    Cancel(u64),
    Abort(u64),
    AbortOnDrop(u64),
    Detach,
}

struct Script {
    does: [Does; ATTEMPTS as usize],
    plan: Plan,
    deadline: Option<Duration>,
    timeout: Option<Duration>,
    queue_timeout: Option<Duration>,
}

impl Script {
    fn draw(rng: &mut Rng, is_io: bool) -> Self {
        let plan = match rng.below(10) {
            0..=2 => Plan::Cancel(rng.below(8_000) as u64),
            3 | 4 => Plan::Abort(rng.below(8_000) as u64),
            5 => Plan::AbortOnDrop(rng.below(8_000) as u64),
            6 => Plan::Detach,
            _ => Plan::Await,
        };
        let does = [(); ATTEMPTS as usize].map(|()| match rng.below(12) {
            0 => Does::Works,
            1 => Does::Panics,
            2 | 3 => Does::Lingers,
            4 if is_io => Does::Waits,
            _ => Does::Fails,
        });
        let limit = |rng: &mut Rng| rng.chance(0.1).then(|| Duration::from_micros(rng.below(8_000) as u64));
        Self { does, plan, deadline: limit(rng), timeout: limit(rng), queue_timeout: limit(rng) }
    }
}

/// What was seen, and of what there was how much.
#[derive(Default)]
struct Books {
    attempts: AtomicU64,
    overlapping: AtomicU64,
    seen: std::sync::Mutex<BTreeMap<&'static str, u64>>,
}

impl Books {
    fn see(&self, what: &'static str) {
        *self.seen.lock().unwrap().entry(what).or_default() += 1;
    }

    fn note(&self, result: &Result<u32, TaskError>, stopped_at: Option<TaskStatus>) {
        match stopped_at {
            Some(TaskStatus::RetryWaiting) => self.see("stopped between attempts"),
            Some(TaskStatus::Queued) => self.see("stopped in the queue"),
            Some(TaskStatus::Running) => self.see("stopped at an attempt"),
            _ => {}
        }
        let Err(error) = result else {
            return self.see("completed");
        };
        assert!(error.attempts().is_some_and(|attempts| attempts <= ATTEMPTS), "{error}");
        self.see(match (error.kind(), error.gave_up()) {
            (TaskErrorKind::Failed, Some(GaveUp::Attempts)) => "failed with the last attempt",
            (TaskErrorKind::Failed, Some(GaveUp::Budget)) => "failed for lack of budget",
            (TaskErrorKind::Failed, Some(GaveUp::Deadline)) => "failed before the deadline",
            (TaskErrorKind::Failed, Some(GaveUp::Stopping)) => "failed when it was asked to stop",
            (TaskErrorKind::Failed, _) => unreachable!("{error}"),
            (TaskErrorKind::Panicked, _) => "panicked",
            (TaskErrorKind::Cancelled, _) => "cancelled",
            (TaskErrorKind::TimedOut, _) => "timed out",
            (TaskErrorKind::Abandoned, _) => "abandoned",
            _ => "other",
        });
    }
}

#[test]
fn however_it_is_stopped_every_task_that_is_tried_again_ends_once() {
    let books = Arc::new(Books::default());
    let mut storms = 0;
    for seed in seeds(STORMS) {
        let _told = SeedOnPanic::new(seed);
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async { timeout(3 * SOON, storm(seed, &books)).await.expect("the storm ends") });
        storms += 1;
    }
    assert_eq!(books.overlapping.load(Ordering::SeqCst), 0, "two attempts of one task never overlap");
    if storms >= STORMS {
        let seen = books.seen.lock().unwrap().clone();
        for what in [
            "completed",
            "failed with the last attempt",
            "failed for lack of budget",
            "failed before the deadline",
            "panicked",
            "cancelled",
            "timed out",
            "stopped between attempts",
            "stopped at an attempt",
        ] {
            let least = if what == "stopped between attempts" { 100 } else { 20 };
            assert!(seen.get(what).is_some_and(|&count| count >= least), "{what}: {seen:?}");
        }
    }
}

async fn storm(seed: u64, books: &Arc<Books>) {
    quiet();
    let mut rng = Rng::new(seed);
    let yard = Scheduler::builder()
        .io(Lane::io().limit(8).queue(64))
        .cpu(Lane::cpu().threads(2).queue(64).order(Order::Lifo))
        .blocking(Lane::blocking().limit(3).queue(64).order(Order::Priority))
        .build()
        .unwrap();
    let policies = policies(seed);
    let values = DropCounter::new();
    let (mut flying, mut ending) = (JoinSet::new(), None);
    for number in 0..TASKS {
        if number == TASKS / 10 * 9 {
            let shutdown = yard.shutdown().drain_for(Duration::from_millis(rng.below(10) as u64)).grace(SOON);
            ending = Some(tokio::spawn(async { shutdown.await }));
        }
        let lane = rng.below(3);
        let (script, retry) = (Script::draw(&mut rng, lane == 0), rng.pick(&policies).clone());
        flying.spawn(fly(yard.clone(), lane, script, retry, Arc::clone(books), values.clone()));
        if number % 32 == 0 {
            look(&yard);
        }
        while flying.len() >= 128 {
            flying.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(flown) = flying.join_next().await {
        flown.unwrap();
    }
    let report = ending.unwrap().await.unwrap();
    assert!(report.balances() && report.is_clean(), "{report:#}");
    look(&yard);
    wait_for("all values are dropped", SOON, || values.alive() == 0);
    let retries: u64 = report.lanes.iter().map(|lane| lane.counts.retries).sum();
    let attempts = books.attempts.swap(0, Ordering::SeqCst);
    assert!(attempts <= retries + report.total.accepted, "{attempts} attempts: {report:#}");
    for lane in yard.snapshot().lanes {
        let counts = lane.counts;
        let held = counts.occupied + counts.overrunning + counts.lending + counts.promised;
        assert_eq!((held, counts.ledger.live()), (0, 0), "{lane}");
    }
}

fn policies(seed: u64) -> Vec<Retry> {
    let ms = Duration::from_millis(1);
    let base = || Retry::exponential().attempts(ATTEMPTS).min_delay(ms).max_delay(4 * ms).seed(seed);
    let budget = RetryBudget::new(0.3, 5).unwrap();
    [
        base().without_budget(),
        base().without_budget().retry_panics(),
        base().without_budget().attempt_timeout(2 * ms).retry_timeouts(),
        base().without_budget().attempt_timeout(ms).within(6 * ms),
        base().budget(budget),
    ]
    .map(|policy| policy.build().unwrap())
    .to_vec()
}

/// What holds of each lane at every moment.
fn look(yard: &Scheduler) {
    for lane in yard.snapshot().lanes {
        let counts = lane.counts;
        assert!(counts.ledger.balances() && counts.occupied <= counts.limit, "{lane}");
        let waiting = usize::try_from(counts.ledger.queued + counts.ledger.retry_waiting).unwrap();
        assert!(counts.occupied + waiting + counts.promised <= counts.limit + counts.queue, "{counts:?}");
    }
}

/// An attempt under way; two of one task must not be.
struct Attempt(Arc<AtomicU64>);

impl Drop for Attempt {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn fly(yard: Scheduler, lane: usize, script: Script, retry: Retry, books: Arc<Books>, values: DropCounter) {
    let Script { does, plan, deadline, timeout, queue_timeout } = script;
    let deadline = deadline.map(|deadline| Instant::now() + deadline);
    let (held, under_way) = (values.payload(), Arc::new(AtomicU64::new(0)));
    let counting = Arc::clone(&books);
    let begin = move |attempt: u32| {
        let _held = &held;
        counting.attempts.fetch_add(1, Ordering::SeqCst);
        counting.overlapping.fetch_add(under_way.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
        (does[attempt as usize - 1], Attempt(Arc::clone(&under_way)))
    };
    macro_rules! limited {
        ($task:expr) => {{
            let mut task = $task.retry(retry);
            if let Some(deadline) = deadline {
                task = task.deadline(deadline);
            }
            if let Some(timeout) = timeout {
                task = task.timeout(timeout);
            }
            if let Some(queue_timeout) = queue_timeout {
                task = task.queue_timeout(queue_timeout);
            }
            task
        }};
    }
    let submitted = if lane == 0 {
        let task: FutureTask<'_, Retried> = limited!(yard.io().task("storm"));
        task.submit_with(move |ctx| play(ctx.clone(), begin(ctx.attempt()))).await.ok()
    } else {
        let task: ClosureTask<'_, Retried> =
            if lane == 1 { limited!(yard.cpu().task("storm")) } else { limited!(yard.blocking().task("storm")) };
        task.submit_with(move |ctx| call(&ctx, begin(ctx.attempt()))).await.ok()
    };
    if let Some(handle) = submitted {
        follow(handle, plan, &books).await;
    }
}

async fn play(ctx: TaskContext, (does, _under_way): (Does, Attempt)) -> Result<u32, Failed> {
    match does {
        Does::Works => return Ok(ctx.attempt()),
        Does::Fails => {}
        Does::Panics => panic!("storm"),
        Does::Lingers => {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
        Does::Waits => tokio::select! {
            () = ctx.cancelled() => {}
            () = sleep(Duration::from_millis(5)) => {}
        },
    }
    Err(Failed(ctx.attempt()))
}

fn call(ctx: &TaskContext, (does, _under_way): (Does, Attempt)) -> Result<u32, Failed> {
    match does {
        Does::Works => return Ok(ctx.attempt()),
        Does::Panics => panic!("storm"),
        Does::Lingers => std::thread::yield_now(),
        Does::Fails | Does::Waits => {}
    }
    Err(Failed(ctx.attempt()))
}

async fn follow(handle: Handle<u32>, plan: Plan, books: &Books) {
    let (micros, stop): (u64, fn(&Handle<u32>) -> bool) = match plan {
        Plan::Await => return books.note(&timeout(SOON, handle).await.expect("it ends"), None),
        Plan::Detach => return,
        Plan::AbortOnDrop(micros) => {
            let _done = timeout(Duration::from_micros(micros), handle.abort_on_drop()).await;
            return;
        }
        Plan::Cancel(micros) => (micros, Handle::cancel),
        Plan::Abort(micros) => (micros, Handle::abort),
    };
    sleep(Duration::from_micros(micros)).await;
    let status = handle.status();
    let stopped = stop(&handle);
    books.note(&timeout(SOON, handle).await.expect("it ends"), stopped.then_some(status));
}

/// Panics of the storm are no news.
fn quiet() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>() != Some(&"storm") {
                tell(info);
            }
        }));
    });
}
