//! The end of a yard, by shutdown, by its last drop, or because its runtime went first: it always ends, answers every
//! handle, and says what became of everything.
#![cfg(test)]

#[path = "common/run.rs"]
mod run;

use std::future::{Future, IntoFuture as _, pending};
use std::iter::once;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::{join, select};
use tokio::runtime::{self, Runtime};
use tokio::sync::oneshot;
use tokio::task::{JoinSet, yield_now};
use workyard::{Handle, IoLane, Lane, Outcome, Reason, Report, Scheduler, Snapshot, TaskErrorKind, TaskStatus};
use workyard_testkit::{DropCounter, Rng, SeedOnPanic, seeds, threads_named, wait_for, wait_for_async};

use run::{SOON, on_runtime, soon};

const MOMENT: Duration = Duration::from_millis(10);

/// One slot and 16 places a lane.
fn narrow() -> Scheduler {
    let builder = Scheduler::builder().io(Lane::io().limit(1).queue(16)).cpu(Lane::cpu().threads(1).queue(16));
    builder.blocking(Lane::blocking().limit(1).queue(16)).build().unwrap()
}

fn two_workers() -> Runtime {
    runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn is_clean(report: &Report) -> bool {
    report.balances() && report.is_clean() && report.lanes.iter().all(|lane| lane.counts.occupied == 0)
}

/// What the handle says. It may be a moment behind the report: an end is counted before it is told.
fn answer<T>(handle: &mut Handle<T>) -> Result<T, TaskErrorKind> {
    let mut result = None;
    wait_for("there is an answer", SOON, || {
        match Pin::new(&mut *handle).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(ready) => result = Some(ready),
            Poll::Pending => return false,
        }
        true
    });
    result.unwrap().map_err(|error| error.kind())
}

async fn started<T>(handle: &Handle<T>) {
    soon(wait_for_async("it runs", SOON, || handle.status() == TaskStatus::Running)).await;
}

#[test]
fn an_empty_yard_ends_at_once_and_its_threads_with_it() {
    on_runtime(async {
        let yard = Scheduler::builder().lane("empty", Lane::cpu().threads(3)).build().unwrap();
        wait_for("the threads have their names", SOON, || {
            threads_named("workyard-empty").is_none_or(|threads| threads.len() == 3)
        });
        let began = Instant::now();
        let report = soon(yard.shutdown().drain_for(SOON).grace(SOON)).await;
        assert!(began.elapsed() < SOON / 2 && is_clean(&report));
        assert_eq!(report.to_string(), "accepted 0 = 0 completed; stuck: none");
        wait_for("the threads are gone", SOON, || threads_named("workyard-empty").is_none_or(|t| t.is_empty()));
        assert!(yard.io().submit(async {}).await.unwrap_err().is_closed(), "it stays closed");
    });
}

#[test]
fn what_was_accepted_is_drained() {
    on_runtime(async {
        let yard = narrow();
        // The first of each lane holds up the others until the end has begun.
        let (future_ends, future_waits) = oneshot::channel::<()>();
        let (closure_ends, closure_waits) = mpsc::channel::<()>();
        let held = yard.io().try_submit(async move { future_waits.await.map_or(0, |()| 0) }).unwrap();
        let handles: Vec<_> = (1..10).map(|n| yard.io().try_submit(async move { n }).unwrap()).collect();
        let held_too = yard.cpu().try_submit(move || closure_waits.recv().map_or(0, |()| 0)).unwrap();
        let closures: Vec<_> = (1..10).map(|n| yard.cpu().try_submit(move || n).unwrap()).collect();
        let (report, ()) =
            join(soon(yard.shutdown().drain_for(SOON)), async { drop((future_ends, closure_ends)) }).await;
        assert!(is_clean(&report) && report.never_started == 0, "{report}");
        assert_eq!((report.total.accepted, report.total.completed), (20, 20));
        let (futures, closures) = (once(held).chain(handles), once(held_too).chain(closures));
        for (n, handle) in futures.chain(closures).enumerate() {
            assert_eq!(handle.await.unwrap(), n % 10);
        }
    });
}

/// Python's workers wait for ever with a large result that goes through a pipe, if it is to be read after they were joined.
#[test]
fn a_result_of_any_size_is_there_before_and_after_the_end() {
    on_runtime(async {
        for size in [1, 100 << 20] {
            let yard = narrow();
            let task = move || vec![7_u8; size];
            let (first, last) = (yard.cpu().submit(task).await.unwrap(), yard.cpu().submit(task).await.unwrap());
            assert_eq!(soon(first).await.unwrap().len(), size);
            let report = soon(yard.shutdown().drain_for(SOON)).await;
            assert!(is_clean(&report) && report.total.completed == 2, "{report}");
            let last = soon(last).await.unwrap();
            assert_eq!((last.len(), last.last()), (size, Some(&7)));
        }
    });
}

#[test]
fn what_is_queued_or_running_when_draining_is_over_is_cancelled() {
    on_runtime(async {
        let (yard, payloads) = (narrow(), DropCounter::new());
        let held = payloads.payload();
        let plain = yard.io().submit(async {
            let _held = held;
            pending::<()>().await;
        });
        let mut plain = plain.await.unwrap();
        let mut queued = yard.io().submit(async {}).await.unwrap();
        let heeds = yard.cpu().submit_with(|context| {
            while !context.is_cancelled() {
                thread::yield_now();
            }
            context.reason()
        });
        let mut heeds = heeds.await.unwrap();
        started(&heeds).await;
        let report = soon(yard.shutdown().drain_for(MOMENT).grace(SOON)).await;
        assert!(is_clean(&report), "{report}");
        assert_eq!((report.total.cancelled, report.total.completed, report.never_started), (2, 1, 1));
        assert_eq!(
            (answer(&mut plain), answer(&mut queued)),
            (Err(TaskErrorKind::Cancelled), Err(TaskErrorKind::Cancelled))
        );
        assert_eq!((answer(&mut heeds), payloads.alive()), (Ok(Some(Reason::Shutdown)), 0));
    });
}

#[test]
fn what_does_not_heed_is_abandoned_named_and_still_counted() {
    on_runtime(async {
        let (yard, (open, shut)) = (narrow(), mpsc::channel::<()>());
        let body = move || shut.recv().unwrap_or_default();
        let mut stuck = yard.blocking().task("an hour\n").submit(body).await.unwrap();
        started(&stuck).await;
        let mut never = yard.blocking().submit(|| {}).await.unwrap();
        let began = Instant::now();
        let report = soon(yard.shutdown().drain_for(MOMENT).grace(MOMENT)).await;
        assert!(began.elapsed() < Duration::from_secs(5), "it ended by its deadline: {:?}", began.elapsed());
        assert_eq!(
            (answer(&mut stuck), answer(&mut never)),
            (Err(TaskErrorKind::Abandoned), Err(TaskErrorKind::Cancelled))
        );
        assert!(report.balances() && !report.is_clean());
        let [task] = &report.stuck[..] else { panic!("one is stuck: {report}") };
        assert_eq!((task.name.as_deref(), &*task.lane), (Some("an hour\n"), "blocking"));
        assert_eq!(task.status, TaskStatus::Ended(Outcome::Abandoned));
        let told = report.to_string();
        assert!(
            told.starts_with(
                "accepted 2 = 0 completed + 1 cancelled + 1 abandoned; stuck: 1\n  #0 \"an hour\\n\" on blocking"
            ),
            "{told}"
        );
        assert!(told.contains("shutdown.rs:"), "{told}");
        assert_eq!(yard.snapshot().lane("blocking").unwrap().counts.occupied, 1, "its slot is not free");
        drop(open);
        let ended = |snapshot: Snapshot| snapshot.lane("blocking").unwrap().counts.occupied == 0;
        soon(wait_for_async("it ends after all", SOON, || ended(yard.snapshot()))).await;
        assert_eq!(yard.snapshot().lane("blocking").unwrap().counts.late_results, 1);
        let again = soon(yard.shutdown()).await;
        assert_eq!((again.to_string(), again.stuck.len()), (told, 1), "the report stays what it was");
    });
}

#[test]
fn a_body_that_blocks_its_worker_does_not_hold_up_the_end() {
    let runtime = two_workers();
    let (open, shut) = mpsc::channel::<()>();
    let told = runtime.block_on(async {
        let yard = narrow();
        let mut blocks = yard.io().task("blocks").submit(async move { shut.recv().unwrap_or_default() }).await.unwrap();
        started(&blocks).await;
        let report = soon(yard.shutdown().drain_for(MOMENT).grace(MOMENT)).await;
        assert_eq!(answer(&mut blocks), Err(TaskErrorKind::Abandoned));
        report.to_string()
    });
    assert!(told.contains("stuck: 1") && told.contains("blocks"), "{told}");
    drop(open);
}

#[test]
fn a_body_that_wakes_itself_for_ever_starves_nobody_and_is_cancelled() {
    on_runtime(async {
        let yard = Scheduler::builder().io(Lane::io().limit(4)).cpu(Lane::cpu().threads(1)).build().unwrap();
        let mut restless = Vec::new();
        for _ in 0..3 {
            let body = std::future::poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            });
            restless.push(yard.io().submit(body).await.unwrap());
        }
        for n in 0..100 {
            assert_eq!(soon(yard.io().run(async move { n })).await.unwrap(), n);
        }
        let report = soon(yard.shutdown().drain_for(MOMENT).grace(SOON)).await;
        assert!(is_clean(&report) && report.total.cancelled == 3, "{report}");
    });
}

#[test]
fn threads_that_a_task_left_busy_are_waited_for() {
    on_runtime(async {
        let (yard, (open, shut)) = (narrow(), mpsc::channel::<()>());
        let ended = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&ended);
        let left = move || {
            rayon::spawn(move || {
                shut.recv().unwrap_or_default();
                tell.store(true, Ordering::SeqCst);
            });
        };
        yard.cpu().run(left).await.unwrap();
        let mut asked = Box::pin(yard.shutdown().grace(SOON).into_future());
        assert!(tokio::time::timeout(5 * MOMENT, &mut asked).await.is_err(), "its thread is not free");
        drop(open);
        let report = soon(asked).await;
        assert!(ended.load(Ordering::SeqCst) && is_clean(&report));
    });
}

#[test]
fn all_who_ask_for_the_end_get_the_one_report() {
    on_runtime(async {
        let yard = narrow();
        drop(yard.io().submit(pending::<()>()).await.unwrap());
        let (at_once, weak) = (Arc::new(Barrier::new(9)), yard.downgrade());
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (yard, at_once) = (yard.clone(), Arc::clone(&at_once));
                thread::spawn(move || {
                    at_once.wait();
                    yard.shutdown().drain_for(MOMENT).blocking_join().to_string()
                })
            })
            .collect();
        let from_rayon = tokio::task::spawn_blocking({
            let yard = yard.clone();
            move || {
                at_once.wait();
                rayon::join(|| yard.shutdown().blocking_join().to_string(), || ()).0
            }
        });
        let mine = soon(yard.shutdown().drain_for(SOON)).await.to_string();
        assert_eq!(mine, "accepted 1 = 0 completed + 1 cancelled; stuck: none");
        wait_for("all have their report", SOON, || threads.iter().all(thread::JoinHandle::is_finished));
        assert!(threads.into_iter().all(|thread| thread.join().unwrap() == mine));
        assert_eq!(soon(from_rayon).await.unwrap(), mine);
        drop(yard);
        assert!(weak.upgrade().is_none());
    });
}

#[test]
fn a_shutdown_that_nobody_awaits_any_more_goes_on_and_may_be_hurried() {
    on_runtime(async {
        let yard = narrow();
        let handle = yard.io().submit(pending::<()>()).await.unwrap();
        let (closing, mut asked) = (yard.closing(), Box::pin(yard.shutdown().drain_for(SOON * 100).into_future()));
        assert!(!closing.is_cancelled());
        assert!(asked.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(closing.is_cancelled() && yard.io().try_submit(async {}).unwrap_err().is_closed(), "at its first poll");
        drop(asked);
        assert!(!handle.is_finished());
        let report = soon(yard.shutdown().drain_for(Duration::ZERO)).await;
        assert!(is_clean(&report) && soon(handle).await.unwrap_err().reason() == Some(Reason::Shutdown));
    });
}

#[test]
fn who_sees_the_end_begin_finds_every_lane_closed() {
    on_runtime(async {
        for _ in 0..200 {
            let lanes = Scheduler::builder().cpu(Lane::cpu().threads(1)).lane("last", Lane::io());
            let yard = lanes.build().unwrap();
            let (closing, lane) = (yard.closing(), yard.io_lane("last").unwrap().clone());
            let watcher = thread::spawn(move || {
                while !closing.is_cancelled() {
                    std::hint::spin_loop();
                }
                lane.try_submit(async {}).is_err_and(|refused| refused.is_closed())
            });
            let report = soon(yard.shutdown()).await;
            assert!(watcher.join().unwrap() && report.total.accepted == 0);
        }
    });
}

#[test]
fn tasks_may_ask_for_the_end_of_their_own_yard() {
    on_runtime(async {
        let yard = narrow();
        let (on_io, on_blocking) = (yard.clone(), yard.clone());
        let io = yard.io().submit(async move { on_io.shutdown().drain_for(MOMENT).grace(MOMENT).await.to_string() });
        let mut io = io.await.unwrap();
        let blocks = yard.blocking().submit(move || on_blocking.shutdown().blocking_join().to_string()).await;
        drop(blocks);
        let report = soon(yard.shutdown().drain_for(MOMENT)).await;
        assert!(report.balances(), "{report}");
        drop(answer(&mut io));
    });
}

/// It is at a poll that takes longer than the threads take to end, mostly, so it is dropped after that.
#[test]
fn a_future_that_waits_for_the_end_of_its_own_yard_is_cancelled_and_not_stuck() {
    on_runtime(async {
        for _ in 0..10 {
            let yard = Scheduler::new();
            let own = yard.clone();
            let body = async move {
                let polls_long = async {
                    loop {
                        thread::sleep(MOMENT);
                        yield_now().await;
                    }
                };
                select(pin!(own.shutdown().drain_for(MOMENT).into_future()), pin!(polls_long)).await;
            };
            let asks = yard.io().submit(body).await.unwrap();
            soon(yard.closing().cancelled()).await;
            let report = soon(yard.shutdown()).await;
            assert!(is_clean(&report), "{report}");
            assert!(asks.await.unwrap_err().is_cancelled());
        }
    });
}

#[test]
fn tasks_that_submit_for_ever_do_not_keep_the_yard_open() {
    on_runtime(async {
        fn again(lane: IoLane, generations: Arc<AtomicUsize>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(async move {
                generations.fetch_add(1, Ordering::SeqCst);
                let next = again(lane.clone(), generations);
                drop(lane.submit(next).await.map(drop));
            })
        }
        let (yard, generations) = (narrow(), Arc::new(AtomicUsize::new(0)));
        drop(yard.io().submit(again(yard.io().clone(), Arc::clone(&generations))).await.unwrap());
        soon(wait_for_async("it goes on", SOON, || generations.load(Ordering::SeqCst) > 100)).await;
        let report = soon(yard.shutdown().drain_for(SOON)).await;
        assert!(is_clean(&report) && report.total.cancelled == 0, "{report}");
        assert_eq!(report.total.completed, generations.load(Ordering::SeqCst) as u64);
    });
}

#[test]
fn nothing_is_accepted_and_then_lost_while_eight_submit_into_the_end() {
    for seed in seeds(150) {
        let _told = SeedOnPanic::new(seed);
        on_runtime(async {
            let (yard, mut rng) =
                (Scheduler::builder().cpu(Lane::cpu().threads(2).queue(4)).build().unwrap(), Rng::new(seed));
            let mut submitters = JoinSet::new();
            for submitter in 0..8 {
                let lanes = (yard.io().clone(), yard.cpu().clone());
                submitters.spawn(async move {
                    let (mut accepted, mut refused) = (Vec::new(), 0);
                    for n in 0..30_u8 {
                        let submitted = match (submitter + n) % 3 {
                            0 => lanes.0.submit(async move { n }).await.ok(),
                            1 => lanes.1.submit(move || n).await.ok(),
                            _ => lanes.1.try_submit(move || n).ok(),
                        };
                        match submitted {
                            Some(handle) => accepted.push(handle),
                            None => refused += 1,
                        }
                    }
                    (accepted, refused)
                });
            }
            for _ in 0..rng.below(200) {
                yield_now().await;
            }
            let report = soon(yard.shutdown().drain_for(SOON)).await;
            let (mut accepted, mut refused) = (0, 0);
            while let Some(submitter) = submitters.join_next().await {
                let (handles, turned_away) = submitter.unwrap();
                accepted += handles.len() as u64;
                refused += turned_away;
                for handle in handles {
                    assert!(soon(handle).await.is_ok());
                }
            }
            assert_eq!((report.total.accepted, report.total.completed), (accepted, accepted), "{report}");
            let counted: u64 = yard.snapshot().lanes.iter().map(|lane| lane.counts.refused).sum();
            assert_eq!((accepted + refused, counted), (8 * 30, refused), "each is counted once");
        });
    }
}

#[test]
fn the_last_drop_cancels_what_is_left_wherever_it_happens() {
    let drops: [fn(Scheduler, &Runtime); 5] = [
        |yard, runtime| runtime.block_on(async { drop(yard) }),
        |yard, _| drop(yard),
        |yard, runtime| {
            let lane = yard.io().clone();
            drop(runtime.block_on(runtime.spawn(async move { drop((yard, lane)) })));
        },
        |yard, _| thread::spawn(move || drop(yard)).join().unwrap(),
        |yard, _| {
            let panicked = catch_unwind(AssertUnwindSafe(move || {
                let _yard = yard;
                resume_unwind(Box::new("on purpose"));
            }));
            assert!(panicked.is_err());
        },
    ];
    for drop_it in drops {
        let (runtime, payloads) = (two_workers(), DropCounter::new());
        let (yard, handles) = runtime.block_on(async {
            let yard = narrow();
            let mut handles = Vec::new();
            for _ in 0..4 {
                let (one, two) = (payloads.payload(), payloads.payload());
                let waits = async move {
                    let _one = one;
                    pending::<()>().await;
                };
                handles.push(yard.io().submit(waits).await.unwrap());
                let waits = yard.cpu().submit_with(move |context| {
                    let _two = two;
                    while !context.is_cancelled() {
                        thread::yield_now();
                    }
                });
                handles.push(waits.await.unwrap());
            }
            started(&handles[1]).await;
            (yard, handles)
        });
        let began = Instant::now();
        drop_it(yard, &runtime);
        assert!(began.elapsed() < SOON / 2, "it does not wait");
        runtime.block_on(async {
            for (n, handle) in handles.into_iter().enumerate() {
                match soon(handle).await {
                    // Of those that were asked, the one that ran had a value to give.
                    Ok(()) => assert!(n % 2 == 1),
                    Err(error) => {
                        assert_eq!((error.kind(), error.reason()), (TaskErrorKind::Cancelled, Some(Reason::Dropped)));
                    }
                }
            }
        });
        wait_for("all values are dropped", SOON, || payloads.alive() == 0);
    }
}

#[test]
fn a_task_may_drop_the_last_yard() {
    for with_shutdown in [false, true] {
        let runtime = two_workers();
        let (mut handles, gone) = runtime.block_on(async {
            let lanes = Scheduler::builder().io(Lane::io().limit(2)).lane("last", Lane::cpu().threads(1));
            let yard = lanes.cpu(Lane::cpu().threads(1)).build().unwrap();
            let mut asked = with_shutdown.then(|| Box::pin(yard.shutdown().drain_for(MOMENT).into_future()));
            let (io, cpu) = (yard.io().clone(), yard.cpu_lane("last").unwrap().clone());
            let holder = Arc::new(Mutex::new(Some(yard)));
            let (mine, go) = (Arc::clone(&holder), Arc::new(Barrier::new(2)));
            let wait = Arc::clone(&go);
            let closure = cpu.submit(move || {
                wait.wait();
                drop(mine.lock().unwrap().take());
                1
            });
            let closure = closure.await.unwrap();
            let queued = cpu.submit(|| 2).await.unwrap();
            let plain = io.submit(pending::<i32>()).await.unwrap();
            tokio::task::spawn_blocking(move || go.wait()).await.unwrap();
            if let Some(asked) = &mut asked {
                // It keeps the yard, and ends it when it is polled.
                let report = soon(asked).await;
                assert!(report.balances());
            }
            ([closure, queued, plain], holder)
        });
        wait_for("the closure dropped its yard", SOON, || gone.lock().unwrap().is_none());
        for handle in &mut handles {
            wait_for("it is answered", SOON, || handle.is_finished());
            let _either_way = answer(handle);
        }
        drop(gone);
        wait_for("the threads are gone", SOON, || threads_named("workyard-last-").is_none_or(|t| t.is_empty()));
    }
}

#[test]
fn a_runtime_that_goes_first_answers_every_handle() {
    const QUEUED: usize = 100_000;
    let (runtime, payloads) = (two_workers(), DropCounter::new());
    let (yard, mut handles, mut waiting) = runtime.block_on(async {
        let io = Lane::io().limit(2).queue(QUEUED);
        let yard = Scheduler::builder().io(io).lane("tiny", Lane::io().limit(1).queue(0)).build().unwrap();
        let mut handles = Vec::new();
        for _ in 0..QUEUED + 2 {
            let held = payloads.payload();
            let body = async move {
                let _held = held;
                pending::<()>().await;
            };
            handles.push(yard.io().submit(body).await.unwrap());
        }
        let tiny = yard.io_lane("tiny").unwrap().clone();
        handles.push(tiny.submit(pending()).await.unwrap());
        let waiting = Box::pin(async move { tiny.submit(pending::<()>()).await.map_err(drop)?.await.map_err(drop) });
        (yard, handles, waiting)
    });
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(runtime);
    for handle in &mut handles {
        assert_eq!(answer(handle), Err(TaskErrorKind::Cancelled));
    }
    let poll = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!((poll, payloads.alive()), (Poll::Ready(Err(())), 0), "a submitter is not forgotten either");
    // What is submitted now is answered as well.
    let mut late = yard.io().try_submit(async {}).unwrap();
    assert_eq!(answer(&mut late), Err(TaskErrorKind::Cancelled));
    let mut late = yard.blocking().try_submit(|| {}).unwrap();
    assert_eq!(answer(&mut late), Err(TaskErrorKind::Cancelled));
    let report = yard.shutdown().blocking_join();
    assert!(report.balances() && report.is_clean(), "{report}");
    assert_eq!(report.total.cancelled, QUEUED as u64 + 3 + 1 + 2);
}

#[test]
fn a_runtime_that_goes_during_shutdown_ends_it() {
    let runtime = two_workers();
    let (yard, mut handle, mut asked) = runtime.block_on(async {
        let yard = narrow();
        let handle = yard.io().submit(pending::<()>()).await.unwrap();
        let mut asked = Box::pin(yard.shutdown().drain_for(SOON * 100).into_future());
        assert!(asked.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        (yard, handle, asked)
    });
    drop(runtime);
    let Poll::Ready(report) = asked.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { panic!("no report") };
    assert!(report.balances(), "{report}");
    assert!(matches!(answer(&mut handle), Err(TaskErrorKind::Cancelled | TaskErrorKind::Abandoned)));
    assert!(yard.io().try_submit(async {}).unwrap_err().is_closed());
}

#[test]
fn closures_raced_by_the_end_of_their_runtime_complete_or_are_cancelled() {
    for seed in seeds(100) {
        let _told = SeedOnPanic::new(seed);
        let (runtime, mut rng, ran) = (two_workers(), Rng::new(seed), Arc::new(AtomicUsize::new(0)));
        let (yard, handles) = runtime.block_on(async {
            let blocking = Lane::blocking().limit(2).queue(64);
            let yard = Scheduler::builder().blocking(blocking).cpu(Lane::cpu().threads(1)).build().unwrap();
            let mut handles = Vec::new();
            for _ in 0..32 {
                let ran = Arc::clone(&ran);
                handles.push(yard.blocking().submit(move || ran.fetch_add(1, Ordering::SeqCst)).await.unwrap());
            }
            for _ in 0..rng.below(20) {
                yield_now().await;
            }
            (yard, handles)
        });
        drop(runtime);
        let ledger = || yard.snapshot().ledger();
        wait_for("all have ended", SOON, || ledger().live() == 0);
        let completed = handles.into_iter().filter_map(|mut handle| answer(&mut handle).ok()).count();
        assert_eq!(completed, ran.load(Ordering::SeqCst), "what ran completed, what did not run was cancelled");
        assert_eq!((ledger().completed, ledger().completed + ledger().cancelled), (completed as u64, 32));
    }
}

#[test]
fn a_standalone_yard_may_be_dropped_anywhere() {
    let yard = Scheduler::standalone().unwrap();
    assert_eq!(yard.cpu().blocking_run(|| 6 * 7).unwrap(), 42);
    let handle = yard.io().blocking_submit(pending::<()>()).unwrap();
    on_runtime(async move { drop(yard) });
    assert_eq!(handle.blocking_join().unwrap_err().kind(), TaskErrorKind::Cancelled);
    let yard = Scheduler::standalone().unwrap();
    let (inside, dropped) = (yard.clone(), Arc::new(AtomicBool::new(false)));
    let told = Arc::clone(&dropped);
    let itself = yard.io().blocking_submit(async move {
        yield_now().await;
        drop(inside);
        told.store(true, Ordering::SeqCst);
    });
    drop(yard);
    wait_for("the task dropped the last yard, or was dropped with it", SOON, || itself.as_ref().unwrap().is_finished());
    drop(itself);
}
