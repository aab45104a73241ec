//! The conservation law under a storm: thousands of tasks that are submitted, cancelled, aborted, dropped and panic at
//! random, with a shutdown in the middle. Never looks at how a lane does it.
#![cfg(test)]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use tokio::task::JoinSet;
use workyard::{
    BoxError, CpuLane, Handle, IoLane, Lane, Outcome, Report, Scheduler, SubmitError, TaskContext, TaskError,
    TaskErrorKind, TaskRef, TaskStatus,
};
use workyard_testkit::{DropCounter, Gauge, Payload, Rng, SeedOnPanic, seeds, wait_for};

const SOON: Duration = Duration::from_mins(1);
const TASKS: usize = 10_000;
const IO_LIMIT: usize = 8;
const CPU_THREADS: usize = 2;

#[test]
fn every_accepted_task_is_accounted_for() {
    for seed in seeds(1) {
        let _told = SeedOnPanic::new(seed);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async { tokio::time::timeout(SOON, storm(seed)).await.expect("the storm ends") });
    }
}

async fn storm(seed: u64) {
    let mut rng = Rng::new(seed);
    let yard = Scheduler::builder()
        .io(Lane::io().limit(IO_LIMIT).queue(16))
        .cpu(Lane::cpu().threads(CPU_THREADS).queue(16))
        .build()
        .unwrap();
    let storm = Arc::new(Storm::default());
    let shutdown_at = TASKS / 2 + rng.below(TASKS / 2);
    let mut flying = JoinSet::new();
    let mut ending = None;
    for number in 0..TASKS {
        if number == shutdown_at {
            let shutdown = yard.shutdown().drain_for(Duration::from_millis(rng.below(20) as u64)).grace(SOON);
            ending = Some(tokio::spawn(async { shutdown.await }));
        }
        let (script, storm) = (Script::draw(&mut rng), Arc::clone(&storm));
        if rng.chance(0.5) {
            flying.spawn(fly_io(yard.io().clone(), script, storm));
        } else {
            flying.spawn(fly_cpu(yard.cpu().clone(), script, storm));
        }
        if number % 64 == 0 {
            look(&yard);
        }
        while flying.len() > 128 {
            flying.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(flown) = flying.join_next().await {
        flown.unwrap();
        look(&yard);
    }
    let report = ending.unwrap().await.unwrap();
    storm.settle_up(&report);
    for lane in yard.snapshot().lanes {
        let counts = lane.counts;
        assert_eq!((counts.occupied, counts.overrunning, counts.submitters, counts.promised), (0, 0, 0, 0), "{lane}");
    }
    drop(yard);
    wait_for("all values are dropped", SOON, || storm.payloads.alive() == 0);
}

/// What holds of each lane at every moment.
fn look(yard: &Scheduler) {
    for lane in yard.snapshot().lanes {
        let counts = lane.counts;
        assert!(counts.ledger.balances(), "{lane}");
        assert!(counts.overrunning <= counts.occupied && counts.occupied <= counts.limit, "{counts:?}");
        let waiting = usize::try_from(counts.ledger.queued).unwrap();
        assert!(counts.occupied + waiting + counts.promised <= counts.limit + counts.queue, "{counts:?}");
    }
}

/// What one task does and what is done to it.
#[derive(Clone, Copy, Debug)]
struct Script {
    verb: Verb,
    body: Body,
    plan: Plan,
}

#[derive(Clone, Copy, Debug)]
enum Verb {
    Try,
    /// The future is dropped after so many polls, if there is a number.
    Submit(Option<usize>),
    SubmitWith,
    Run(Option<usize>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Body {
    Returns,
    Yields(usize),
    Panics,
    Fails,
    /// Ends only once it is cancelled.
    Waits,
}

#[derive(Clone, Copy, Debug)]
enum Plan {
    Await,
    Cancel(usize),
    Abort(usize),
    Detach,
    AbortOnDrop(usize),
}

impl Script {
    fn draw(rng: &mut Rng) -> Self {
        let verb = match rng.below(8) {
            0 | 1 => Verb::Try,
            2 => Verb::Submit(Some(rng.below(4))),
            3 => Verb::SubmitWith,
            4 => Verb::Run(None),
            5 => Verb::Run(Some(rng.below(40))),
            _ => Verb::Submit(None),
        };
        let plan = match rng.below(6) {
            0 => Plan::Cancel(rng.below(20)),
            1 => Plan::Abort(rng.below(20)),
            2 => Plan::Detach,
            3 => Plan::AbortOnDrop(rng.below(20)),
            _ => Plan::Await,
        };
        let is_stopped = match verb {
            Verb::Run(polls) => polls.is_some(),
            _ => !matches!(plan, Plan::Await | Plan::Detach),
        };
        let body = match rng.below(6) {
            0 => Body::Yields(rng.below(30)),
            1 => Body::Panics,
            2 => Body::Fails,
            3 if is_stopped => Body::Waits,
            _ => Body::Returns,
        };
        Self { verb, body, plan }
    }
}

#[derive(Default)]
struct Storm {
    payloads: DropCounter,
    refs: Mutex<Vec<TaskRef>>,
    starts: AtomicUsize,
    /// How often a handle or a `run` gave each outcome.
    seen: [AtomicUsize; Outcome::ALL.len()],
    dropped_runs: AtomicUsize,
    awaited_runs: AtomicUsize,
    dropped_submits: AtomicUsize,
    full: AtomicUsize,
    closed: AtomicUsize,
    on_io: Gauge,
    on_cpu: Gauge,
}

impl Storm {
    fn see(&self, outcome: Outcome) {
        count(&self.seen[Outcome::ALL.iter().position(|&o| o == outcome).unwrap()]);
    }

    fn refused<F>(&self, refused: SubmitError<F>) {
        count(if refused.is_full() { &self.full } else { &self.closed });
        drop(refused.into_inner());
    }

    async fn follow(&self, handle: Handle<Payload>, plan: Plan) {
        let task = handle.task_ref();
        self.refs.lock().unwrap().push(task.clone());
        let result = match plan {
            Plan::Await => Some(handle.await),
            Plan::Cancel(yields) => {
                yield_for(yields).await;
                handle.cancel();
                Some(handle.await)
            }
            Plan::Abort(yields) => {
                yield_for(yields).await;
                handle.abort();
                Some(handle.await)
            }
            Plan::Detach => None,
            Plan::AbortOnDrop(polls) => poll_at_most(polls, handle.abort_on_drop()).await,
        };
        if let Some(result) = result {
            let outcome = outcome_of(&result).expect("an accepted task is not refused");
            assert_eq!(task.status(), TaskStatus::Ended(outcome));
            assert!(!task.cancel() && !task.abort(), "it has ended");
            self.see(outcome);
        }
    }

    fn ran(&self, result: Option<Result<Payload, TaskError>>) {
        match result.map(|result| outcome_of(&result)) {
            None => count(&self.dropped_runs),
            Some(None) => count(&self.closed),
            Some(Some(outcome)) => {
                count(&self.awaited_runs);
                self.see(outcome);
            }
        }
    }

    /// After the end: the handles, the report and the bodies tell one story.
    fn settle_up(&self, report: &Report) {
        assert!(report.balances() && report.is_clean(), "{report}");
        let get = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        let total = report.total;
        let refs = self.refs.lock().unwrap();
        let mut unexplained = 0;
        for (at, outcome) in Outcome::ALL.into_iter().enumerate() {
            let ended = usize::try_from(total.ended(outcome)).unwrap();
            let known = refs.iter().filter(|task| task.status() == TaskStatus::Ended(outcome)).count();
            assert!(known <= ended && get(&self.seen[at]) <= ended, "{outcome}: {known} of {ended}");
            unexplained += ended - known;
        }
        assert!(refs.iter().all(|task| task.status().is_ended()));
        // Only the tasks of `run` have no handle that could be asked.
        let runs = get(&self.awaited_runs)..=get(&self.awaited_runs) + get(&self.dropped_runs);
        assert!(runs.contains(&unexplained), "{unexplained} tasks are unexplained, {runs:?} were run");
        let accepted = usize::try_from(total.accepted).unwrap();
        let never_started = usize::try_from(report.never_started).unwrap();
        assert!(get(&self.starts) <= accepted - never_started, "{report}");
        assert!(self.on_io.max() <= IO_LIMIT && self.on_cpu.max() <= CPU_THREADS);
    }
}

/// What a body holds.
struct Inside {
    storm: Arc<Storm>,
    payload: Payload,
    begun: AtomicU8,
}

impl Inside {
    fn new(storm: &Arc<Storm>) -> Self {
        Self { payload: storm.payloads.payload(), storm: Arc::clone(storm), begun: AtomicU8::new(0) }
    }

    fn begin(&self) {
        assert_eq!(self.begun.fetch_add(1, Ordering::SeqCst), 0, "a body begins once");
        count(&self.storm.starts);
    }
}

async fn io_body(inside: Inside, body: Body, context: Option<TaskContext>) -> Result<Payload, BoxError> {
    inside.begin();
    let _here = inside.storm.on_io.enter();
    match body {
        Body::Returns => {}
        Body::Yields(times) => yield_for(times).await,
        Body::Panics => std::panic::resume_unwind(Box::new("on purpose")),
        Body::Fails => return Err("on purpose".into()),
        Body::Waits => match context {
            Some(context) => context.cancelled().await,
            None => std::future::pending().await,
        },
    }
    Ok(inside.payload)
}

fn cpu_body(inside: Inside, body: Body, context: Option<&TaskContext>) -> Result<Payload, BoxError> {
    inside.begin();
    let _here = inside.storm.on_cpu.enter();
    match body {
        Body::Returns => {}
        Body::Yields(times) => (0..times).for_each(|_| std::thread::yield_now()),
        Body::Panics => std::panic::resume_unwind(Box::new("on purpose")),
        Body::Fails => return Err("on purpose".into()),
        Body::Waits => {
            // A plain closure cannot see that it is cancelled, and returns.
            while context.is_some_and(|context| !context.is_cancelled()) {
                std::thread::yield_now();
            }
        }
    }
    Ok(inside.payload)
}

macro_rules! fly {
    ($name:ident, $lane:ty, $plain:expr, $with_context:expr) => {
        async fn $name(lane: $lane, script: Script, storm: Arc<Storm>) {
            let Script { verb, body, plan } = script;
            let (task, inside) = (lane.task("storm").fallible(), Inside::new(&storm));
            let submitted = match verb {
                Verb::Try => task.try_submit($plain(inside, body)).map_err(|refused| storm.refused(refused)),
                Verb::Submit(polls) => {
                    let submit = task.submit($plain(inside, body));
                    match poll_at_most(polls.unwrap_or(usize::MAX), submit).await {
                        Some(submitted) => submitted.map_err(|refused| storm.refused(refused)),
                        None => return count(&storm.dropped_submits),
                    }
                }
                Verb::SubmitWith => {
                    let submit = task.submit_with($with_context(inside, body));
                    submit.await.map_err(|refused| storm.refused(refused))
                }
                Verb::Run(polls) => {
                    let run = task.run($plain(inside, body));
                    return storm.ran(poll_at_most(polls.unwrap_or(usize::MAX), run).await);
                }
            };
            if let Ok(handle) = submitted {
                storm.follow(handle, plan).await;
            }
        }
    };
}

fly!(fly_io, IoLane, |inside, body| io_body(inside, body, None), |inside, body| move |context| io_body(
    inside,
    body,
    Some(context)
));

fly!(fly_cpu, CpuLane, |inside, body| move || cpu_body(inside, body, None), |inside, body| {
    move |context: TaskContext| cpu_body(inside, body, Some(&context))
});

fn outcome_of(result: &Result<Payload, TaskError>) -> Option<Outcome> {
    match result.as_ref().map_err(TaskError::kind) {
        Ok(_) => Some(Outcome::Completed),
        Err(TaskErrorKind::Failed) => Some(Outcome::Failed),
        Err(TaskErrorKind::Panicked) => Some(Outcome::Panicked),
        Err(TaskErrorKind::Cancelled) => Some(Outcome::Cancelled),
        Err(TaskErrorKind::TimedOut) => Some(Outcome::TimedOut),
        Err(TaskErrorKind::Abandoned) => Some(Outcome::Abandoned),
        Err(_) => None,
    }
}

/// Polls the future at once and so many times more, or until it is ready if there is no end to them; then drops it.
async fn poll_at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        if polls == usize::MAX {
            return Poll::Pending;
        }
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

async fn yield_for(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::SeqCst);
}
