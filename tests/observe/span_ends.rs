//! The end of a task's span: once, not before the body's end, not later than its result, and with its outcome.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, info};
use workyard::{Handle, Lane, Scheduler, TaskStatus};
use workyard_testkit::wait_for_async;

use crate::quiet::quiet;
use crate::recorder::Recorder;
use crate::run::{SOON, on_runtime, soon};

fn narrow() -> Scheduler {
    quiet();
    let builder = Scheduler::builder().io(Lane::io().limit(1).queue(16)).cpu(Lane::cpu().threads(1).queue(16));
    builder.blocking(Lane::blocking().limit(1).queue(16)).build().unwrap()
}

/// Says so when it is dropped.
struct Says(&'static str);

impl Drop for Says {
    fn drop(&mut self) {
        info!("{}", self.0);
    }
}

async fn runs<T>(handle: &Handle<T>) {
    wait_for_async("it runs", SOON, || handle.status() == TaskStatus::Running).await;
}

#[track_caller]
fn closed_as(recorder: &Recorder, name: &str, outcome: &str) {
    let task = recorder.task(name);
    assert_eq!((task.closed, &*task.fields["outcome"]), (1, outcome), "{task:?}");
}

#[track_caller]
fn open(recorder: &Recorder, name: &str) {
    assert_eq!(recorder.task(name).closed, 0, "{name}");
}

#[test]
fn the_span_is_closed_when_the_result_is_there_however_long_the_handle_is_kept() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = narrow();
        let mut kept_io = yard.io().task("kept io").try_submit(async { Says("dropped by kept io") }).unwrap();
        let mut kept_cpu = yard.cpu().task("kept cpu").try_submit(|| 1).unwrap();
        let task = kept_cpu.task_ref();
        let result = soon(&mut kept_io).await.unwrap();
        assert_eq!(soon(&mut kept_cpu).await.unwrap(), 1);
        closed_as(&recorder, "kept io", "completed");
        closed_as(&recorder, "kept cpu", "completed");
        drop((kept_io, kept_cpu, task, result));
        assert_eq!(recorder.task("kept io").closed, 1);
        let dropped = recorder.record("dropped by kept io");
        assert_eq!(dropped.span, None, "the result belongs to who took it: {dropped:?}");
    });
}

#[test]
fn what_a_body_holds_is_dropped_inside_the_span() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = narrow();
        // By an end, by a panic, by an abort, and without a start.
        let (ended, panicked, aborted, unstarted) =
            (Says("by an end"), Says("by a panic"), Says("by an abort"), Says("unstarted"));
        let future = async move {
            let _held = &ended;
            tokio::task::yield_now().await;
        };
        soon(yard.io().task("drops 1").run(future)).await.unwrap();
        let future = async move {
            let _held = &panicked;
            panic!("on purpose")
        };
        assert!(soon(yard.io().task("drops 2").run::<_, ()>(future)).await.unwrap_err().is_panic());
        let (begun, begins) = oneshot::channel::<()>();
        let future = async move {
            let _held = &aborted;
            begun.send(()).unwrap();
            pending::<()>().await;
        };
        let running = yard.io().task("drops 3").try_submit(future).unwrap();
        soon(begins).await.unwrap();
        let queued = yard.io().task("drops 4").try_submit(async move { drop(unstarted) }).unwrap();
        assert!(queued.cancel());
        assert!(running.abort());
        assert!(soon(running).await.unwrap_err().is_cancelled() && soon(queued).await.unwrap_err().is_cancelled());
        for (at, message) in ["by an end", "by a panic", "by an abort", "unstarted"].into_iter().enumerate() {
            let name = format!("drops {}", at + 1);
            assert_eq!(recorder.record(message).span, Some(recorder.at("name", &name)), "{message}");
            assert_eq!(recorder.task(&name).closed, 1);
        }
    });
}

#[test]
fn a_panic_closes_the_span_on_every_lane() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = narrow();
        let results = [
            soon(yard.io().task("panics on io").run(async { panic!("on purpose") })).await,
            soon(yard.cpu().task("panics on cpu").run(|| panic!("on purpose"))).await,
            soon(yard.blocking().task("panics on blocking").run(|| panic!("on purpose"))).await,
        ];
        for (result, lane) in results.into_iter().zip(["io", "cpu", "blocking"]) {
            let _error: () = result.unwrap_err().is_panic().then_some(()).unwrap();
            closed_as(&recorder, &format!("panics on {lane}"), "panicked");
        }
        let failed = yard.cpu().task("fails in its span").fallible().run(|| Err::<(), _>("no")).await;
        assert!(failed.is_err());
        closed_as(&recorder, "fails in its span", "failed");
    });
}

#[test]
fn a_task_that_never_started_has_a_span_that_ends_with_it() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = narrow();
        let running = yard.io().try_submit(pending::<()>()).unwrap();
        let task = |name| yard.io().task(name);
        let cancelled = task("queued 1").try_submit(async {}).unwrap();
        let late = task("queued 2").queue_timeout(Duration::from_millis(1)).try_submit(async {}).unwrap();
        let dead = task("queued 3").deadline(std::time::Instant::now()).try_submit(async {}).unwrap();
        drop(task("queued 4").try_submit(async {}).unwrap().abort_on_drop());
        closed_as(&recorder, "queued 4", "cancelled");
        open(&recorder, "queued 1");
        assert!(cancelled.cancel());
        closed_as(&recorder, "queued 1", "cancelled");
        // Neither handle is looked at: the end alone closes the span.
        wait_for_async("time is up", SOON, || late.status().is_ended() && dead.status().is_ended()).await;
        wait_for_async("spans are closed", SOON, || {
            recorder.task("queued 2").closed + recorder.task("queued 3").closed == 2
        })
        .await;
        closed_as(&recorder, "queued 2", "timed out");
        closed_as(&recorder, "queued 3", "timed out");
        running.abort();
    });
}

#[test]
fn a_task_that_was_not_accepted_leaves_no_open_span() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = Scheduler::builder().io(Lane::io().limit(1).queue(0)).build().unwrap();
        let running = yard.io().try_submit(pending::<()>()).unwrap();
        let full = yard.io().task("refused").try_submit(async {}).unwrap_err();
        assert!(full.is_full());
        assert_eq!(recorder.task("refused").closed, 1);
        drop(yard.io().task("not polled").submit(async {}));
        let mut waiting = Box::pin(yard.io().task("gave up").submit(async {}));
        assert!(futures_poll(&mut waiting).is_pending());
        open(&recorder, "gave up");
        drop(waiting);
        for name in ["refused", "not polled", "gave up"] {
            let span = recorder.task(name);
            assert_eq!((span.closed, span.entered, span.fields.get("outcome")), (1, 0, None));
        }
        running.abort();
    });
}

fn futures_poll<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
}

#[test]
fn a_future_past_its_time_is_closed_with_its_drop() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = narrow();
        let limited = yard.io().task("slow future").timeout(Duration::from_millis(5));
        assert!(soon(limited.run(pending::<()>())).await.unwrap_err().is_timeout());
        closed_as(&recorder, "slow future", "timed out");
    });
}

#[test]
fn a_closure_that_outlives_its_answer_keeps_its_span_until_it_ends() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = narrow();
        let (go_on, wait) = mpsc::channel::<()>();
        let body = move || {
            let _over = wait.recv();
            info!("overran");
        };
        let limited = yard.cpu().task("overruns").timeout(Duration::from_millis(5));
        assert!(soon(limited.run(body)).await.unwrap_err().is_timeout());
        open(&recorder, "overruns");
        drop(go_on);
        // The lane's only thread is free when the body has ended.
        soon(yard.cpu().run(|| {})).await.unwrap();
        closed_as(&recorder, "overruns", "timed out");
        assert_eq!(recorder.record("overran").span, Some(recorder.at("name", "overruns")));
    });
}

#[test]
fn the_end_of_the_yard_closes_what_can_be_closed() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = narrow();
        let (go_on, wait) = mpsc::channel::<()>();
        let stuck = yard.blocking().task("stuck at the end").try_submit(move || wait.recv().is_err()).unwrap();
        let unstarted = yard.blocking().task("unstarted at the end").try_submit(|| {}).unwrap();
        let future = yard.io().task("future at the end").try_submit(pending::<()>()).unwrap();
        runs(&stuck).await;
        let report = yard.shutdown().drain_for(Duration::ZERO).await;
        assert_eq!(report.stuck.len(), 1, "{report}");
        closed_as(&recorder, "unstarted at the end", "cancelled");
        closed_as(&recorder, "future at the end", "cancelled");
        open(&recorder, "stuck at the end");
        drop((go_on, yard));
        wait_for_async("the body has ended", SOON, || recorder.task("stuck at the end").closed == 1).await;
        closed_as(&recorder, "stuck at the end", "abandoned");
        drop((stuck, unstarted, future));
    });
}

#[test]
fn the_end_of_the_runtime_closes_the_spans() {
    let recorder = Recorder::here();
    let (yard, handles) = on_runtime(async {
        let yard = narrow();
        let running = yard.io().task("running at its end").try_submit(pending::<()>()).unwrap();
        let queued = yard.io().task("queued at its end").try_submit(pending::<()>()).unwrap();
        runs(&running).await;
        (yard, [running, queued])
    });
    for handle in handles {
        assert!(handle.blocking_join().unwrap_err().is_cancelled());
    }
    closed_as(&recorder, "running at its end", "cancelled");
    closed_as(&recorder, "queued at its end", "cancelled");
    drop(yard);
}

/// Wants nothing, and counts what it is given all the same.
#[derive(Clone, Default)]
struct Deaf(Arc<AtomicUsize>);

impl Subscriber for Deaf {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(tracing::level_filters::LevelFilter::WARN)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        self.0.fetch_add(1, Ordering::SeqCst);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn exit(&self, _: &Id) {}
}

#[test]
fn who_does_not_listen_is_not_told() {
    let deaf = Deaf::default();
    tracing::subscriber::with_default(deaf.clone(), || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let yard = narrow();
            let (go_on, wait) = oneshot::channel::<()>();
            let first = yard.io().try_submit(async { wait.await.is_err() }).unwrap();
            let second = yard.io().try_submit(async {}).unwrap();
            drop(go_on);
            assert!(soon(first).await.unwrap());
            soon(second).await.unwrap();
        });
    });
    assert_eq!(deaf.0.load(Ordering::SeqCst), 0);
}
