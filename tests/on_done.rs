//! Callbacks of tasks that have ended: one call for every accepted task, apart from the lane and from the result, and before the
//! report of the shutdown.
#![cfg(test)]

#[path = "common/run.rs"]
mod run;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::pending;
use std::panic::{panic_any, set_hook, take_hook};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, OnceLock, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{self, Layer, SubscriberExt as _};
use workyard::{Handle, Lane, Outcome, Reason, Report, Scheduler, TaskEnded, TaskId, Until};
use workyard_testkit::{DropCounter, Rng, SeedOnPanic, seeds, wait_for, wait_for_async};

use run::{SOON, on_runtime, soon};

/// Keeps panics that a test makes on purpose off the screen.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !info.payload_as_str().is_some_and(|text| text.contains("on purpose")) {
                before(info);
            }
        }));
    });
}

fn narrow() -> Scheduler {
    let builder = Scheduler::builder().io(Lane::io().limit(1)).cpu(Lane::cpu().threads(1));
    builder.blocking(Lane::blocking().limit(1)).build().unwrap()
}

/// What callbacks were told, in the order of the calls.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<TaskEnded>>>);

impl Told {
    fn tell(&self) -> impl FnOnce(&TaskEnded) + Send + 'static {
        let told = self.clone();
        move |ended| told.0.lock().unwrap().push(ended.clone())
    }

    fn all(&self) -> Vec<TaskEnded> {
        self.0.lock().unwrap().clone()
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    #[track_caller]
    fn of(&self, name: &str) -> TaskEnded {
        let mut found: Vec<_> = self.all().into_iter().filter(|ended| ended.name() == Some(name)).collect();
        assert_eq!(found.len(), 1, "calls for {name:?}: {found:?}");
        found.remove(0)
    }
}

async fn balanced(yard: &Scheduler) -> Report {
    let report = soon(yard.shutdown().drain_for(SOON)).await;
    assert!(report.balances() && report.is_clean() && report.pending_callbacks == 0, "{report}");
    report
}

/// A callback that waits until it is let go, and how to let it go.
fn held() -> (impl FnOnce(&TaskEnded) + Send + 'static, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (begun, has_begun) = mpsc::channel();
    let (go, goes) = mpsc::channel::<()>();
    let callback = move |_: &TaskEnded| {
        begun.send(()).unwrap();
        goes.recv().unwrap();
    };
    (callback, has_begun, go)
}

#[test]
fn every_way_to_end_is_told_once() {
    quiet();
    on_runtime(async {
        let (yard, told) = (narrow(), Told::default());
        let (io, cpu) = (yard.io(), yard.cpu());
        let tell = || told.tell();
        let line = line!() + 1;
        let ended: Handle<()> = io.task("completed").on_done(tell()).submit(async {}).await.unwrap();
        soon(ended).await.unwrap();
        let failed = io.task("failed").fallible().on_done(tell()).submit(async { Err::<(), _>("no") }).await.unwrap();
        assert!(soon(failed).await.is_err());
        let panicked: Handle<()> =
            cpu.task("panicked").on_done(tell()).submit(|| panic_any("on purpose")).await.unwrap();
        assert!(soon(panicked).await.is_err());
        let running = io.task("running").on_done(tell()).submit(pending::<()>()).await.unwrap();
        let queued = io.task("queued").on_done(tell()).submit(async {}).await.unwrap();
        let late = io.task("late in the queue").queue_timeout(Duration::ZERO).on_done(tell());
        assert!(soon(late.submit(async {}).await.unwrap()).await.unwrap_err().is_timeout());
        assert!(queued.cancel() && running.cancel());
        assert!(soon(running).await.is_err() && soon(queued).await.is_err());
        let (open, shut) = mpsc::channel::<()>();
        let late =
            cpu.task("late").timeout(Duration::from_millis(1)).on_done(tell()).submit(move || shut.recv().is_err());
        let late = late.await.unwrap();
        assert!(soon(late).await.unwrap_err().is_timeout());
        drop(open);
        let (open, shut) = mpsc::channel::<()>();
        let stuck =
            yard.blocking().task("abandoned").on_done(tell()).submit(move || shut.recv().is_err()).await.unwrap();
        wait_for_async("it runs", SOON, || stuck.status() == workyard::TaskStatus::Running).await;
        assert!(stuck.abort() && soon(stuck).await.is_err());
        drop(open);
        let partial = cpu.task("partial").on_done(tell()).submit_with(|ctx| while !ctx.is_cancelled() {});
        let partial = partial.await.unwrap();
        wait_for_async("it runs", SOON, || partial.status() == workyard::TaskStatus::Running).await;
        assert!(partial.cancel());
        soon(partial).await.unwrap();
        let late = cpu.task("late at its start").timeout(Duration::ZERO).on_done(tell()).submit(|| ()).await.unwrap();
        assert!(soon(late).await.unwrap_err().is_timeout());
        let report = balanced(&yard).await;

        let expected = [
            ("late at its start", "cpu", Outcome::TimedOut, Some(Reason::Timeout), true),
            ("completed", "io", Outcome::Completed, None, true),
            ("failed", "io", Outcome::Failed, None, true),
            ("panicked", "cpu", Outcome::Panicked, None, true),
            ("running", "io", Outcome::Cancelled, Some(Reason::User), true),
            ("queued", "io", Outcome::Cancelled, Some(Reason::User), false),
            ("late in the queue", "io", Outcome::TimedOut, Some(Reason::QueueTimeout), false),
            ("late", "cpu", Outcome::TimedOut, Some(Reason::Timeout), true),
            ("abandoned", "blocking", Outcome::Abandoned, Some(Reason::User), true),
            ("partial", "cpu", Outcome::Completed, Some(Reason::User), true),
        ];
        assert_eq!((told.len(), report.total.accepted), (expected.len(), expected.len() as u64));
        for (name, lane, outcome, reason, ran) in expected {
            let ended = told.of(name);
            let is = (ended.lane(), ended.outcome(), ended.reason(), ended.ran().is_some());
            assert_eq!(is, (lane, outcome, reason, ran), "{ended}");
            assert!(ended.submitted_at().file().ends_with("on_done.rs"));
        }
        let completed = told.of("completed");
        assert_eq!((completed.id().to_string(), completed.submitted_at().line()), ("#0".to_owned(), line));
        assert!(told.of("late").ran().unwrap() >= Duration::from_millis(1));
        let text = told.of("queued").to_string();
        assert!(text.contains(" \"queued\" on io, cancelled (by request), having waited "), "{text}");
        let text = told.of("late").to_string();
        assert!(text.contains(" on cpu, timed out (timeout) after "), "{text}");
    });
}

#[tokio::test(start_paused = true)]
async fn the_times_are_those_of_the_task() {
    let (yard, told) = (narrow(), Told::default());
    let sleep = |secs| async move { tokio::time::sleep(Duration::from_secs(secs)).await };
    let first = yard.io().task("first").on_done(told.tell()).submit(sleep(3)).await.unwrap();
    let second = yard.io().task("second").on_done(told.tell()).submit(sleep(5)).await.unwrap();
    let never = yard.io().task("never").on_done(told.tell()).queue_timeout(Duration::from_secs(4));
    let never = never.submit(sleep(100)).await.unwrap();
    first.await.unwrap();
    assert!(never.await.unwrap_err().is_timeout());
    second.await.unwrap();
    balanced(&yard).await;
    let times = |name| (told.of(name).waited().as_secs(), told.of(name).ran().map(|ran| ran.as_secs()));
    assert_eq!((times("first"), times("second"), times("never")), ((0, Some(3)), (3, Some(5)), (4, None)));
}

#[test]
fn a_task_that_is_not_accepted_calls_nothing() {
    on_runtime(async {
        let yard = Scheduler::builder().io(Lane::io().limit(1).queue(0)).build().unwrap();
        let (told, drops) = (Told::default(), DropCounter::new());
        let (gate, opens) = oneshot::channel::<()>();
        let running = yard.io().submit(opens).await.unwrap();
        let callback = |payload| move |_: &TaskEnded| drop(payload);
        let refused = yard.io().task("full").on_done(told.tell()).on_done(callback(drops.payload()));
        assert!(refused.try_submit(async {}).unwrap_err().is_full());
        let mut waits =
            Box::pin(yard.io().task("waits").on_done(told.tell()).on_done(callback(drops.payload())).submit(async {}));
        assert!(waits.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(waits);
        gate.send(()).unwrap();
        soon(running).await.unwrap().unwrap();
        balanced(&yard).await;
        let closed = yard.io().task("closed").on_done(told.tell()).on_done(callback(drops.payload()));
        assert!(closed.submit(async {}).await.unwrap_err().is_closed());
        assert_eq!((told.len(), drops.made(), drops.alive()), (0, 3, 0));
    });
}

/// A slow callback, and a lane with one slot: the handle is answered, the next task runs, the callbacks wait.
async fn nobody_waits_for_a_slow_callback(yard: Scheduler) {
    let (callback, begun, go) = held();
    let told = Told::default();
    soon(yard.io().task("slow").on_done(callback).run(async {})).await.unwrap();
    begun.recv_timeout(SOON).unwrap();
    for _ in 0..4 {
        soon(yard.io().task("next").on_done(told.tell()).run(async {})).await.unwrap();
        soon(yard.cpu().task("next").on_done(told.tell()).run(|| ())).await.unwrap();
        soon(yard.blocking().task("next").on_done(told.tell()).run(|| ())).await.unwrap();
    }
    assert_eq!(told.len(), 0, "callbacks are called one at a time");
    go.send(()).unwrap();
    balanced(&yard).await;
    assert_eq!(told.len(), 12);
}

#[test]
fn a_slow_callback_delays_neither_the_result_nor_the_next_task() {
    on_runtime(async { nobody_waits_for_a_slow_callback(narrow()).await });
    // Nor where one thread is all that there is to run futures.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { nobody_waits_for_a_slow_callback(narrow()).await });
}

#[test]
fn callbacks_are_called_in_the_order_of_the_ends_and_of_their_task() {
    on_runtime(async {
        let (yard, told) = (narrow(), Told::default());
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut handles = Vec::new();
        for number in 0..100_u64 {
            let (first, second) = (Arc::clone(&order), Arc::clone(&order));
            let task = yard.cpu().task("in order").on_done(move |_| first.lock().unwrap().push(2 * number));
            let task = task.on_done(move |_| second.lock().unwrap().push(2 * number + 1)).on_done(told.tell());
            handles.push(task.submit(|| ()).await.unwrap());
        }
        balanced(&yard).await;
        assert_eq!(*order.lock().unwrap(), (0..200).collect::<Vec<_>>());
        let ids: Vec<TaskId> = told.all().iter().map(TaskEnded::id).collect();
        assert_eq!(ids, handles.iter().map(Handle::id).collect::<Vec<_>>());
    });
}

#[test]
fn who_was_answered_and_ends_another_task_is_told_of_second() {
    on_runtime(async {
        let (yard, told) = (Scheduler::new(), Told::default());
        for number in 0..3_000 {
            match number % 3 {
                0 => soon(yard.io().task("io").on_done(told.tell()).run(async {})).await.unwrap(),
                1 => soon(yard.cpu().task("cpu").on_done(told.tell()).run(|| ())).await.unwrap(),
                _ => soon(yard.blocking().task("blocking").on_done(told.tell()).run(|| ())).await.unwrap(),
            }
        }
        balanced(&yard).await;
        assert_eq!(told.len(), 3_000);
        assert!(
            told.all().iter().map(TaskEnded::id).is_sorted(),
            "each was submitted after the one before was answered"
        );
    });
}

/// Counts the ERROR records of callbacks, by the name of their task.
#[derive(Clone, Default)]
struct Errors(Arc<Mutex<BTreeMap<String, usize>>>);

#[derive(Default)]
struct Fields {
    name: Option<String>,
    panic: Option<String>,
    message: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "name" => self.name = Some(value.to_owned()),
            "panic" => self.panic = Some(value.to_owned()),
            _ => {}
        }
    }
}

impl Errors {
    /// The records of this process.
    fn here() -> Self {
        static HERE: OnceLock<Errors> = OnceLock::new();
        let install = || {
            let errors = Self::default();
            tracing::subscriber::set_global_default(tracing_subscriber::registry().with(errors.clone())).unwrap();
            errors
        };
        HERE.get_or_init(install).clone()
    }
}

impl<S: tracing::Subscriber> Layer<S> for Errors {
    fn on_event(&self, event: &tracing::Event<'_>, _: layer::Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if *event.metadata().level() == tracing::Level::ERROR
            && fields.message == "the on_done callback of a task panicked"
            && fields.panic.as_deref() == Some("on purpose")
        {
            *self.0.lock().unwrap().entry(fields.name.unwrap()).or_default() += 1;
        }
    }
}

#[test]
fn a_callback_that_panics_is_told_and_nothing_else_is_lost() {
    quiet();
    let errors = Errors::here();
    on_runtime(async {
        let (yard, told) = (narrow(), Told::default());
        let panics = || |_: &TaskEnded| panic_any("on purpose");
        let task = yard.io().task("panics in between").on_done(told.tell()).on_done(panics()).on_done(told.tell());
        assert_eq!(soon(task.run(async { 7 })).await.unwrap(), 7);
        soon(yard.io().task("next").on_done(told.tell()).run(async {})).await.unwrap();
        // Nor is a payload whose drop panics.
        let payloads = DropCounter::new();
        let payload = payloads.panicking_payload();
        soon(yard.cpu().task("grenade").on_done(move |_| panic_any(payload)).run(|| ())).await.unwrap();
        soon(yard.cpu().task("next").on_done(told.tell()).run(|| ())).await.unwrap();
        let report = balanced(&yard).await;
        assert_eq!((told.len(), report.total.completed, report.unobserved_failures()), (4, 4, 2), "{report}");
        assert_eq!((payloads.made(), payloads.alive()), (1, 0));
    });
    assert_eq!(errors.0.lock().unwrap().get("panics in between"), Some(&1));
}

#[test]
fn members_of_a_group_have_callbacks_too() {
    on_runtime(async {
        let (yard, told) = (narrow(), Told::default());
        let group = yard.group();
        group.task(yard.io().task("a").on_done(told.tell())).submit(async { 1 }).await.unwrap();
        group.task(yard.cpu().task("b").on_done(told.tell())).submit(|| 2).await.unwrap();
        assert_eq!(soon(group.wait(Until::All)).await.into_iter().map(Result::unwrap).sum::<i32>(), 3);
        group.task(yard.io().task("c").on_done(told.tell())).submit(pending()).await.unwrap();
        drop(group);
        balanced(&yard).await;
        assert_eq!((told.len(), told.of("c").outcome()), (3, Outcome::Cancelled));
        assert_eq!(told.of("c").reason(), Some(Reason::Group));
    });
}

#[test]
fn the_report_comes_after_the_callbacks() {
    on_runtime(async {
        let (yard, told) = (narrow(), Told::default());
        let (callback, begun, go) = held();
        soon(yard.io().task("slow").on_done(callback).run(async {})).await.unwrap();
        begun.recv_timeout(SOON).unwrap();
        soon(yard.io().task("behind").on_done(told.tell()).run(async {})).await.unwrap();
        let mut report = Box::pin(yard.shutdown().drain_for(SOON).grace(Duration::ZERO).into_future());
        let waits = tokio::time::timeout(Duration::from_millis(20), report.as_mut()).await;
        assert!(waits.is_err() && told.len() == 0, "all tasks have ended, and a callback has not returned");
        go.send(()).unwrap();
        let report = soon(report).await;
        assert_eq!((told.len(), report.pending_callbacks, report.total.completed), (1, 0, 2), "{report}");
        assert!(report.balances());
    });
}

#[test]
fn a_callback_that_does_not_return_holds_up_no_shutdown() {
    on_runtime(async {
        let (yard, told) = (narrow(), Told::default());
        let (callback, begun, go) = held();
        soon(yard.io().task("stuck").on_done(callback).run(async {})).await.unwrap();
        begun.recv_timeout(SOON).unwrap();
        soon(yard.io().task("behind").on_done(told.tell()).run(async {})).await.unwrap();
        let report = soon(yard.shutdown().drain_for(Duration::ZERO).grace(Duration::from_millis(5))).await;
        assert!(report.balances() && report.is_clean(), "{report}");
        assert_eq!((report.pending_callbacks, told.len()), (2, 0));
        assert!(report.to_string().ends_with("\n  callbacks that have not returned: 2"), "{report}");
        go.send(()).unwrap();
        wait_for_async("the one behind is called all the same", SOON, || told.len() == 1).await;
    });
}

#[test]
fn what_the_end_of_the_shutdown_abandons_is_told_before_the_report() {
    on_runtime(async {
        let (yard, told) = (narrow(), Told::default());
        let (open, shut) = mpsc::channel::<()>();
        let stuck = yard.cpu().task("stuck").on_done(told.tell()).submit(move || shut.recv().is_err()).await.unwrap();
        wait_for_async("it runs", SOON, || stuck.status() == workyard::TaskStatus::Running).await;
        drop(yard.cpu().task("queued").on_done(told.tell()).submit(|| ()).await.unwrap());
        drop(yard.io().task("waits").on_done(told.tell()).submit(pending::<()>()).await.unwrap());
        let report = soon(yard.shutdown().drain_for(Duration::ZERO).grace(Duration::from_millis(500))).await;
        assert_eq!((told.len(), report.pending_callbacks, report.stuck.len()), (3, 0, 1), "{report}");
        let ends = |name| (told.of(name).outcome(), told.of(name).reason(), told.of(name).ran().is_some());
        assert_eq!(ends("stuck"), (Outcome::Abandoned, Some(Reason::Shutdown), true));
        assert_eq!(ends("queued"), (Outcome::Cancelled, Some(Reason::Shutdown), false));
        assert_eq!(ends("waits"), (Outcome::Cancelled, Some(Reason::Shutdown), true));
        drop(open);
        wait_for_async("the body has ended", SOON, || yard.tasks().is_empty()).await;
        assert_eq!(told.len(), 3, "the end of the body is not the task's");
    });
}

#[test]
fn a_callback_may_wait_for_the_end_of_its_yard() {
    on_runtime(async {
        let (yard, told) = (narrow(), Told::default());
        let (tell, report) = oneshot::channel();
        let (go, goes) = mpsc::channel::<()>();
        let inner = yard.clone();
        let shuts_down = move |_: &TaskEnded| {
            goes.recv().unwrap();
            tell.send(inner.shutdown().drain_for(SOON * 10).blocking_join()).unwrap();
        };
        soon(yard.io().task("last").on_done(shuts_down).run(async {})).await.unwrap();
        // Behind the one that waits, and before the end.
        soon(yard.cpu().task("behind").on_done(told.tell()).run(|| ())).await.unwrap();
        go.send(()).unwrap();
        let report = soon(report).await.unwrap();
        assert!(report.balances() && report.pending_callbacks == 0, "{report}");
        assert_eq!((told.len(), report.total.accepted), (1, 2));
    });
}

#[test]
fn a_task_with_a_callback_may_wait_for_the_end_of_its_yard() {
    on_runtime(async {
        let (yard, told) = (narrow(), Told::default());
        let inner = yard.clone();
        let task = move || inner.shutdown().drain_for(SOON).grace(Duration::from_millis(5)).blocking_join();
        let waits = yard.cpu().task("waits").on_done(told.tell()).submit(task).await.unwrap();
        let report = soon(yard.shutdown().drain_for(SOON)).await;
        assert!(report.balances() && report.pending_callbacks == 0, "{report}");
        assert_eq!((told.len(), told.of("waits").outcome()), (1, Outcome::Abandoned));
        drop(waits);
    });
}

#[test]
fn a_yard_that_is_dropped_calls_what_it_cancels() {
    on_runtime(async {
        let (yard, told) = (narrow(), Told::default());
        for _ in 0..10 {
            drop(yard.io().task("cancelled").on_done(told.tell()).submit(pending::<()>()).await.unwrap());
        }
        drop(yard);
        wait_for_async("all are told", SOON, || told.len() == 10).await;
        assert!(told.all().iter().all(|ended| ended.outcome() == Outcome::Cancelled));
        assert!(told.all().iter().all(|ended| ended.reason() == Some(Reason::Dropped)));
    });
}

#[test]
fn a_standalone_yard_calls_callbacks_to_its_end_and_beyond() {
    let (yard, told) = (Scheduler::standalone().unwrap(), Told::default());
    yard.cpu().task("first").on_done(told.tell()).blocking_run(|| ()).unwrap();
    let report = yard.shutdown().blocking_join();
    assert_eq!((report.total.completed, report.pending_callbacks, told.len()), (1, 0, 1), "{report}");

    let yard = Scheduler::standalone().unwrap();
    for _ in 0..10 {
        drop(yard.io().task("cancelled").on_done(told.tell()).blocking_submit(pending::<()>()).unwrap());
    }
    drop(yard);
    wait_for("all are told", SOON, || told.len() == 11);

    // The last owner may be a callback.
    let yard = Scheduler::standalone().unwrap();
    let inner = yard.clone();
    let task = yard.cpu().task("last").on_done(move |_| drop(inner)).on_done(told.tell());
    drop(task.blocking_submit(|| ()).unwrap());
    drop(yard);
    wait_for("the last is told", SOON, || told.len() == 12);
}

fn two_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn a_runtime_that_goes_takes_no_callback_with_it() {
    for current_thread in [false, true] {
        let runtime =
            if current_thread { Builder::new_current_thread().enable_all().build().unwrap() } else { two_workers() };
        let told = Told::default();
        let (yard, handles) = runtime.block_on(async {
            let yard = narrow();
            let mut handles = Vec::new();
            for _ in 0..10 {
                handles.push(yard.io().task("io").on_done(told.tell()).submit(pending::<()>()).await.unwrap());
            }
            (yard, handles)
        });
        drop(runtime);
        wait_for("all are told", SOON, || told.len() == handles.len());
        // What is submitted now is told by who submits it.
        drop(yard.io().task("late").on_done(told.tell()).try_submit(async {}).unwrap());
        wait_for("the late one is told", SOON, || told.len() == 11);
        assert_eq!(told.of("late").outcome(), Outcome::Cancelled);
        assert!(yard.shutdown().blocking_join().balances());
    }
}

#[test]
fn without_a_runtime_callbacks_are_not_called_within_one_another() {
    let runtime = two_workers();
    let yard = runtime.block_on(async { narrow() });
    drop(runtime);
    let (told, depth) = (Told::default(), Arc::new(AtomicUsize::new(0)));
    submit_within(&yard, &told, depth, 1_000);
    assert_eq!(told.len(), 1_000, "by this thread, before it went on");
    let report = yard.shutdown().blocking_join();
    assert!(report.balances() && report.pending_callbacks == 0, "{report}");
}

/// Each callback submits the next task, which ends at once.
fn submit_within(yard: &Scheduler, told: &Told, depth: Arc<AtomicUsize>, left: usize) {
    if left == 0 {
        return;
    }
    let (further, next) = (yard.clone(), told.clone());
    let callback = move |_: &TaskEnded| {
        assert_eq!(depth.fetch_add(1, Ordering::SeqCst), 0, "one within another");
        submit_within(&further, &next, Arc::clone(&depth), left - 1);
        depth.fetch_sub(1, Ordering::SeqCst);
    };
    drop(yard.io().task("within").on_done(callback).on_done(told.tell()).try_submit(async {}).unwrap());
}

#[test]
fn however_tasks_are_raced_to_their_ends_each_is_told_once() {
    for seed in seeds(40) {
        let _told = SeedOnPanic::new(seed);
        let (mut rng, told) = (Rng::new(seed), Told::default());
        on_runtime(async {
            let io = Lane::io().limit(3).queue(500);
            let yard = Scheduler::builder().io(io).cpu(Lane::cpu().threads(2).queue(500)).build().unwrap();
            let mut handles: Vec<Handle<()>> = Vec::new();
            let stop = Arc::new(AtomicBool::new(false));
            for _ in 0..200 {
                let stopped = Arc::clone(&stop);
                let limit = if rng.chance(0.3) { Duration::from_micros(50) } else { SOON };
                let yields = rng.below(4);
                let body = async move {
                    for _ in 0..yields {
                        tokio::task::yield_now().await;
                    }
                };
                let spin = move |ctx: workyard::TaskContext| {
                    while yields == 0 && !ctx.is_cancelled() && !stopped.load(Ordering::Relaxed) {}
                };
                let on_io = rng.chance(0.5);
                handles.push(if on_io {
                    yard.io().task("raced").timeout(limit).on_done(told.tell()).submit(body).await.unwrap()
                } else {
                    yard.cpu().task("raced").timeout(limit).on_done(told.tell()).submit_with(spin).await.unwrap()
                });
                let at = rng.below(handles.len());
                match rng.below(8) {
                    0 => drop(handles.swap_remove(at)),
                    1 => drop(handles.swap_remove(at).abort_on_drop()),
                    2 => drop(handles[at].abort()),
                    3 => drop(handles[at].cancel()),
                    _ => {}
                }
            }
            stop.store(true, Ordering::Relaxed);
            let limit = Duration::from_millis(rng.below(3) as u64);
            let report = soon(yard.shutdown().drain_for(limit).grace(SOON)).await;
            assert!(report.balances() && report.pending_callbacks == 0, "{report}");
            let mut counted = BTreeMap::<&str, u64>::new();
            for ended in told.all() {
                *counted.entry(ended.outcome().word()).or_default() += 1;
            }
            let total = report.total;
            let expected = [
                ("abandoned", total.abandoned),
                ("cancelled", total.cancelled),
                ("completed", total.completed),
                ("timed out", total.timed_out),
            ];
            assert_eq!(counted, expected.into_iter().filter(|&(_, count)| count > 0).collect(), "{report}");
            let mut ids: Vec<TaskId> = told.all().iter().map(TaskEnded::id).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!((ids.len() as u64, total.accepted), (200, 200));
        });
    }
}
