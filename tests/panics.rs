//! Panics of user code, wherever they come from: reported, and never the end of a worker, a lane or a neighbour.
//!
//! A panic while panicking (a body panics, and so does the `Drop` of one of its locals) ends the process, as everywhere in
//! Rust. A process of its own shows that.
#![cfg(test)]

#[cfg(unix)]
#[path = "panics/aborting.rs"]
mod aborting;
#[path = "common/run.rs"]
mod run;

use std::fmt::Debug;
use std::future::pending;
use std::panic::{panic_any, resume_unwind, set_hook, take_hook};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once, mpsc};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{self, Layer, SubscriberExt as _};
use workyard::{BoxError, Handle, Lane, LaneSnapshot, Scheduler, TaskError, TaskErrorKind};
use workyard_testkit::{DropCounter, threads_named, wait_for_async};

use run::{SOON, on_runtime, soon};

/// One slot a lane, so that a lost one is missed at once.
fn narrow() -> Scheduler {
    quiet();
    let builder = Scheduler::builder().io(Lane::io().limit(1).queue(16)).cpu(Lane::cpu().threads(1).queue(16));
    builder.blocking(Lane::blocking().limit(1).queue(16)).build().unwrap()
}

/// Keeps panics that a test makes on purpose off the screen.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            let is_meant = |text: &str| text.contains("on purpose") || text.contains("panics when it is dropped");
            if !info.payload_as_str().is_some_and(is_meant) {
                before(info);
            }
        }));
    });
}

fn lane(yard: &Scheduler, name: &str) -> LaneSnapshot {
    yard.snapshot().lane(name).unwrap().clone()
}

async fn all_lanes_live(yard: &Scheduler) {
    for round in 0..3 {
        assert_eq!(soon(yard.io().run(async move { round })).await.unwrap(), round);
        assert_eq!(soon(yard.cpu().run(move || round)).await.unwrap(), round);
        assert_eq!(soon(yard.blocking().run(move || round)).await.unwrap(), round);
    }
}

#[test]
fn a_panic_is_an_outcome_on_every_lane() {
    on_runtime(async {
        let yard = narrow();
        let errors: [Result<(), TaskError>; 3] = [
            yard.io().task("a").submit(async { panic!("on purpose {}", 1) }).await.unwrap().await,
            yard.cpu().task("a").submit(|| panic!("on purpose {}", 1)).await.unwrap().await,
            yard.blocking().task("a").submit(|| panic!("on purpose {}", 1)).await.unwrap().await,
        ];
        for (result, name) in errors.into_iter().zip(["io", "cpu", "blocking"]) {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.panic_message()), (TaskErrorKind::Panicked, Some("on purpose 1")));
            assert_eq!((error.name(), error.lane(), error.reason()), (Some("a"), name, None));
            assert!(error.submitted_at().file().ends_with("panics.rs"));
            let snapshot = lane(&yard, name);
            assert_eq!((snapshot.counts.ledger.panicked, snapshot.unobserved_failures), (1, 0));
        }
        all_lanes_live(&yard).await;
    });
}

#[test]
fn a_panic_before_the_future_is_made_is_one_too() {
    on_runtime(async {
        let yard = narrow();
        let handle = yard.io().submit_with(|_| -> std::future::Ready<()> { panic!("on purpose") }).await.unwrap();
        assert!(handle.await.unwrap_err().is_panic());
        all_lanes_live(&yard).await;
    });
}

#[test]
fn a_payload_that_is_not_text_comes_back() {
    on_runtime(async {
        let yard = narrow();
        let error = yard.cpu().run::<_, ()>(|| resume_unwind(Box::new(42_u8))).await.unwrap_err();
        assert!(error.is_panic() && error.panic_message().is_some_and(|text| text.contains("not text")));
        assert_eq!(*error.into_panic().unwrap().downcast::<u8>().unwrap(), 42);
    });
}

#[test]
fn a_payload_whose_drop_panics_hurts_nobody() {
    on_runtime(async {
        let (yard, payloads) = (narrow(), DropCounter::new());
        for detached in [false, true] {
            let (on_io, on_cpu) = (payloads.panicking_payload(), payloads.panicking_payload());
            let handles: [Handle<()>; 2] = [
                yard.io().submit(async { resume_unwind(Box::new(on_io)) }).await.unwrap(),
                yard.cpu().submit(|| resume_unwind(Box::new(on_cpu))).await.unwrap(),
            ];
            for handle in handles {
                if detached {
                    drop(handle);
                } else {
                    // The awaiter drops the error, and the payload with it.
                    assert!(handle.await.unwrap_err().is_panic());
                }
            }
        }
        soon(wait_for_async("the payloads are dropped", SOON, || payloads.alive() == 0)).await;
        all_lanes_live(&yard).await;
    });
}

#[test]
fn captures_of_a_cancelled_task_may_panic_when_dropped() {
    on_runtime(async {
        let (yard, payloads) = (narrow(), DropCounter::new());
        let (open, shut) = mpsc::channel::<()>();
        let (open_io, shut_io) = oneshot::channel::<()>();
        let running = yard.cpu().submit(move || shut.recv().is_err()).await.unwrap();
        let running_io = yard.io().submit(async { shut_io.await.is_err() }).await.unwrap();
        let (on_io, on_cpu) = (payloads.panicking_payload(), payloads.panicking_payload());
        let queued = yard.cpu().submit(move || drop(on_cpu)).await.unwrap();
        let queued_io = yard.io().submit(async { drop(on_io) }).await.unwrap();
        assert!(queued.cancel() && queued_io.cancel());
        assert_eq!(payloads.alive(), 0, "what was cancelled in the queue is dropped at once");
        assert!(queued.await.unwrap_err().is_cancelled() && queued_io.await.unwrap_err().is_cancelled());
        assert_eq!((lane(&yard, "cpu").unobserved_failures, lane(&yard, "io").unobserved_failures), (1, 1));
        drop((open, open_io));
        assert!(running.await.unwrap() && running_io.await.unwrap());
        all_lanes_live(&yard).await;
    });
}

#[test]
fn a_future_may_panic_when_dropped() {
    on_runtime(async {
        let (yard, payloads) = (narrow(), DropCounter::new());
        let held = payloads.panicking_payload();
        let stopped = yard.io().submit(async {
            let _held = held;
            pending::<()>().await;
        });
        let stopped = stopped.await.unwrap();
        soon(wait_for_async("it runs", SOON, || lane(&yard, "io").counts.ledger.running == 1)).await;
        stopped.cancel();
        assert!(soon(stopped).await.unwrap_err().is_cancelled());
        assert_eq!((payloads.alive(), lane(&yard, "io").unobserved_failures), (0, 1));
        all_lanes_live(&yard).await;
    });
}

#[test]
fn an_output_that_nobody_reads_may_panic_when_dropped() {
    on_runtime(async {
        let (yard, payloads) = (narrow(), DropCounter::new());
        let (one, two, three) =
            (payloads.panicking_payload(), payloads.panicking_payload(), payloads.panicking_payload());
        drop(yard.io().submit(async { one }).await.unwrap());
        drop(yard.cpu().submit(|| two).await.unwrap());
        drop(yard.blocking().submit(|| three).await.unwrap());
        all_lanes_live(&yard).await;
        soon(wait_for_async("all are dropped", SOON, || payloads.alive() == 0)).await;
        for name in ["io", "cpu", "blocking"] {
            assert_eq!(lane(&yard, name).unobserved_failures, 1, "{name}");
            assert_eq!(lane(&yard, name).counts.ledger.completed, 4, "{name}");
        }
    });
}

#[derive(Debug, thiserror::Error)]
#[error("on purpose")]
struct Grenade(workyard_testkit::Payload);

#[test]
fn an_error_that_nobody_reads_may_panic_when_dropped() {
    on_runtime(async {
        let (yard, payloads) = (narrow(), DropCounter::new());
        let grenades: [Grenade; 3] = std::array::from_fn(|_| Grenade(payloads.panicking_payload()));
        let [one, two, three] = grenades;
        let (open, shut) = oneshot::channel::<()>();
        let task = yard.io().task("io").fallible();
        drop(task.submit(async { shut.await.map_or(Err::<(), _>(one), |()| Ok(())) }).await.unwrap());
        let next = yard.io().submit(async { "started" }).await.unwrap();
        drop(open);
        assert_eq!(soon(next).await.unwrap(), "started", "the slot of the failed task went to the next");
        drop(yard.cpu().task("cpu").fallible().submit(|| Err::<(), _>(two)).await.unwrap());
        drop(yard.blocking().task("blocking").fallible().submit(|| Err::<(), _>(three)).await.unwrap());
        all_lanes_live(&yard).await;
        soon(wait_for_async("all are dropped", SOON, || payloads.alive() == 0)).await;
    });
}

struct Shock;

impl Wake for Shock {
    fn wake(self: Arc<Self>) {
        panic!("on purpose: a waker");
    }
}

#[test]
fn a_waker_may_panic() {
    on_runtime(async {
        let yard = narrow();
        let (shock, (open, shut)) = (Waker::from(Arc::new(Shock)), mpsc::channel::<()>());
        let (open_io, shut_io) = oneshot::channel::<()>();
        let mut running = yard.cpu().submit(move || shut.recv().is_err()).await.unwrap();
        let mut running_io = yard.io().submit(async { shut_io.await.is_err() }).await.unwrap();
        assert!(Pin::new(&mut running).poll(&mut Context::from_waker(&shock)).is_pending());
        assert!(Pin::new(&mut running_io).poll(&mut Context::from_waker(&shock)).is_pending());
        let (next, next_io) = (yard.cpu().submit(|| 1).await.unwrap(), yard.io().submit(async { 1 }).await.unwrap());
        drop((open, open_io));
        assert_eq!((soon(next).await.unwrap(), soon(next_io).await.unwrap()), (1, 1));
        assert!(soon(running).await.unwrap() && soon(running_io).await.unwrap());
        all_lanes_live(&yard).await;
    });
}

#[test]
fn a_waker_of_a_waiting_submitter_may_panic() {
    on_runtime(async {
        quiet();
        let io = Lane::io().limit(1).queue(0);
        let yard = Scheduler::builder().io(io).cpu(Lane::cpu().threads(1)).build().unwrap();
        let shock = Waker::from(Arc::new(Shock));
        let (open, shut) = oneshot::channel::<()>();
        let running = yard.io().submit(async { shut.await.is_err() }).await.unwrap();
        let mut waiting = Box::pin(yard.io().submit(async { 1 }));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(&shock)).is_pending());
        drop(open);
        assert!(soon(running).await.unwrap());
        assert_eq!(soon(soon(waiting).await.unwrap()).await.unwrap(), 1);
    });
}

#[test]
fn a_waker_of_who_waits_for_the_end_to_begin_may_panic() {
    on_runtime(async {
        let shock = Waker::from(Arc::new(Shock));
        for asks in [true, false] {
            let yard = narrow();
            let closing = yard.closing();
            let mut waiting = Box::pin(closing.cancelled());
            assert!(waiting.as_mut().poll(&mut Context::from_waker(&shock)).is_pending());
            let task = yard.io().submit(pending::<()>()).await.unwrap();
            if asks {
                let report = soon(yard.shutdown().drain_for(Duration::ZERO)).await;
                assert!(report.balances() && report.is_clean(), "{report}");
            } else {
                drop(yard);
            }
            assert!(soon(task).await.unwrap_err().is_cancelled());
            soon(waiting).await;
        }
    });
}

/// Counts the ERROR records about the lane "storm".
#[derive(Clone, Default)]
struct Errors(Arc<AtomicUsize>);

struct IsStorm(bool);

impl Visit for IsStorm {
    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0 |= field.name() == "lane" && value == "storm";
    }
}

impl<S: tracing::Subscriber> Layer<S> for Errors {
    fn on_event(&self, event: &tracing::Event<'_>, _: layer::Context<'_, S>) {
        let mut is_storm = IsStorm(false);
        event.record(&mut is_storm);
        if is_storm.0 && *event.metadata().level() == tracing::Level::ERROR {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[test]
fn a_storm_of_panics_neither_floods_the_log_nor_takes_a_thread() {
    const PANICS: usize = 100_000;
    let (errors, payloads) = (Errors::default(), DropCounter::new());
    // The panics are on the lane's threads, so no subscriber of this thread alone would hear of them.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(errors.clone())).unwrap();
    on_runtime(async {
        let lanes = Scheduler::builder().lane("storm", Lane::cpu().threads(1).queue(64));
        let yard = lanes.build().unwrap();
        let storm = yard.cpu_lane("storm").unwrap();
        storm.run(|| {}).await.unwrap();
        let (threads, since) = (threads_named("workyard-storm"), Instant::now());
        for _ in 0..PANICS {
            let payload = payloads.payload();
            let handle: Handle<()> = storm.submit(move || resume_unwind(Box::new(payload))).await.unwrap();
            drop(handle);
        }
        storm.run(|| {}).await.unwrap();
        assert_eq!(threads_named("workyard-storm"), threads);
        assert_eq!(lane(&yard, "storm").counts.ledger.panicked, PANICS as u64);
        // Ten a second, counted from each second's first.
        let told = errors.0.load(Ordering::SeqCst);
        let bound = 10 * (2 + usize::try_from(since.elapsed().as_secs()).unwrap());
        assert!((10..=bound).contains(&told), "{told} records in {:?}", since.elapsed());
        wait_for_async("all are counted and dropped", SOON, || {
            payloads.alive() == 0 && lane(&yard, "storm").unobserved_failures == PANICS as u64
        })
        .await;
    });
}

#[test]
fn a_panicking_rayon_job_of_a_task_does_not_end_the_process() {
    on_runtime(async {
        let yard = narrow();
        let (done, told) = oneshot::channel();
        let job = || {
            rayon::spawn(|| {
                let _told = done.send(std::thread::current().name().map(str::to_owned));
                panic!("on purpose: in a job of the user's own");
            });
        };
        yard.cpu().run(job).await.unwrap();
        let thread = soon(told).await.unwrap();
        assert_eq!(thread.as_deref(), Some("workyard-cpu-0"), "it runs on the lane's own threads");
        all_lanes_live(&yard).await;
    });
}

#[test]
fn a_panic_of_a_parallel_iterator_is_the_tasks_own() {
    on_runtime(async {
        let yard = narrow();
        let join = || rayon::join(|| 1, || -> u8 { panic_any("on purpose: in a join") });
        let error = yard.cpu().run(join).await.unwrap_err();
        assert_eq!(error.panic_message(), Some("on purpose: in a join"));
        all_lanes_live(&yard).await;
    });
}

#[test]
fn a_poisoned_lock_of_the_user_poisons_nothing_else() {
    on_runtime(async {
        let yard = narrow();
        let shared = Arc::new(std::sync::Mutex::new(0));
        let (mine, theirs) = (Arc::clone(&shared), Arc::clone(&shared));
        let poisons = move || -> Result<(), BoxError> {
            let _held = mine.lock();
            panic!("on purpose: with a lock held");
        };
        assert!(
            yard.cpu().task("poison").fallible().run(poisons).await.is_err_and(|error: TaskError| error.is_panic())
        );
        assert!(yard.cpu().run(move || theirs.is_poisoned()).await.unwrap());
        all_lanes_live(&yard).await;
    });
}

/// In a process of its own, which it ends.
#[cfg(unix)]
#[test]
fn a_panic_while_panicking_ends_the_process() {
    use workyard_testkit::Program;

    /// Panics when it is dropped, also by a panic.
    struct Again;

    impl Drop for Again {
        fn drop(&mut self) {
            panic!("on purpose, again");
        }
    }

    const NAME: &str = "a_panic_while_panicking_ends_the_process";
    const INSIDE: &str = "WORKYARD_TEST_DOUBLE_PANIC";
    if std::env::var_os(INSIDE).is_none() {
        // It leaves no core behind.
        let shell = Program::new("/bin/sh").arg("-c").arg("ulimit -c 0; exec \"$0\" \"$@\"");
        let test = shell.arg(std::env::current_exe().unwrap()).arg(NAME).env(INSIDE, "1");
        let finished = test.run_within(SOON * 3);
        assert_eq!((finished.code, finished.signal), (None, Some(6)), "it aborts: {finished}");
        return;
    }
    on_runtime(async {
        let panics = || -> () {
            let _local = Again;
            panic!("on purpose");
        };
        drop(narrow().cpu().run(panics).await);
    });
}

/// An error that cannot say what it is.
#[derive(Debug)]
struct Speechless;

impl std::fmt::Display for Speechless {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("on purpose: no words")
    }
}

impl std::error::Error for Speechless {}

#[test]
fn an_error_whose_words_panic_harms_only_who_asks_for_them() {
    on_runtime(async {
        let yard = narrow();
        let error = yard.cpu().task("a").fallible().run(|| Err::<(), _>(Speechless)).await.unwrap_err();
        assert_eq!(error.kind(), TaskErrorKind::Failed);
        drop(yard.cpu().task("a").fallible().submit(|| Err::<(), _>(Speechless)).await.unwrap());
        drop(yard.io().task("a").fallible().submit(async { Err::<(), _>(Speechless) }).await.unwrap());
        drop(yard.blocking().task("a").fallible().submit(|| Err::<(), _>(Speechless)).await.unwrap());
        all_lanes_live(&yard).await;
        let report = soon(yard.shutdown()).await;
        assert!(report.balances() && report.is_clean() && report.total.failed == 4, "{report}");
    });
}
