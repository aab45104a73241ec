//! Tasks that run in the stack of another one, which waits for them.

use crate::common::Flag;
use crate::common::Place;
use crate::common::balanced;
use crate::common::foreign_block_on;
use crate::common::kind;
use crate::common::narrow;
use crate::run::SOON;
use crate::run::on_runtime;
use crate::run::soon;
use futures_util::future::join;
use futures_util::stream::FuturesUnordered;
use futures_util::stream::StreamExt as _;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;
use tokio::sync::oneshot;
use workyard::Handle;
use workyard::Lane;
use workyard::Scheduler;
use workyard::TaskError;
use workyard::TaskErrorKind;
use workyard_testkit::wait_for;
use workyard_testkit::wait_for_async;

#[test]
fn a_closure_that_waits_for_a_set_is_woken_by_what_is_left_of_it() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).build().unwrap();
        let (go_on, goes_on) = oneshot::channel::<()>();
        let (end, ends) = oneshot::channel::<()>();
        let inner = yard.clone();
        // Comes to need the closure's thread only once the other has left the set.
        let needs_cpu = yard.io().submit(async move {
            goes_on.await.unwrap();
            inner.cpu().run(|| 1).await.unwrap()
        });
        let only_ends = yard.io().submit(async move {
            ends.await.unwrap();
            2
        });
        let (needs_cpu, only_ends) = (needs_cpu.await.unwrap(), only_ends.await.unwrap());
        let polled = Flag::default();
        let came = Arc::new(AtomicU32::new(0));
        let (at_first, seen) = (polled.clone(), Arc::clone(&came));
        let waiter = yard.cpu().submit(move || {
            let mut set = FuturesUnordered::from_iter([needs_cpu, only_ends]);
            foreign_block_on(at_first.at_first_poll(async {
                while let Some(result) = set.next().await {
                    seen.fetch_add(result.unwrap(), Ordering::SeqCst);
                }
            }));
        });
        let waiter = waiter.await.unwrap();
        polled.raised().await;
        end.send(()).unwrap();
        wait_for_async("one has come", SOON, || came.load(Ordering::SeqCst) == 2).await;
        go_on.send(()).unwrap();
        soon(waiter).await.unwrap();
        assert_eq!(came.load(Ordering::SeqCst), 3);
        balanced(&yard).await;
    });
}

#[test]
fn a_wait_that_was_set_aside_while_another_ran_in_the_stack_counts_again_afterwards() {
    on_runtime(async {
        let yard = Scheduler::builder().io(Lane::io().limit(1)).cpu(Lane::cpu().threads(1)).build().unwrap();
        let (put_cpu, cpu_for_io) = Place::<Handle<u32>>::new();
        let (put_own, own) = Place::new();
        let io_waits = Flag::default();
        let at_first = io_waits.clone();
        let io = yard.io().submit(async move { at_first.at_first_poll(cpu_for_io.take().await).await.unwrap() });
        let io = io.await.unwrap();
        let inner = yard.clone();
        let cpu = yard.cpu().submit(move || {
            let own = own.blocking_take();
            let needs_io = inner.io().blocking_submit(async { 1 }).unwrap();
            // Runs in this stack, after the wait for the other has begun, and until the io task waits for this one.
            let in_stack = inner.cpu().blocking_submit(move || {
                put_cpu.put(own);
                wait_for("the io task waits", SOON, || io_waits.is_raised());
                2
            });
            let (first, second) = foreign_block_on(join(needs_io, in_stack.unwrap()));
            first.unwrap() + second.unwrap()
        });
        put_own.put(cpu.await.unwrap());
        assert_eq!(soon(io).await.unwrap(), 3);
        balanced(&yard).await;
    });
}

#[test]
fn a_stolen_part_of_a_task_may_wait_for_a_task_of_the_lane() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(2)).build().unwrap();
        let stolen = Flag::default();
        let inner = yard.clone();
        let task = yard.cpu().submit(move || {
            let is_stolen = stolen.clone();
            let wait_until_stolen = || wait_for("the other part is stolen", SOON, || is_stolen.is_raised());
            let other_part = || {
                stolen.raise();
                inner.cpu().blocking_run(|| 3)
            };
            rayon::join(wait_until_stolen, other_part).1.unwrap()
        });
        assert_eq!(soon(task.await.unwrap()).await.unwrap(), 3);
        balanced(&yard).await;
    });
}

/// Submits two further ones of its kind to its own lane, and waits for neither. One that is not accepted is called where it is.
fn branch(yard: &Scheduler, called: &Arc<AtomicU32>, levels: u32) {
    // So that few are enough.
    let used = black_box([0_u8; 16 << 10]);
    called.fetch_add(1, Ordering::SeqCst);
    if levels == 0 {
        return;
    }
    for _ in 0..2 {
        let (inner, counts) = (yard.clone(), Arc::clone(called));
        match yard.cpu().blocking_submit(move || branch(&inner, &counts, levels - 1)) {
            Ok(handle) => drop(handle),
            Err(refused) => {
                assert!(refused.is_out_of_stack(), "{refused}");
                refused.into_inner()();
            }
        }
    }
    black_box(used);
}

#[test]
fn closures_that_submit_to_their_own_full_lane_are_told_before_the_stack_is_used_up() {
    const LEVELS: u32 = 11;
    on_runtime(async {
        // Each that finds the lane full runs the next one in its stack, which finds it full again.
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1).queue(128)).build().unwrap();
        let called = Arc::new(AtomicU32::new(0));
        let (inner, counts) = (yard.clone(), Arc::clone(&called));
        yard.cpu().run(move || branch(&inner, &counts, LEVELS)).await.unwrap();
        let all = (1 << (LEVELS + 1)) - 1;
        wait_for_async("all were called", SOON, || called.load(Ordering::SeqCst) == all).await;
        balanced(&yard).await;
    });
}

/// Ends what it started before it goes.
struct Guard(Option<Handle<()>>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(handle) = self.0.take() {
            handle.abort();
            assert_eq!(kind(handle.blocking_join()), Err(TaskErrorKind::Cancelled));
        }
    }
}

#[test]
fn a_drop_may_stop_a_task_and_wait_for_its_end() {
    on_runtime(async {
        let yard = narrow(4);
        let (go, wait) = mpsc::channel::<()>();
        let busy = yard.cpu().submit(move || wait.recv().unwrap()).await.unwrap();
        let guard = Guard(Some(yard.cpu().submit(|| ()).await.unwrap()));
        let holds_guard = yard.cpu().submit(move || drop(guard)).await.unwrap();
        let stopped = tokio::task::spawn_blocking(move || (holds_guard.cancel(), holds_guard));
        let (was_stopped, holds_guard) = soon(stopped).await.unwrap();
        assert!(was_stopped && soon(holds_guard).await.unwrap_err().is_cancelled());
        go.send(()).unwrap();
        soon(busy).await.unwrap();
        balanced(&yard).await;
    });
}

fn nest(yard: &Scheduler, depth: u32) -> Result<u32, TaskError> {
    if depth == 0 {
        return Ok(0);
    }
    let inner = yard.clone();
    let child = yard.cpu().blocking_submit(move || nest(&inner, depth - 1)).unwrap();
    Ok(child.blocking_join()?? + 1)
}

#[test]
fn a_thousand_closures_may_wait_within_each_other_and_too_many_are_told() {
    on_runtime(async {
        let yard = narrow(1);
        for depth in [1, 1_000] {
            let inner = yard.clone();
            assert_eq!(soon(yard.cpu().run(move || nest(&inner, depth))).await.unwrap().unwrap(), depth);
        }
        let inner = yard.clone();
        let error = soon(yard.cpu().run(move || nest(&inner, 2_000))).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), TaskErrorKind::WouldDeadlock);
        // The innermost was not awaited to its end. It nests on from the bottom of the stack, until it is told to stop.
        let report = soon(yard.shutdown().drain_for(Duration::from_secs(1))).await;
        assert!(report.balances() && report.is_clean(), "{report}");
    });
}
