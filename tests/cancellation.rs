//! Stopping a task, at every moment of its life and by every means: what the handle says, what the body sees, what is
//! freed.
#![cfg(test)]

#[path = "common/run.rs"]
mod run;

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use workyard::{Handle, Lane, LaneCounts, Outcome, Reason, Scheduler, TaskErrorKind, TaskRef, TaskStatus};
use workyard_testkit::{DropCounter, wait_for, wait_for_async};

use run::{SOON, on_runtime, soon};

/// One slot and 16 places a lane.
fn narrow() -> Scheduler {
    let builder = Scheduler::builder().io(Lane::io().limit(1).queue(16)).cpu(Lane::cpu().threads(1).queue(16));
    builder.blocking(Lane::blocking().limit(1).queue(16)).build().unwrap()
}

fn counts(yard: &Scheduler, lane: &str) -> LaneCounts {
    yard.snapshot().lane(lane).unwrap().counts
}

async fn started<T>(handle: &Handle<T>) {
    soon(wait_for_async("it runs", SOON, || handle.status() == TaskStatus::Running)).await;
}

/// A closure that holds its slot until the sender is dropped, and does not care who asks it to stop.
fn stubborn() -> (mpsc::Sender<()>, impl FnOnce() -> u8 + Send + 'static) {
    let (open, shut) = mpsc::channel::<()>();
    (open, move || {
        let _closed = shut.recv();
        7
    })
}

#[test]
fn what_is_cancelled_in_the_queue_never_runs_and_frees_its_place_at_once() {
    on_runtime(async {
        let (yard, payloads, ran) = (narrow(), DropCounter::new(), Arc::new(AtomicBool::new(false)));
        let ((open, cpu), (open_too, blocking)) = (stubborn(), stubborn());
        let busy = (yard.cpu().submit(cpu).await.unwrap(), yard.blocking().submit(blocking).await.unwrap());
        let busy_io = yard.io().submit(pending::<()>()).await.unwrap();
        started(&busy.0).await;
        started(&busy.1).await;
        let body = || {
            let (payload, ran) = (payloads.payload(), Arc::clone(&ran));
            move || {
                ran.store(true, Ordering::SeqCst);
                drop(payload);
            }
        };
        let io_body = body();
        let queued = [
            yard.cpu().submit(body()).await.unwrap(),
            yard.blocking().submit(body()).await.unwrap(),
            yard.io().submit(async { io_body() }).await.unwrap(),
        ];
        for (handle, lane) in queued.into_iter().zip(["cpu", "blocking", "io"]) {
            let (alive, before) = (payloads.alive(), counts(&yard, lane));
            assert!(handle.cancel(), "it had not ended");
            let after = counts(&yard, lane);
            assert_eq!(payloads.alive(), alive - 1, "what it captured is dropped");
            assert_eq!((before.ledger.queued, after.ledger.queued, after.never_started), (1, 0, 1));
            assert!(!handle.cancel() && !handle.abort() && handle.was_cancelled() && handle.is_finished());
            let error = handle.await.unwrap_err();
            assert_eq!((error.kind(), error.reason()), (TaskErrorKind::Cancelled, Some(Reason::User)));
        }
        drop((open, open_too));
        assert_eq!((soon(busy.0).await.unwrap(), soon(busy.1).await.unwrap()), (7, 7));
        busy_io.cancel();
        assert!(soon(busy_io).await.unwrap_err().is_cancelled() && !ran.load(Ordering::SeqCst));
    });
}

#[test]
fn what_has_ended_stays_what_it_is() {
    on_runtime(async {
        let yard = narrow();
        let handle = yard.cpu().submit(|| 1).await.unwrap();
        soon(wait_for_async("it ends", SOON, || handle.is_finished())).await;
        assert!(!handle.cancel() && !handle.abort() && !handle.was_cancelled());
        assert_eq!((handle.status(), handle.await.unwrap()), (TaskStatus::Ended(Outcome::Completed), 1));
    });
}

#[test]
fn a_plain_future_is_dropped_at_its_next_await() {
    on_runtime(async {
        let (yard, payloads) = (narrow(), DropCounter::new());
        for stop in [Handle::cancel, Handle::abort] {
            let held = payloads.payload();
            let handle = yard.io().submit(async move {
                let _held = held;
                pending::<()>().await;
            });
            let handle = handle.await.unwrap();
            started(&handle).await;
            assert!(stop(&handle));
            let error = soon(handle).await.unwrap_err();
            assert_eq!((error.kind(), error.reason()), (TaskErrorKind::Cancelled, Some(Reason::User)));
            assert_eq!((payloads.alive(), counts(&yard, "io").occupied), (0, 0), "nothing of it is left");
        }
    });
}

#[test]
fn a_body_with_a_context_is_asked_and_its_value_counts() {
    on_runtime(async {
        let yard = narrow();
        let on_io = yard.io().submit_with(|context| async move {
            context.cancelled().await;
            context.reason()
        });
        let on_cpu = yard.cpu().submit_with(|context| {
            while !context.is_cancelled() {
                thread::yield_now();
            }
            context.reason()
        });
        for handle in [on_io.await.unwrap(), on_cpu.await.unwrap()] {
            started(&handle).await;
            assert!(!handle.was_cancelled() && handle.cancel());
            assert!(handle.was_cancelled());
            assert_eq!(soon(handle).await.unwrap(), Some(Reason::User), "a partial result is a result");
        }
        assert_eq!(yard.snapshot().ledger().completed, 2);
    });
}

#[test]
fn an_aborted_future_does_not_get_to_finish_even_with_a_context() {
    on_runtime(async {
        let yard = narrow();
        let handle = yard.io().submit_with(|_context| pending::<()>()).await.unwrap();
        started(&handle).await;
        assert!(handle.cancel() && counts(&yard, "io").occupied == 1, "asked, and it does not heed");
        assert!(handle.abort());
        assert!(soon(handle).await.unwrap_err().is_cancelled());
    });
}

#[test]
fn an_aborted_closure_answers_at_once_and_keeps_its_slot() {
    on_runtime(async {
        let (yard, payloads) = (narrow(), DropCounter::new());
        let ((open, body), late) = (stubborn(), payloads.payload());
        let work = move || {
            body();
            late
        };
        let handle = yard.cpu().submit(work).await.unwrap();
        started(&handle).await;
        let next = yard.cpu().submit(|| 1).await.unwrap();
        assert!(handle.abort() && !handle.abort() && !handle.cancel());
        let error = soon(handle).await.unwrap_err();
        assert_eq!((error.kind(), error.reason()), (TaskErrorKind::Abandoned, Some(Reason::User)));
        let held = counts(&yard, "cpu");
        assert_eq!((held.occupied, held.overrunning, held.ledger.running, held.ledger.abandoned), (1, 1, 0, 1));
        assert_eq!((next.status(), payloads.alive()), (TaskStatus::Queued, 1));
        assert!(yard.tasks().iter().any(|task| task.to_string().contains("abandoned, its body still running")));
        drop(open);
        assert_eq!(soon(next).await.unwrap(), 1);
        let after = counts(&yard, "cpu");
        assert_eq!((after.overrunning, after.late_results, payloads.alive()), (0, 1, 0));
        assert!(after.ledger.balances());
    });
}

#[test]
fn a_dropped_handle_detaches_unless_told_otherwise() {
    on_runtime(async {
        let (yard, ran) = (narrow(), Arc::new(AtomicUsize::new(0)));
        let (open, body) = stubborn();
        let busy = yard.cpu().submit(body).await.unwrap();
        started(&busy).await;
        let count = || {
            let ran = Arc::clone(&ran);
            move || ran.fetch_add(1, Ordering::SeqCst)
        };
        drop(yard.cpu().submit(count()).await.unwrap());
        drop(yard.cpu().submit(count()).await.unwrap().abort_on_drop());
        assert_eq!((counts(&yard, "cpu").ledger.queued, counts(&yard, "cpu").ledger.cancelled), (1, 1));
        drop(open);
        assert_eq!(soon(busy).await.unwrap(), 7);
        soon(wait_for_async("all end", SOON, || counts(&yard, "cpu").ledger.live() == 0)).await;
        assert_eq!(ran.load(Ordering::SeqCst), 1);
        // One that has given its result aborts nothing.
        let done = yard.cpu().submit(|| 1).await.unwrap().abort_on_drop();
        assert_eq!(done.await.unwrap(), 1);
        assert_eq!(counts(&yard, "cpu").ledger.cancelled, 1);
    });
}

#[test]
fn a_run_dropped_at_any_await_leaves_nothing_behind() {
    on_runtime(async {
        let (yard, payloads) = (narrow(), DropCounter::new());
        for polls in 0..40 {
            let held = payloads.payload();
            let mut run = Box::pin(yard.io().run(async move {
                let _held = held;
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
            }));
            for _ in 0..polls {
                if run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(run);
            let restored = || counts(&yard, "io").occupied == 0 && payloads.alive() == 0;
            soon(wait_for_async("the slot and the values are back", SOON, restored)).await;
            let now = counts(&yard, "io");
            assert_eq!((now.submitters, now.promised, now.ledger.live()), (0, 0, 0));
            assert!(now.ledger.balances());
        }
        let ledger = counts(&yard, "io").ledger;
        assert!(ledger.cancelled > 0 && ledger.completed + ledger.cancelled == ledger.accepted);
    });
}

#[test]
fn a_chain_of_ten_thousand_tasks_is_cancelled_without_recursion() {
    const DEPTH: usize = 10_000;
    on_runtime(async {
        let io = Lane::io().limit(1).queue(DEPTH + 2);
        let yard = Scheduler::builder().io(io).cpu(Lane::cpu().threads(1).queue(DEPTH + 2)).build().unwrap();
        let (open, body) = stubborn();
        let busy = yard.cpu().submit(body).await.unwrap();
        let busy_io = yard.io().submit(pending::<()>()).await.unwrap();
        started(&busy).await;
        let mut last = yard.io().submit(async {}).await.unwrap().abort_on_drop();
        let mut last_cpu = yard.cpu().submit(|| {}).await.unwrap().abort_on_drop();
        for _ in 0..DEPTH {
            last = yard.io().submit(async move { drop(last.await) }).await.unwrap().abort_on_drop();
            last_cpu = yard.cpu().submit(move || drop(last_cpu)).await.unwrap().abort_on_drop();
        }
        drop((last, last_cpu));
        for lane in ["io", "cpu"] {
            assert_eq!(counts(&yard, lane).ledger.cancelled, DEPTH as u64 + 1, "{lane}");
            assert_eq!(counts(&yard, lane).ledger.queued, 0, "{lane}");
        }
        drop(open);
        assert_eq!(soon(busy).await.unwrap(), 7);
        busy_io.cancel();
    });
}

/// A waker that stops the task it waits for when it is dropped.
struct Jealous(TaskRef);

impl Wake for Jealous {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Jealous {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[test]
fn a_waker_may_stop_the_task_when_it_is_dropped() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (yard, mut handle, open) = runtime.block_on(async {
        let (yard, (open, body)) = (narrow(), stubborn());
        let handle = yard.cpu().submit(body).await.unwrap();
        started(&handle).await;
        (yard, handle, open)
    });
    let jealous = Waker::from(Arc::new(Jealous(handle.task_ref())));
    assert!(Pin::new(&mut handle).poll(&mut Context::from_waker(&jealous)).is_pending());
    drop(jealous);
    // On a thread of its own, so that a deadlock is a failure.
    let polling = thread::spawn(move || {
        // The poll that drops the waker may see what came of it, or the next one does.
        let mut poll = || Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop()));
        let first = poll();
        let polled = if first.is_ready() { first } else { poll() };
        polled.map(|result| result.unwrap_err().kind())
    });
    wait_for("the poll returns", SOON, || polling.is_finished());
    assert_eq!(polling.join().unwrap(), Poll::Ready(TaskErrorKind::Abandoned));
    drop((open, yard));
}

#[test]
fn a_body_may_stop_itself() {
    on_runtime(async {
        let yard = narrow();
        for abort in [false, true] {
            let (give, take) = oneshot::channel::<TaskRef>();
            let handle = yard.io().submit(async move {
                let myself = take.await.unwrap();
                assert!(if abort { myself.abort() } else { myself.cancel() });
                pending::<()>().await;
            });
            let handle = handle.await.unwrap();
            give.send(handle.task_ref()).unwrap();
            assert!(soon(handle).await.unwrap_err().is_cancelled());
        }
        let (give, take) = mpsc::channel::<TaskRef>();
        let handle = yard.cpu().submit(move || take.recv().unwrap().abort()).await.unwrap();
        give.send(handle.task_ref()).unwrap();
        assert_eq!(soon(handle).await.unwrap_err().kind(), TaskErrorKind::Abandoned);
        assert_eq!(soon(yard.cpu().run(|| 1)).await.unwrap(), 1);
    });
}

#[test]
fn tokens_of_a_context_follow_it_and_do_not_lead() {
    on_runtime(async {
        let (yard, (tell, told)) = (narrow(), oneshot::channel());
        let handle = yard.io().submit_with(|context| async move {
            context.token().cancel();
            let unmoved = !context.is_cancelled();
            tell.send(()).unwrap();
            let (one, two) = (context.token(), context.clone());
            tokio::join!(one.cancelled(), two.cancelled());
            // A token made after the fact is cancelled as well, and its callbacks may use the context.
            (unmoved, context.token().is_cancelled())
        });
        let handle = handle.await.unwrap();
        soon(told).await.unwrap();
        handle.cancel();
        assert_eq!(soon(handle).await.unwrap(), (true, true));
    });
}

#[test]
fn a_token_cancels_queued_and_running_tasks_and_those_that_come_too_late() {
    on_runtime(async {
        let (yard, parent) = (narrow(), CancellationToken::new());
        let running = yard.io().task("running").token(parent.child_token()).submit(pending::<()>()).await.unwrap();
        started(&running).await;
        let queued = yard.io().task("queued").token(parent.child_token()).submit(async {}).await.unwrap();
        // A task that runs may not have taken its first step, and is then stopped before it does.
        let (began, begins) = oneshot::channel();
        let heeds = yard.cpu().task("heeds").token(parent.clone()).submit_with(move |context| {
            began.send(()).unwrap();
            while !context.is_cancelled() {
                thread::yield_now();
            }
        });
        let heeds = heeds.await.unwrap();
        soon(begins).await.unwrap();
        parent.cancel();
        for handle in [running, queued] {
            let error = soon(handle).await.unwrap_err();
            assert_eq!((error.kind(), error.reason()), (TaskErrorKind::Cancelled, Some(Reason::User)));
        }
        assert!(soon(heeds).await.is_ok(), "a closure is asked");
        let ran = Arc::new(AtomicBool::new(false));
        // Often, since a first step would have to be quicker than who stops the task.
        for _ in 0..300 {
            let bodies: [_; 4] = std::array::from_fn(|_| Arc::clone(&ran));
            let [one, two, three, four] = bodies.map(|ran| move || ran.store(true, Ordering::SeqCst));
            let handles = [
                yard.io().task("late").token(parent.clone()).submit(async move { one() }).await.unwrap(),
                yard.io().task("no time").timeout(Duration::ZERO).submit(async move { two() }).await.unwrap(),
                yard.cpu().task("late").token(parent.clone()).submit(three).await.unwrap(),
                yard.cpu().task("no time").timeout(Duration::ZERO).submit(four).await.unwrap(),
            ];
            for handle in handles {
                assert!(soon(handle).await.is_err());
            }
        }
        assert!(!ran.load(Ordering::SeqCst), "not a single step");
    });
}

#[test]
fn a_token_that_outlives_its_tasks_keeps_nothing_of_them() {
    on_runtime(async {
        let (yard, token) = (narrow(), CancellationToken::new());
        let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let before = alive();
        for _ in 0..200 {
            let hour = Duration::from_hours(1);
            yard.io().task("io").token(token.clone()).timeout(hour).run(async {}).await.unwrap();
            yard.cpu().task("cpu").token(token.clone()).timeout(hour).run(|| {}).await.unwrap();
        }
        // One task of the runtime watches all limits of time.
        soon(wait_for_async("those who watched the token are gone", SOON, || alive() <= before + 1)).await;
    });
}

#[test]
fn the_first_reason_stays() {
    on_runtime(async {
        let yard = narrow();
        let closing = yard.closing();
        let handle = yard.cpu().submit_with(move |context| {
            while !(context.is_cancelled() && closing.is_cancelled()) {
                thread::yield_now();
            }
            // Until the one who cancels what is left has been here, too.
            (0..1_000).for_each(|_| thread::yield_now());
            context.reason()
        });
        let handle = handle.await.unwrap();
        started(&handle).await;
        assert!(handle.cancel());
        let report = soon(yard.shutdown().drain_for(Duration::ZERO).grace(SOON)).await;
        assert!(report.is_clean() && soon(handle).await.unwrap() == Some(Reason::User), "{report}");
    });
}

#[tokio::test(start_paused = true)]
async fn limits_of_time_end_the_wait_or_the_run() {
    let yard = narrow();
    let second = Duration::from_secs(1);
    let began = Instant::now();
    let slow = yard.io().task("slow").timeout(10 * second).submit(pending::<()>()).await.unwrap();
    let waits = yard.io().task("waits").queue_timeout(3 * second).submit(async {}).await.unwrap();
    let dated = yard.io().task("dated").deadline(began + 5 * second).submit(async {}).await.unwrap();
    for (handle, at, reason) in
        [(waits, 3, Reason::QueueTimeout), (dated, 5, Reason::Deadline), (slow, 10, Reason::Timeout)]
    {
        let error = handle.await.unwrap_err();
        assert_eq!((error.kind(), error.reason()), (TaskErrorKind::TimedOut, Some(reason)));
        let late = began.elapsed().saturating_sub(at * second);
        assert!(began.elapsed() >= at * second && late <= Duration::from_millis(2), "{at} s: {:?}", began.elapsed());
    }
    let counts = counts(&yard, "io");
    assert_eq!((counts.ledger.timed_out, counts.never_started, counts.occupied), (3, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn limits_that_are_nothing_or_for_ever() {
    let yard = narrow();
    let ran = Arc::new(AtomicUsize::new(0));
    let step = || {
        let ran = Arc::clone(&ran);
        move || ran.fetch_add(1, Ordering::SeqCst)
    };
    let (one, two, three) = (step(), step(), step());
    let now = Instant::now();
    let stopped = [
        yard.io().task("zero").timeout(Duration::ZERO).submit(async move { one() }).await.unwrap(),
        yard.io().task("past").deadline(now).submit(async move { two() }).await.unwrap(),
        yard.cpu().task("zero").timeout(Duration::ZERO).submit(three).await.unwrap(),
    ];
    for handle in stopped {
        assert!(handle.await.unwrap_err().is_timeout());
    }
    assert_eq!(ran.load(Ordering::SeqCst), 0, "not a single step");
    let far = now + Duration::from_hours(24 * 365 * 30);
    let (max, on_io) = (Duration::MAX, step());
    let task = yard.io().task("for ever").timeout(max).queue_timeout(max).deadline(far);
    assert_eq!(task.run(async move { on_io() }).await.unwrap(), 0);
    assert_eq!(yard.cpu().task("for ever").timeout(max).queue_timeout(max).run(step()).await.unwrap(), 1);
}

#[test]
fn a_closure_out_of_time_is_answered_and_keeps_its_slot() {
    on_runtime(async {
        let (yard, (open, body)) = (narrow(), stubborn());
        let handle = yard.blocking().task("slow").timeout(Duration::from_millis(20)).submit(body).await.unwrap();
        let error = soon(handle).await.unwrap_err();
        assert_eq!((error.kind(), error.reason()), (TaskErrorKind::TimedOut, Some(Reason::Timeout)));
        let held = counts(&yard, "blocking");
        assert_eq!((held.occupied, held.overrunning, held.ledger.timed_out), (1, 1, 1));
        drop(open);
        soon(wait_for_async("the slot is free", SOON, || counts(&yard, "blocking").occupied == 0)).await;
        assert_eq!(counts(&yard, "blocking").late_results, 1);
    });
}

#[test]
fn a_waker_that_outlives_its_task_and_its_yard_wakes_nobody() {
    let kept: Arc<std::sync::Mutex<Option<Waker>>> = Arc::default();
    on_runtime(async {
        let (yard, keep) = (narrow(), Arc::clone(&kept));
        let mut polls = 0;
        let body = std::future::poll_fn(move |cx| {
            *keep.lock().unwrap() = Some(cx.waker().clone());
            cx.waker().wake_by_ref();
            polls += 1;
            if polls == 3 { Poll::Ready(polls) } else { Poll::Pending }
        });
        assert_eq!(yard.io().run(body).await.unwrap(), 3);
    });
    let waker = kept.lock().unwrap().take().unwrap();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| (0..1_000).for_each(|_| waker.wake_by_ref()));
        }
    });
}

#[test]
fn a_handle_that_cancels_on_drop_asks_a_closure_to_stop() {
    on_runtime(async {
        let yard = narrow();
        let until_asked = |ctx: workyard::TaskContext| {
            while !ctx.is_cancelled() {
                thread::yield_now();
            }
        };
        let handle = yard.cpu().submit_with(until_asked).await.unwrap().cancel_on_drop();
        started(&handle).await;
        drop(handle);
        let report = soon(yard.shutdown()).await;
        // What it returned counts, since it was asked and not abandoned.
        assert_eq!(report.to_string(), "accepted 1 = 1 completed; stuck: none");
    });
}

#[test]
fn a_closure_that_does_not_heed_keeps_its_slot_and_its_value_counts() {
    on_runtime(async {
        let (yard, (open, body)) = (narrow(), stubborn());
        let handle = yard.cpu().submit(body).await.unwrap();
        started(&handle).await;
        let next = yard.cpu().submit(|| 1).await.unwrap();
        assert!(handle.cancel() && handle.was_cancelled() && !handle.is_finished());
        let held = counts(&yard, "cpu");
        assert_eq!((held.occupied, held.overrunning, held.ledger.running, held.ledger.queued), (1, 0, 1, 1));
        drop(open);
        assert_eq!((soon(handle).await.unwrap(), soon(next).await.unwrap()), (7, 1));
        assert_eq!(counts(&yard, "cpu").ledger.completed, 2);
    });
}
