//! Results of many handles in the order in which their tasks end: from plain threads, from async code, and inside of tasks whose lane
//! is full.
#![cfg(test)]

#[path = "common/run.rs"]
mod run;

use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::stream::{FusedStream, Stream, StreamExt as _};
use tokio::sync::oneshot;
use workyard::TaskErrorKind::{Abandoned, Cancelled, Failed, Panicked, TimedOut};
use workyard::{AsCompleted, Finished, Handle, Lane, Report, Scheduler, TaskError, TaskErrorKind, as_completed};
use workyard_testkit::{wait_for, wait_for_async};

use run::{SOON, on_runtime, soon};

/// One slot a lane, so that a task that waits has the only one.
fn narrow(queue: usize) -> Scheduler {
    Scheduler::builder()
        .io(Lane::io().limit(1).queue(queue))
        .cpu(Lane::cpu().threads(1).queue(queue))
        .blocking(Lane::blocking().limit(1).queue(queue))
        .build()
        .unwrap()
}

async fn balanced(yard: &Scheduler) -> Report {
    let report = soon(yard.shutdown().drain_for(SOON)).await;
    assert!(report.balances() && report.is_clean(), "{report}");
    assert!(report.lanes.iter().all(|lane| lane.counts.lending == 0 && lane.counts.promised == 0), "{report:?}");
    report
}

/// Awaits `future`, and does this after the first poll.
async fn at_first_poll<F: Future>(future: F, act: impl FnOnce()) -> F::Output {
    let (mut future, mut act) = (pin!(future), Some(act));
    std::future::poll_fn(|cx| {
        let polled = future.as_mut().poll(cx);
        if let Some(act) = act.take() {
            act();
        }
        polled
    })
    .await
}

/// Tasks that end when they are told to, with their number.
async fn gated(yard: &Scheduler, count: usize) -> (Vec<oneshot::Sender<()>>, Vec<Handle<usize>>) {
    let (mut gates, mut handles) = (Vec::new(), Vec::new());
    for number in 0..count {
        let (gate, opens) = oneshot::channel::<()>();
        gates.push(gate);
        let task = async move {
            opens.await.unwrap();
            number
        };
        handles.push(yard.io().submit(task).await.unwrap());
    }
    (gates, handles)
}

fn open(gates: Vec<oneshot::Sender<()>>) {
    for gate in gates {
        gate.send(()).unwrap();
    }
}

fn indexed<T>(finished: Finished<T>) -> (usize, T) {
    (finished.index, finished.result.unwrap())
}

fn kind<T>(finished: Finished<T>) -> (usize, Result<T, TaskErrorKind>) {
    (finished.index, finished.result.map_err(|error| error.kind()))
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn results_come_in_the_order_of_the_ends_and_name_their_handles() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (gates, handles) = gated(&yard, 5).await;
        let ids: Vec<_> = handles.iter().map(Handle::id).collect();
        let mut gates: Vec<_> = gates.into_iter().map(Some).collect();
        let mut done = as_completed(handles);
        for (given, index) in [3, 0, 4, 1, 2].into_iter().enumerate() {
            assert_eq!(
                (done.len(), done.is_empty(), done.size_hint()),
                (5 - given, false, (5 - given, Some(5 - given)))
            );
            gates[index].take().unwrap().send(()).unwrap();
            let finished = soon(is_send(done.next())).await.unwrap();
            assert_eq!((finished.index, finished.id, finished.result.unwrap()), (index, ids[index], index));
            assert!(done.handles().all(|(at, handle)| gates[at].is_some() && handle.id() == ids[at]));
        }
        assert!(done.is_empty() && done.is_terminated() && done.handles().next().is_none());
        assert!(
            done.next().await.is_none() && futures_util::StreamExt::next(&mut done).await.is_none(),
            "the end stays the end"
        );
        balanced(&yard).await;
    });
}

#[test]
fn what_has_ended_before_comes_at_once_and_in_the_order_of_the_handles() {
    on_runtime(async {
        let yard = Scheduler::new();
        let mut handles = Vec::new();
        for number in 0..100 {
            handles.push(yard.cpu().submit(move || number).await.unwrap());
        }
        wait_for_async("all have ended", SOON, || handles.iter().all(Handle::is_finished)).await;
        let all: Vec<_> = soon(as_completed(handles).map(indexed).collect::<Vec<_>>()).await;
        assert_eq!(all, (0..100).map(|number| (number, number)).collect::<Vec<_>>());
        assert!(as_completed(Vec::<Handle<()>>::new()).next().await.is_none(), "none of none");
        balanced(&yard).await;
    });
}

#[test]
fn every_way_to_end_is_a_result() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).build().unwrap();
        let (started, has_started) = mpsc::channel();
        let (open, shut) = mpsc::channel::<()>();
        let busy = yard.cpu().submit(move || {
            started.send(()).unwrap();
            shut.recv().is_err()
        });
        let busy = busy.await.unwrap();
        has_started.recv().unwrap();
        let io = yard.io();
        let handles: Vec<Handle<bool>> = vec![
            busy,
            io.submit(async { true }).await.unwrap(),
            io.task("fails").fallible().submit(async { Err::<bool, _>("no") }).await.unwrap(),
            io.submit(async { std::panic::resume_unwind(Box::new("on purpose")) }).await.unwrap(),
            io.submit(pending()).await.unwrap(),
            io.task("late").timeout(Duration::ZERO).submit(pending()).await.unwrap(),
            yard.cpu().submit(|| true).await.unwrap(),
        ];
        assert!(handles[4].cancel() && handles[6].cancel() && handles[0].abort());
        let mut all: Vec<_> = soon(as_completed(handles).map(kind).collect()).await;
        all.sort_unstable_by_key(|&(index, _)| index);
        let kinds =
            [Err(Abandoned), Ok(true), Err(Failed), Err(Panicked), Err(Cancelled), Err(TimedOut), Err(Cancelled)];
        assert_eq!(all, kinds.into_iter().enumerate().collect::<Vec<_>>());
        drop(open);
        balanced(&yard).await;
    });
}

#[test]
fn dropping_it_drops_the_handles() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (gate, opens) = oneshot::channel::<()>();
        let ran = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ran);
        let detached = async move {
            opens.await.unwrap();
            told.store(true, Ordering::SeqCst);
        };
        let detached = yard.io().submit(detached).await.unwrap();
        let aborted = yard.io().submit(pending()).await.unwrap().abort_on_drop();
        let mut done = as_completed([detached, aborted]);
        assert!(soon(done.next_timeout(Duration::ZERO)).await.is_none() && done.len() == 2);
        drop(done);
        gate.send(()).unwrap();
        let report = soon(yard.shutdown().drain_for(SOON)).await;
        assert_eq!((report.total.completed, report.total.cancelled), (1, 1), "{report}");
        assert!(ran.load(Ordering::SeqCst) && report.balances());
    });
}

#[test]
fn a_result_that_was_given_leaves_nothing_to_abort_or_to_detach() {
    on_runtime(async {
        let yard = Scheduler::new();
        let failed = yard.cpu().submit::<_, ()>(|| std::panic::resume_unwind(Box::new("on purpose"))).await.unwrap();
        let mut done = as_completed([failed.abort_on_drop()]);
        assert!(soon(done.next()).await.unwrap().result.unwrap_err().is_panic());
        drop(done);
        let report = yard.shutdown().await;
        assert!(report.balances() && report.unobserved_failures() == 0, "{report}");
    });
}

#[test]
fn a_wait_that_is_given_up_loses_nothing() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (gates, handles) = gated(&yard, 2).await;
        let mut done = as_completed(handles);
        for gate in gates {
            for _ in 0..3 {
                let mut next = Box::pin(done.next());
                assert!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
            gate.send(()).unwrap();
            let handle = done.handles().map(|(_, handle)| handle).next().unwrap();
            wait_for_async("it has ended", SOON, || handle.is_finished()).await;
            assert!(soon(done.next()).await.is_some());
        }
        assert!(done.is_empty());
        balanced(&yard).await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_limit_passes_and_what_is_left_is_still_there() {
    let yard = Scheduler::new();
    let (mut gates, handles) = gated(&yard, 2).await;
    let mut done = as_completed(handles);
    let before = tokio::time::Instant::now();
    assert!(done.next_timeout(Duration::from_secs(3)).await.is_none() && !done.is_empty());
    assert_eq!(before.elapsed(), Duration::from_secs(3));
    gates.remove(1).send(()).unwrap();
    assert_eq!(done.next_timeout(Duration::from_secs(3)).await.map(indexed), Some((1, 1)));
    assert_eq!(before.elapsed(), Duration::from_secs(3));
    gates.remove(0).send(()).unwrap();
    assert_eq!(done.next().await.map(indexed), Some((0, 0)));
    assert!(done.next_timeout(Duration::MAX).await.is_none() && done.is_empty());
    balanced(&yard).await;
}

#[test]
fn plain_threads_wait_without_a_runtime() {
    let yard = Scheduler::standalone().unwrap();
    let (open, shut) = mpsc::channel::<()>();
    let slow = yard.blocking().blocking_submit(move || shut.recv().map_or(0, |()| 1)).unwrap();
    let quick = (2..10).map(|number| yard.cpu().blocking_submit(move || number).unwrap());
    let mut done = as_completed([slow].into_iter().chain(quick));
    let first: usize = done.blocking_iter().take(8).map(|finished| finished.result.unwrap()).sum();
    assert_eq!((first, done.blocking_iter().len()), ((2..10).sum(), 1));
    assert!(done.blocking_next_timeout(Duration::from_millis(1)).is_none() && !done.is_empty());
    open.send(()).unwrap();
    assert_eq!(done.blocking_next_timeout(SOON).map(indexed), Some((0, 1)));
    assert!(done.blocking_next().is_none() && done.blocking_next_timeout(SOON).is_none());
    assert!(yard.shutdown().blocking_join().balances());
}

#[test]
#[should_panic(expected = "after it gave its result")]
fn a_handle_that_gave_its_result_is_refused() {
    on_runtime(async {
        let yard = Scheduler::new();
        let mut handle = yard.io().submit(async {}).await.unwrap();
        soon(&mut handle).await.unwrap();
        drop(as_completed([handle]));
    });
}

const MANY: u64 = 50;

#[test]
fn a_future_waits_for_tasks_of_its_own_full_lane() {
    on_runtime(async {
        let yard = narrow(100);
        let inner = yard.clone();
        let waits = yard.io().submit(async move {
            let mut handles = Vec::new();
            for number in 0..MANY {
                handles.push(inner.io().submit(async move { number }).await.unwrap());
            }
            let mut done = as_completed(handles);
            let mut sum = 0;
            while let Some(finished) = done.next().await {
                sum += finished.result.unwrap();
            }
            sum
        });
        assert_eq!(soon(waits.await.unwrap()).await.unwrap(), (0..MANY).sum());
        balanced(&yard).await;
    });
}

#[test]
fn closures_wait_for_tasks_of_their_own_full_lane() {
    on_runtime(async {
        let yard = narrow(100);
        let inner = yard.clone();
        let on_cpu = yard.cpu().submit(move || {
            let handles = (0..MANY).map(|number| inner.cpu().blocking_submit(move || number).unwrap());
            as_completed(handles).blocking_iter().map(|finished| finished.result.unwrap()).sum::<u64>()
        });
        let inner = yard.clone();
        let on_blocking = yard.blocking().submit(move || {
            let handles = (0..MANY).map(|number| inner.blocking().blocking_submit(move || number).unwrap());
            as_completed(handles).blocking_iter().map(|finished| finished.result.unwrap()).sum::<u64>()
        });
        let (on_cpu, on_blocking) = (on_cpu.await.unwrap(), on_blocking.await.unwrap());
        assert_eq!(soon(on_cpu).await.unwrap(), (0..MANY).sum());
        assert_eq!(soon(on_blocking).await.unwrap(), (0..MANY).sum());
        balanced(&yard).await;
    });
}

#[test]
fn a_task_that_needs_the_waiters_slot_is_seen_behind_many_that_do_not() {
    on_runtime(async {
        let yard = Scheduler::builder().io(Lane::io().limit(100)).cpu(Lane::cpu().threads(1)).build().unwrap();
        let (gates, mut handles) = gated(&yard, 30).await;
        let inner = yard.clone();
        let waits = yard.cpu().submit(move || {
            // It can run in the stack of this one, and nowhere else.
            handles.push(inner.cpu().blocking_submit(|| 30).unwrap());
            let mut done = as_completed(handles);
            let first = done.blocking_next().map(indexed);
            open(gates);
            (first, done.blocking_iter().map(|finished| finished.result.unwrap()).sum::<usize>())
        });
        assert_eq!(soon(waits.await.unwrap()).await.unwrap(), (Some((30, 30)), (0..30).sum()));
        balanced(&yard).await;
    });
}

#[test]
fn two_full_lanes_that_wait_for_each_other_crosswise_go_on() {
    on_runtime(async {
        let yard = narrow(100);
        let (inner, further) = (yard.clone(), yard.clone());
        let waits = yard.io().submit(async move {
            let mut handles = Vec::new();
            for _ in 0..10 {
                let further = further.clone();
                let task = move || {
                    let handles = (0..3).map(|n| further.io().blocking_submit(async move { n }).unwrap());
                    as_completed(handles).blocking_iter().map(|finished| finished.result.unwrap()).sum::<i32>()
                };
                handles.push(inner.cpu().submit(task).await.unwrap());
            }
            as_completed(handles).map(|finished| finished.result.unwrap()).collect::<Vec<_>>().await
        });
        assert_eq!(soon(waits.await.unwrap()).await.unwrap(), [3; 10]);
        balanced(&yard).await;
    });
}

#[test]
fn a_stolen_part_of_a_task_waits_for_tasks_of_the_lane() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(2)).build().unwrap();
        let stolen = Arc::new(AtomicBool::new(false));
        let inner = yard.clone();
        let task = yard.cpu().submit(move || {
            let wait_until_stolen = || wait_for("the other part is stolen", SOON, || stolen.load(Ordering::SeqCst));
            let other_part = || {
                stolen.store(true, Ordering::SeqCst);
                let handles = (0..20).map(|number| inner.cpu().blocking_submit(move || number).unwrap());
                as_completed(handles).blocking_iter().map(|finished| finished.result.unwrap()).sum::<u64>()
            };
            // Both parts wait for more than the other's end: the first for what the second runs.
            let done = Arc::new(AtomicBool::new(false));
            let is_done = Arc::clone(&done);
            let first = move || {
                wait_until_stolen();
                wait_for("the other part is done", SOON, || is_done.load(Ordering::SeqCst));
            };
            let second = move || {
                let sum = other_part();
                done.store(true, Ordering::SeqCst);
                sum
            };
            rayon::join(first, second).1
        });
        assert_eq!(soon(task.await.unwrap()).await.unwrap(), (0..20).sum());
        balanced(&yard).await;
    });
}

/// The handle of a task, for another that begins before there is one.
struct Place<T>(Arc<Mutex<Option<Handle<T>>>>);

impl<T> Place<T> {
    fn new() -> (Self, Self) {
        let place = Arc::default();
        (Self(Arc::clone(&place)), Self(place))
    }

    fn put(&self, handle: Handle<T>) {
        *self.0.lock().unwrap() = Some(handle);
    }

    async fn take(self) -> Handle<T> {
        let mut taken = None;
        wait_for_async("it is put there", SOON, || {
            taken = taken.take().or_else(|| self.0.lock().unwrap().take());
            taken.is_some()
        })
        .await;
        taken.unwrap()
    }
}

fn is_told<T>(result: &Result<T, TaskError>) -> usize {
    usize::from(result.as_ref().is_err_and(|error| error.kind() == TaskErrorKind::WouldDeadlock))
}

#[test]
fn of_a_circle_exactly_one_is_told() {
    on_runtime(async {
        let yard = Scheduler::new();
        for _ in 0..100 {
            let (told, (put, own)) = (Arc::new(AtomicUsize::new(0)), Place::new());
            let tell = Arc::clone(&told);
            let one = yard.io().submit(async move {
                tell.fetch_add(is_told(&own.take().await.await), Ordering::SeqCst);
            });
            let (one, tell) = (one.await.unwrap(), Arc::clone(&told));
            let other = yard.io().submit(async move {
                let first = as_completed([one]).next().await.unwrap();
                tell.fetch_add(is_told(&first.result), Ordering::SeqCst);
            });
            put.put(other.await.unwrap());
            wait_for_async("both have ended", SOON, || yard.snapshot().ledger().live() == 0).await;
            assert_eq!(told.load(Ordering::SeqCst), 1);
        }
        balanced(&yard).await;
    });
}

#[test]
fn who_waits_for_what_waits_for_it_is_told_when_nothing_else_is_left() {
    const OTHERS: usize = 20;
    on_runtime(async {
        let yard = Scheduler::new();
        // Few, all of which are looked at, and many.
        for others in [3, OTHERS] {
            let (put, own) = Place::<usize>::new();
            let (in_turn, is_begun) = oneshot::channel::<()>();
            let waits_in_turn = async move {
                let own = own.take().await;
                at_first_poll(own, || in_turn.send(()).unwrap()).await.unwrap()
            };
            let (gates, mut handles) = gated(&yard, others).await;
            handles.insert(2, yard.io().submit(waits_in_turn).await.unwrap());
            let (tell, told) = oneshot::channel();
            let waits = yard.io().submit(async move {
                is_begun.await.unwrap();
                // As a stream, whose waits stay where they are between two polls.
                let mut done = as_completed(handles);
                let first = at_first_poll(futures_util::StreamExt::next(&mut done), || open(gates)).await;
                let mut all = vec![kind(first.unwrap())];
                while let Some(finished) = futures_util::StreamExt::next(&mut done).await {
                    all.push(kind(finished));
                }
                tell.send(all).unwrap();
                100
            });
            put.put(waits.await.unwrap());
            let all = soon(told).await.unwrap();
            assert_eq!((all.len(), all.last()), (others + 1, Some(&(2, Err(TaskErrorKind::WouldDeadlock)))));
            assert!(all[..others].iter().all(|(_, result)| result.is_ok()));
        }
        balanced(&yard).await;
    });
}

#[test]
fn a_wait_that_is_given_up_is_no_wait() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (put, own) = Place::<u32>::new();
        let (begin, begins) = oneshot::channel::<()>();
        let (in_turn, is_begun) = oneshot::channel::<()>();
        let other = yard.io().submit(async move {
            let own = own.take().await;
            begins.await.unwrap();
            at_first_poll(own, || in_turn.send(()).unwrap()).await.unwrap()
        });
        let other = other.await.unwrap();
        let waiter = yard.io().submit(async move {
            let mut done = as_completed([other]);
            assert!(done.next_timeout(Duration::from_millis(1)).await.is_none());
            begin.send(()).unwrap();
            is_begun.await.unwrap();
            7
        });
        put.put(waiter.await.unwrap());
        wait_for_async("both have ended", SOON, || yard.snapshot().ledger().live() == 0).await;
        let report = balanced(&yard).await;
        assert_eq!((report.total.completed, report.total.accepted), (2, 2), "{report}");
    });
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn who_polls_last_is_woken() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (gates, handles) = gated(&yard, 3).await;
        let mut done: AsCompleted<usize> = as_completed(handles);
        let (first, last) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
        for waker in [&first, &last, &last] {
            let waker = Waker::from(Arc::clone(waker));
            assert!(done.poll_next_unpin(&mut Context::from_waker(&waker)).is_pending());
        }
        let before = (first.0.load(Ordering::SeqCst), last.0.load(Ordering::SeqCst));
        open(gates);
        wait_for_async("the last is woken", SOON, || last.0.load(Ordering::SeqCst) > before.1).await;
        assert_eq!(first.0.load(Ordering::SeqCst), before.0);
        let Poll::Ready(Some(_)) = done.poll_next_unpin(&mut Context::from_waker(Waker::noop())) else {
            panic!("nothing came")
        };
        drop(done);
        balanced(&yard).await;
    });
}
