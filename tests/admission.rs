//! Getting in and getting a turn: room, the line for it, the order of what waits, the limit on what runs.
#![cfg(test)]

#[path = "common/run.rs"]
mod run;

use std::cell::Cell;
use std::future::{Future, IntoFuture, pending};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use rayon::prelude::*;
use tokio::sync::{oneshot, watch};
use workyard::{
    CpuLane, Handle, IoLane, Lane, LaneCounts, Order, Priority, Reason, Scheduler, TaskContext, TaskStatus,
};
use workyard_testkit::{DropCounter, Gauge, Rng, wait_for, wait_for_async};

use run::{SOON, on_runtime, soon};

fn counts(yard: &Scheduler, lane: &str) -> LaneCounts {
    yard.snapshot().lane(lane).unwrap().counts
}

/// An io lane with one slot, `queue` places and this order, whose slot is taken until the sender says so.
async fn held(queue: usize, order: Order) -> (Scheduler, oneshot::Sender<()>) {
    let io = Lane::io().limit(1).queue(queue).order(order);
    let yard = Scheduler::builder().io(io).cpu(Lane::cpu().threads(1)).build().unwrap();
    let (open, shut) = oneshot::channel::<()>();
    drop(yard.io().submit(async { drop(shut.await) }).await.unwrap());
    (yard, open)
}

/// What is written down in the order in which it happens.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<usize>>>);

impl Diary {
    fn note(&self, entry: usize) -> impl Future<Output = ()> + Send + 'static {
        let diary = self.clone();
        async move { diary.0.lock().unwrap().push(entry) }
    }

    fn read(&self) -> Vec<usize> {
        self.0.lock().unwrap().clone()
    }
}

async fn ends(yard: &Scheduler, lane: &str) {
    soon(wait_for_async("all end", SOON, || counts(yard, lane).ledger.live() == 0)).await;
}

fn is_pending<F: Future>(future: Pin<&mut F>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

#[test]
fn a_full_lane_gives_the_work_back_and_counts_it() {
    on_runtime(async {
        let (yard, open) = held(2, Order::Fifo).await;
        let payloads = DropCounter::new();
        let queued: Vec<Handle<u8>> = (0..2).map(|n| yard.io().try_submit(async move { n }).unwrap()).collect();
        let held = payloads.payload();
        let full = yard.io().try_submit(async move { drop(held) }).unwrap_err();
        assert!(full.is_full() && !full.is_closed() && full.to_string() == "lane io is full");
        assert_eq!((payloads.alive(), counts(&yard, "io").refused, counts(&yard, "io").ledger.accepted), (1, 1, 3));
        let work = full.into_inner();
        drop(open);
        for handle in queued {
            assert!(soon(handle).await.unwrap() < 2);
        }
        soon(yard.io().run(work)).await.unwrap();
        assert_eq!(payloads.alive(), 0);
    });
}

#[test]
fn a_try_may_see_its_own_task() {
    on_runtime(async {
        let (yard, _shut) = held(0, Order::Fifo).await;
        let name = |ctx: TaskContext| async move { ctx.name().map(str::to_owned) };
        assert!(yard.io().try_submit_with(name).unwrap_err().is_full());
        let counting = yard.cpu().task("counting").try_submit_with(|ctx| {
            while !ctx.is_cancelled() {
                thread::yield_now();
            }
            (ctx.name().map(str::to_owned), ctx.reason())
        });
        let counting = counting.unwrap();
        soon(wait_for_async("it runs", SOON, || counting.status() == TaskStatus::Running)).await;
        assert!(counting.cancel());
        assert_eq!(soon(counting).await.unwrap(), (Some("counting".to_owned()), Some(Reason::User)));
        soon(yard.shutdown().drain_for(Duration::ZERO).into_future()).await;
        assert!(yard.io().try_submit_with(name).unwrap_err().is_closed());
    });
}

#[test]
fn without_a_queue_a_task_runs_at_once_or_is_refused() {
    on_runtime(async {
        let (yard, open) = held(0, Order::Fifo).await;
        assert!(yard.io().try_submit(async {}).unwrap_err().is_full());
        let mut waiting = pin!(yard.io().submit(async { 1 }));
        assert!(is_pending(waiting.as_mut()));
        drop(open);
        assert_eq!(soon(soon(waiting).await.unwrap()).await.unwrap(), 1);
    });
}

#[test]
fn a_thousand_waiting_submitters_may_go_again() {
    on_runtime(async {
        let (yard, open) = held(1, Order::Fifo).await;
        let payloads = DropCounter::new();
        drop(yard.io().submit(async {}).await.unwrap());
        for round in 0..3 {
            let mut waiting: Vec<_> = (0..1_000).map(|_| Box::pin(yard.io().submit(hold(&payloads)))).collect();
            assert!(waiting.iter_mut().all(|submit| is_pending(submit.as_mut())));
            assert_eq!(counts(&yard, "io").submitters, 1_000);
            // From the front, the back, and all over.
            match round {
                0 => waiting.drain(..).for_each(drop),
                1 => waiting.drain(..).rev().for_each(drop),
                _ => Rng::new(1).shuffle(&mut waiting),
            }
            drop(waiting);
            assert_eq!((counts(&yard, "io").submitters, payloads.alive()), (0, 0));
        }
        let last = yard.io().submit(async { 5 });
        drop(open);
        assert_eq!(soon(soon(last).await.unwrap()).await.unwrap(), 5);
        assert_eq!(counts(&yard, "io").ledger.accepted, 3);
    });
}

fn hold(payloads: &DropCounter) -> impl Future<Output = ()> + Send + 'static {
    let held = payloads.payload();
    async move { drop(held) }
}

#[test]
fn waiting_submitters_are_served_in_order_and_not_overtaken() {
    on_runtime(async {
        let (yard, open) = held(1, Order::Fifo).await;
        let diary = Diary::default();
        drop(yard.io().submit(diary.note(0)).await.unwrap());
        let mut waiting: Vec<_> = (1..=100).map(|n| Some(Box::pin(yard.io().submit(diary.note(n))))).collect();
        assert!(waiting.iter_mut().flatten().all(|submit| is_pending(submit.as_mut())));
        // Some go again, from the middle, also one whose turn has come.
        for n in [50, 51, 98] {
            waiting[n] = None;
        }
        drop(open);
        soon(wait_for_async("the first is promised a place", SOON, || counts(&yard, "io").promised > 0)).await;
        assert!(yard.io().try_submit(async {}).unwrap_err().is_full(), "a promised place is taken");
        waiting[0] = None;
        let waiting: Vec<_> = waiting.into_iter().flatten().collect();
        for (left, submit) in (1..=waiting.len()).rev().zip(waiting) {
            // The lane has a slot and a place; the last in line may find one of them promised and the other free.
            if left >= 2 {
                assert!(yard.io().try_submit(async {}).is_err_and(|refused| refused.is_full()));
            }
            drop(soon(submit).await.unwrap());
        }
        ends(&yard, "io").await;
        let expected: Vec<usize> = (0..=100).filter(|n| ![1, 51, 52, 99].contains(n)).collect();
        assert_eq!(diary.read(), expected);
        let counts = counts(&yard, "io");
        assert_eq!((counts.submitters, counts.promised), (0, 0));
    });
}

#[test]
fn the_place_of_a_cancelled_task_goes_to_who_waits_for_one() {
    on_runtime(async {
        let (yard, open) = held(1, Order::Fifo).await;
        let queued = yard.io().submit(async {}).await.unwrap();
        let cancel = async {
            wait_for_async("one waits", SOON, || counts(&yard, "io").submitters == 1).await;
            queued.cancel();
        };
        // Woken, though what runs goes on.
        let (accepted, ()) = tokio::join!(soon(yard.io().submit(async { 9 })), cancel);
        let accepted = accepted.unwrap();
        assert_eq!((counts(&yard, "io").ledger.running, accepted.status()), (1, TaskStatus::Queued));
        drop(open);
        assert_eq!(soon(accepted).await.unwrap(), 9);
    });
}

#[test]
fn submitters_are_refused_once_each_and_get_their_work_back() {
    on_runtime(async {
        let (yard, _open) = held(0, Order::Fifo).await;
        let payloads = DropCounter::new();
        let mut waiting: Vec<_> = (0..10).map(|_| Box::pin(yard.io().submit(hold(&payloads)))).collect();
        assert!(waiting.iter_mut().all(|submit| is_pending(submit.as_mut())));
        let late = yard.io().submit_timeout(Duration::from_millis(5), hold(&payloads)).await.unwrap_err();
        assert!(late.is_timeout() && late.to_string() == "lane io had no room in time");
        assert_eq!((payloads.alive(), counts(&yard, "io").refused, counts(&yard, "io").submitters), (11, 1, 10));
        drop(late);
        drop(yard.shutdown().drain_for(Duration::ZERO).await);
        for submit in waiting {
            assert!(soon(submit).await.unwrap_err().is_closed());
        }
        assert!(yard.io().submit(hold(&payloads)).await.unwrap_err().is_closed());
        assert!(yard.io().try_submit(hold(&payloads)).unwrap_err().is_closed());
        assert!(yard.io().run(hold(&payloads)).await.unwrap_err().id().is_none());
        assert_eq!((payloads.alive(), counts(&yard, "io").refused), (0, 1 + 10 + 3));
    });
}

#[test]
fn each_order_starts_what_it_says() {
    on_runtime(async {
        for (order, expected) in [(Order::Fifo, [0, 1, 2, 3, 4, 5]), (Order::Lifo, [5, 4, 3, 2, 1, 0])] {
            let (yard, open) = held(8, order).await;
            let diary = Diary::default();
            for n in 0..6 {
                drop(yard.io().submit(diary.note(n)).await.unwrap());
            }
            drop(open);
            ends(&yard, "io").await;
            assert_eq!(diary.read(), expected, "{order:?}");
        }
    });
}

#[test]
fn priority_goes_first_and_equals_keep_their_order() {
    on_runtime(async {
        let (yard, open) = held(16, Order::Priority).await;
        let diary = Diary::default();
        let levels = [Priority::LOW, Priority::HIGHEST, Priority::NORMAL, Priority::HIGH, Priority::LOWEST];
        for (n, &priority) in levels.iter().chain(&levels).chain(&levels).enumerate() {
            drop(yard.io().task("level").priority(priority).submit(diary.note(n)).await.unwrap());
        }
        drop(open);
        ends(&yard, "io").await;
        assert_eq!(diary.read(), [1, 6, 11, 3, 8, 13, 2, 7, 12, 0, 5, 10, 4, 9, 14]);
    });
}

#[test]
fn a_task_cancelled_anywhere_in_the_queue_leaves_the_order_of_the_rest() {
    on_runtime(async {
        for order in [Order::Fifo, Order::Lifo, Order::Priority] {
            let (yard, open) = held(10, order).await;
            let diary = Diary::default();
            let mut queued = Vec::new();
            for n in 0..10 {
                queued.push(yard.io().submit(diary.note(n)).await.unwrap());
            }
            for (freed, n) in [0, 5, 9].into_iter().enumerate() {
                assert!(queued[n].cancel());
                // Its place is free at once: the lane takes one more, and only one.
                let more: Vec<_> = (0..=freed).map(|_| yard.io().try_submit(diary.note(100)).unwrap()).collect();
                assert!(yard.io().try_submit(async {}).is_err());
                assert!(more.into_iter().all(|more| more.cancel()));
            }
            drop(open);
            ends(&yard, "io").await;
            let mut expected = vec![1, 2, 3, 4, 6, 7, 8];
            if order == Order::Lifo {
                expected.reverse();
            }
            assert_eq!(diary.read(), expected, "{order:?}");
        }
    });
}

/// A flood of urgent work, a new one each time that one ends, and in it one task of the lowest priority.
#[tokio::test(start_paused = true)]
async fn waiting_makes_urgent() {
    let io = Lane::io().limit(1).queue(64).order(Order::Priority).ageing(Duration::from_secs(1));
    let yard = Scheduler::builder().io(io).cpu(Lane::cpu().threads(1)).build().unwrap();
    let work = || async { tokio::time::sleep(Duration::from_millis(50)).await };
    let mut flood = Vec::new();
    for _ in 0..10 {
        flood.push(yard.io().task("urgent").priority(Priority::HIGHEST).submit(work()).await.unwrap());
    }
    let began = tokio::time::Instant::now();
    let low = yard.io().task("low").priority(Priority::LOWEST).submit(async {}).await.unwrap();
    let low = tokio::spawn(low);
    while !low.is_finished() && began.elapsed() < Duration::from_mins(1) {
        flood.remove(0).await.unwrap();
        flood.push(yard.io().task("urgent").priority(Priority::HIGHEST).submit(work()).await.unwrap());
    }
    // Four levels at a second each, then the ten that stood there before.
    let waited = began.elapsed();
    low.await.unwrap().unwrap();
    assert!((Duration::from_secs(4)..Duration::from_secs(5)).contains(&waited), "it waited {waited:?}");
}

#[test]
fn no_more_run_at_once_than_the_limit_says() {
    on_runtime(async {
        let builder = Scheduler::builder().io(Lane::io().limit(3).queue(8)).cpu(Lane::cpu().threads(2).queue(8));
        let yard = builder.blocking(Lane::blocking().limit(3).queue(8)).build().unwrap();
        let gauges: [Gauge; 3] = std::array::from_fn(|_| Gauge::new());
        for _ in 0..500 {
            let [on_io, on_cpu, on_blocking] = gauges.clone();
            drop(yard.io().submit(async move { visit(&on_io).await }).await.unwrap());
            drop(yard.cpu().submit(move || visit_now(&on_cpu)).await.unwrap());
            drop(yard.blocking().submit(move || visit_now(&on_blocking)).await.unwrap());
            for lane in yard.snapshot().lanes {
                let counts = lane.counts;
                let waiting = usize::try_from(counts.ledger.queued).unwrap();
                assert!(counts.occupied <= counts.limit, "{counts:?}");
                assert!(counts.occupied + waiting + counts.promised <= counts.limit + counts.queue, "{counts:?}");
            }
        }
        for (lane, (gauge, limit)) in ["io", "cpu", "blocking"].into_iter().zip(gauges.iter().zip([3, 2, 3])) {
            ends(&yard, lane).await;
            assert!(gauge.now() == 0 && gauge.max() <= limit, "{} on {lane}", gauge.max());
        }
    });
}

#[test]
fn as_many_run_at_once_as_the_limit_says() {
    on_runtime(async {
        let builder = Scheduler::builder().io(Lane::io().limit(3)).cpu(Lane::cpu().threads(3));
        let yard = builder.blocking(Lane::blocking().limit(3)).build().unwrap();
        // Each goes on only once all three are there.
        let meet = Arc::new(tokio::sync::Barrier::new(3));
        let (on_cpu, on_blocking) = (Arc::new(Barrier::new(3)), Arc::new(Barrier::new(3)));
        for _ in 0..50 {
            let mut all = Vec::new();
            for _ in 0..3 {
                let (meet, on_cpu, on_blocking) = (Arc::clone(&meet), Arc::clone(&on_cpu), Arc::clone(&on_blocking));
                all.push(yard.io().submit(async move { meet.wait().await.is_leader() }).await.unwrap());
                all.push(yard.cpu().submit(move || on_cpu.wait().is_leader()).await.unwrap());
                all.push(yard.blocking().submit(move || on_blocking.wait().is_leader()).await.unwrap());
            }
            let mut leaders = 0;
            for handle in all {
                leaders += usize::from(soon(handle).await.unwrap());
            }
            assert_eq!(leaders, 3, "one of each three");
        }
    });
}

async fn visit(gauge: &Gauge) {
    let _inside = gauge.enter();
    tokio::task::yield_now().await;
}

fn visit_now(gauge: &Gauge) {
    let _inside = gauge.enter();
    (0..20).for_each(|_| thread::yield_now());
}

#[test]
fn plain_threads_and_threads_of_rayon_may_submit() {
    on_runtime(async {
        let yard = Scheduler::builder().io(Lane::io().limit(1).queue(1)).cpu(Lane::cpu().threads(1).queue(1)).build();
        let yard = yard.unwrap();
        let sum = tokio::task::spawn_blocking({
            let yard = yard.clone();
            move || {
                let plain = thread::spawn(move || {
                    let handles: Vec<_> = (0..20_u64).map(|n| yard.cpu().blocking_submit(move || n).unwrap()).collect();
                    let sum = handles.into_iter().map(|handle| handle.blocking_join().unwrap()).sum::<u64>();
                    // The global pool is the user's own, and works for the user.
                    let from_rayon =
                        (0..20_u64).into_par_iter().map(|n| yard.io().blocking_run(async move { n }).unwrap());
                    sum + from_rayon.sum::<u64>()
                });
                plain.join().unwrap()
            }
        });
        assert_eq!(soon(sum).await.unwrap(), 380);
    });
}

/// Submits when it is dropped.
struct Parting(IoLane, Arc<AtomicUsize>);

impl Drop for Parting {
    fn drop(&mut self) {
        let count = Arc::clone(&self.1);
        let submitted = self.0.try_submit(async move { count.fetch_add(1, Ordering::SeqCst) });
        drop(submitted);
    }
}

#[test]
fn a_drop_may_submit_wherever_it_happens() {
    on_runtime(async {
        let (yard, open) = held(8, Order::Fifo).await;
        let ran = Arc::new(AtomicUsize::new(0));
        let parting = || Parting(yard.io().clone(), Arc::clone(&ran));
        let (queued, running, output) = (parting(), parting(), parting());
        let cancelled = yard.io().submit(async move { drop(queued) }).await.unwrap();
        cancelled.cancel();
        drop(open);
        drop(yard.io().submit(async move { output }).await.unwrap());
        let stopped = yard.io().submit(async move {
            let _running = running;
            pending::<()>().await;
        });
        let stopped = stopped.await.unwrap();
        soon(wait_for_async("it runs", SOON, || stopped.status() == TaskStatus::Running)).await;
        stopped.abort();
        soon(wait_for_async("all three submitted", SOON, || ran.load(Ordering::SeqCst) == 3)).await;
    });
}

#[test]
fn a_runtime_that_only_submitted_may_go() {
    on_runtime(async {
        let yard = Scheduler::builder().io(Lane::io().limit(1)).cpu(Lane::cpu().threads(1)).build().unwrap();
        let (open, mut shut) = watch::channel(false);
        let there = yard.clone();
        let submitted = thread::spawn(move || {
            let other = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            other.block_on(async {
                let waits = async move { shut.changed().await.is_ok() };
                (there.io().submit(waits).await.unwrap(), there.cpu().submit(|| 2).await.unwrap())
            })
        });
        let (io, cpu) = submitted.join().unwrap();
        open.send(true).unwrap();
        assert!(soon(io).await.unwrap() && soon(cpu).await.unwrap() == 2);
    });
}

#[test]
fn no_wake_up_is_lost_between_a_foreign_thread_and_an_idle_lane() {
    const ROUNDS: usize = 20_000;
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(2)).build().unwrap();
        let rounds = tokio::task::spawn_blocking(move || {
            for round in 0..ROUNDS {
                let (done, told) = mpsc::channel();
                if round % 2 == 0 {
                    drop(yard.cpu().try_submit(move || done.send(round)).unwrap());
                } else {
                    drop(yard.io().try_submit(async move { done.send(round) }).unwrap());
                }
                assert_eq!(told.recv_timeout(SOON).expect("it starts"), round);
            }
        });
        rounds.await.unwrap();
    });
}

thread_local! {
    /// How many pieces of work of a task this thread is in the middle of.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Does `work` as a piece of a task: whatever else starts on this thread meanwhile starts within it.
fn piece<T>(work: impl FnOnce() -> T) -> T {
    DEPTH.set(DEPTH.get() + 1);
    let done = work();
    DEPTH.set(DEPTH.get() - 1);
    done
}

/// A tree of `rayon::join`s, each of which waits for both of its halves.
fn tree(depth: usize) -> u64 {
    if depth == 0 {
        thread::yield_now();
        return 1;
    }
    let (left, right) = rayon::join(|| piece(|| tree(depth - 1)), || piece(|| tree(depth - 1)));
    left + right
}

async fn storm_of_joins(lane: &CpuLane, work: fn() -> u64) -> usize {
    let nested = Arc::new(AtomicUsize::new(0));
    let mut handles = Vec::new();
    for _ in 0..500 {
        let nested = Arc::clone(&nested);
        let task = move || {
            nested.fetch_add(usize::from(DEPTH.get() > 0), Ordering::SeqCst);
            piece(work)
        };
        handles.push(lane.submit(task).await.unwrap());
    }
    for handle in handles {
        assert_eq!(soon(handle).await.unwrap(), 64);
    }
    nested.load(Ordering::SeqCst)
}

#[test]
fn no_task_runs_in_the_stack_of_another_that_waits_for_its_own_parts() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(3).queue(64)).build().unwrap();
        assert_eq!(storm_of_joins(yard.cpu(), || tree(6)).await, 0);
        let by_iterator = || (0..64_u32).into_par_iter().with_max_len(1).map(|_| tree(0)).sum();
        assert_eq!(storm_of_joins(yard.cpu(), by_iterator).await, 0);
    });
}

/// Where a thread that waits for its parts takes any job, it may take one that waits for the very lock it holds.
#[test]
fn a_lock_held_over_parallel_work_stops_nobody_for_ever() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(3).queue(64)).build().unwrap();
        let sum = Arc::new(Mutex::new(0));
        // Few at a time, so that threads without a task help with the parts when the next one comes.
        for _ in 0..200 {
            let mut handles = Vec::new();
            for _ in 0..3 {
                let sum = Arc::clone(&sum);
                let task = move || {
                    let mut held = sum.lock().unwrap();
                    *held += tree(6);
                };
                handles.push(yard.cpu().submit(task).await.unwrap());
                tokio::task::yield_now().await;
            }
            for handle in handles {
                soon(handle).await.unwrap();
            }
        }
        assert_eq!(*sum.lock().unwrap(), 200 * 3 * 64);
    });
}

#[test]
fn a_waiter_that_goes_leaves_its_closure_to_end_and_its_slot_to_come_back() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).build().unwrap();
        let (open, shut) = mpsc::channel::<()>();
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        let mut run = Box::pin(yard.cpu().task("left").submit(move || {
            let _closed = shut.recv();
            told.store(true, Ordering::SeqCst);
        }));
        let Poll::Ready(handle) = run.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { panic!("no room") };
        drop(handle);
        wait_for("it runs", SOON, || counts(&yard, "cpu").occupied == 1);
        drop(open);
        ends(&yard, "cpu").await;
        assert!(ended.load(Ordering::SeqCst) && counts(&yard, "cpu").occupied == 0);
    });
}

#[test]
fn a_loop_that_only_submits_lets_others_on_its_thread_have_their_turn() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(soon(async {
        let yard = Scheduler::builder().io(Lane::io().limit(1).queue(10_000)).build().unwrap();
        drop(yard.io().submit(pending::<()>()).await.unwrap());
        let turns = Arc::new(AtomicUsize::new(0));
        let other = {
            let turns = Arc::clone(&turns);
            tokio::spawn(async move {
                loop {
                    turns.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                }
            })
        };
        for _ in 0..10_000 {
            drop(yard.io().submit(async {}).await.unwrap());
        }
        // One in 1,024 gives way, and what was spawned is polled in between.
        assert!(turns.load(Ordering::Relaxed) >= 9, "{turns:?}");
        other.abort();
    }));
}
