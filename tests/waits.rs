//! Waits of tasks for tasks where the way to what is awaited is long: over several lanes, through sets of handles, in the stack of
//! another task, or around in a circle that closes late. Nobody hangs, and only who can never go on is told so.
#![cfg(test)]

#[path = "common/run.rs"]
mod run;

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{FutureExt as _, join, join_all, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::oneshot;
use workyard::{Group, Handle, Lane, Retry, Scheduler, TaskError, TaskErrorKind};
use workyard_testkit::{wait_for, wait_for_async};

use run::{SOON, on_runtime, soon};

fn narrow(queue: usize) -> Scheduler {
    Scheduler::builder()
        .io(Lane::io().limit(1).queue(queue))
        .cpu(Lane::cpu().threads(1).queue(queue))
        .blocking(Lane::blocking().limit(1).queue(queue))
        .build()
        .unwrap()
}

/// All handles were answered; what is left must be nothing.
async fn balanced(yard: &Scheduler) {
    let report = soon(yard.shutdown().drain_for(SOON)).await;
    assert!(report.balances() && report.is_clean(), "{report}");
    assert!(report.lanes.iter().all(|lane| lane.counts.lending == 0 && lane.counts.promised == 0), "{report:?}");
}

/// Where something is left for a task that runs already, such as its own handle.
struct Place<T>(Arc<Mutex<Option<T>>>);

impl<T> Place<T> {
    fn new() -> (Self, Self) {
        let place = Arc::default();
        (Self(Arc::clone(&place)), Self(place))
    }

    fn put(&self, value: T) {
        *self.0.lock().unwrap() = Some(value);
    }

    fn take_now(&self) -> Option<T> {
        self.0.lock().unwrap().take()
    }

    async fn take(self) -> T {
        let mut taken = None;
        wait_for_async("it is put there", SOON, || {
            taken = taken.take().or_else(|| self.take_now());
            taken.is_some()
        })
        .await;
        taken.unwrap()
    }

    fn blocking_take(self) -> T {
        let mut taken = None;
        wait_for("it is put there", SOON, || {
            taken = taken.take().or_else(|| self.take_now());
            taken.is_some()
        });
        taken.unwrap()
    }
}

#[derive(Clone, Default)]
struct Flag(Arc<AtomicBool>);

impl Flag {
    fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Polls `future`, and raises the flag after the first poll.
    async fn at_first_poll<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| {
            let polled = future.as_mut().poll(cx);
            self.raise();
            polled
        })
        .await
    }

    async fn raised(&self) {
        wait_for_async("the flag is raised", SOON, || self.is_raised()).await;
    }
}

fn kind<T>(result: Result<T, TaskError>) -> Result<T, TaskErrorKind> {
    result.map_err(|error| error.kind())
}

/// Blocks a cpu thread as foreign code would that knows nothing of this library.
fn foreign_block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Handle::current().block_on(future)
}

#[test]
fn two_lanes_that_wait_for_each_other_crosswise_go_on() {
    on_runtime(async {
        let yard = narrow(4);
        let both_run = Arc::new(Barrier::new(2));
        let (inner, met) = (yard.clone(), Arc::clone(&both_run));
        let io = yard.io().submit(async move {
            tokio::task::block_in_place(|| met.wait());
            inner.cpu().run(|| 1).await.unwrap()
        });
        let io = io.await.unwrap();
        let inner = yard.clone();
        let cpu = yard.cpu().submit(move || {
            both_run.wait();
            inner.io().blocking_run(async { 2 }).unwrap()
        });
        let cpu = cpu.await.unwrap();
        assert_eq!((soon(io).await.unwrap(), soon(cpu).await.unwrap()), (1, 2));
        balanced(&yard).await;
    });
}

#[test]
fn two_lanes_of_closures_that_wait_for_each_other_crosswise_go_on() {
    on_runtime(async {
        let yard = narrow(4);
        let both_run = Arc::new(Barrier::new(2));
        let (inner, met) = (yard.clone(), Arc::clone(&both_run));
        let blocking = yard.blocking().submit(move || {
            met.wait();
            inner.cpu().blocking_run(|| 1).unwrap()
        });
        let blocking = blocking.await.unwrap();
        let inner = yard.clone();
        let cpu = yard.cpu().submit(move || {
            both_run.wait();
            inner.blocking().blocking_run(|| 2).unwrap()
        });
        let cpu = cpu.await.unwrap();
        assert_eq!((soon(blocking).await.unwrap(), soon(cpu).await.unwrap()), (1, 2));
        balanced(&yard).await;
    });
}

#[test]
fn a_circle_of_three_full_lanes_goes_on() {
    on_runtime(async {
        let yard = narrow(4);
        let all_run = Arc::new(Barrier::new(3));
        let (inner, met) = (yard.clone(), Arc::clone(&all_run));
        let io = yard.io().submit(async move {
            tokio::task::block_in_place(|| met.wait());
            inner.cpu().run(|| 1).await.unwrap()
        });
        let io = io.await.unwrap();
        let (inner, met) = (yard.clone(), Arc::clone(&all_run));
        let cpu = yard.cpu().submit(move || {
            met.wait();
            inner.blocking().blocking_run(|| 2).unwrap()
        });
        let cpu = cpu.await.unwrap();
        let inner = yard.clone();
        let blocking = yard.blocking().submit(move || {
            all_run.wait();
            inner.io().blocking_run(async { 3 }).unwrap()
        });
        let blocking = blocking.await.unwrap();
        let ends = (soon(io).await.unwrap(), soon(cpu).await.unwrap(), soon(blocking).await.unwrap());
        assert_eq!(ends, (1, 2, 3));
        balanced(&yard).await;
    });
}

#[test]
fn who_waits_for_room_in_a_lane_that_waits_for_it_gets_room() {
    on_runtime(async {
        let yard = narrow(1);
        let both_run = Arc::new(Barrier::new(2));
        let (inner, met) = (yard.clone(), Arc::clone(&both_run));
        let io = yard.io().submit(async move {
            tokio::task::block_in_place(|| met.wait());
            let mut sum = 0;
            for n in 0..4 {
                sum += inner.cpu().submit(move || n).await.unwrap().await.unwrap();
            }
            sum
        });
        let io = io.await.unwrap();
        let inner = yard.clone();
        let cpu = yard.cpu().submit(move || {
            both_run.wait();
            inner.io().blocking_run(async { 7 }).unwrap()
        });
        let cpu = cpu.await.unwrap();
        let fills_the_queue = yard.cpu().submit(|| 9).await.unwrap();
        assert_eq!((soon(io).await.unwrap(), soon(cpu).await.unwrap()), (6, 7));
        assert_eq!(soon(fills_the_queue).await.unwrap(), 9);
        balanced(&yard).await;
    });
}

#[test]
fn a_lane_without_a_queue_has_room_for_what_its_own_task_waits_for() {
    on_runtime(async {
        let yard = narrow(0);
        let inner = yard.clone();
        let cpu = yard.cpu().run(move || inner.cpu().blocking_run(|| 1));
        assert_eq!(soon(cpu).await.unwrap().unwrap(), 1);
        let inner = yard.clone();
        let blocking = yard.blocking().run(move || inner.blocking().blocking_run(|| 2));
        assert_eq!(soon(blocking).await.unwrap().unwrap(), 2);
        let inner = yard.clone();
        let io = yard.io().run(async move { inner.io().run(async { 3 }).await });
        assert_eq!(soon(io).await.unwrap().unwrap(), 3);
        balanced(&yard).await;
    });
}

#[test]
fn a_closure_behind_a_stranger_in_the_line_for_room_gets_room() {
    on_runtime(async {
        let yard = narrow(1);
        let (go, wait) = mpsc::channel::<()>();
        let inner = yard.clone();
        let first = yard.cpu().submit(move || {
            wait.recv().unwrap();
            inner.cpu().blocking_run(|| 1).unwrap()
        });
        let first = first.await.unwrap();
        let second = yard.cpu().submit(|| 2).await.unwrap();
        let outside = yard.clone();
        let stranger = tokio::spawn(async move { outside.cpu().run(|| 3).await });
        let in_line = || yard.snapshot().lane("cpu").unwrap().counts.submitters == 1;
        wait_for_async("the stranger stands in line", SOON, in_line).await;
        go.send(()).unwrap();
        let ends = (soon(first).await.unwrap(), soon(second).await.unwrap(), soon(stranger).await.unwrap().unwrap());
        assert_eq!(ends, (1, 2, 3));
        balanced(&yard).await;
    });
}

#[test]
fn room_that_is_left_between_two_attempts_goes_to_who_waits_in_the_body_below() {
    on_runtime(async {
        let yard = narrow(0);
        let (go, wait) = mpsc::channel::<()>();
        let inner = yard.clone();
        let first = yard.cpu().submit(move || {
            wait.recv().unwrap();
            inner.cpu().blocking_run(|| 1).unwrap()
        });
        let first = first.await.unwrap();
        let counts = || yard.snapshot().lane("cpu").unwrap().counts;
        let outside = yard.clone();
        let stranger = tokio::spawn(async move {
            let hourly = Retry::exponential().min_delay(SOON * 180).max_delay(SOON * 180).without_jitter();
            outside.cpu().task("fails").retry(hourly.build().unwrap()).submit(|| Err::<(), _>("for now")).await
        });
        wait_for_async("the stranger stands in line", SOON, || counts().submitters == 1).await;
        go.send(()).unwrap();
        let stranger = soon(stranger).await.unwrap().unwrap();
        wait_for_async("its first attempt has failed", SOON, || counts().ledger.retry_waiting == 1).await;
        // Its place was all the room there was, and only who waits for room holds the slot that counts as such.
        assert!(stranger.cancel());
        assert_eq!(soon(first).await.unwrap(), 1);
        balanced(&yard).await;
    });
}

#[test]
fn room_that_was_promised_to_one_who_goes_is_promised_again_by_the_body_that_lends_it() {
    on_runtime(async {
        let yard = narrow(0);
        let (go, wait) = mpsc::channel::<()>();
        let inner = yard.clone();
        let first = yard.cpu().submit(move || {
            wait.recv().unwrap();
            inner.cpu().blocking_run(|| 1).unwrap()
        });
        let first = first.await.unwrap();
        let counts = || yard.snapshot().lane("cpu").unwrap().counts;
        let mut stranger = Box::pin(yard.cpu().submit(|| 2));
        assert!(stranger.as_mut().now_or_never().is_none());
        go.send(()).unwrap();
        wait_for_async("it is promised room", SOON, || counts().promised == 1).await;
        wait_for_async("the other stands behind it", SOON, || counts().submitters == 2).await;
        drop(stranger);
        assert_eq!(soon(first).await.unwrap(), 1);
        balanced(&yard).await;
    });
}

#[tokio::test]
async fn futures_that_wake_themselves_while_they_wait_let_start_what_they_wait_for() {
    let yard = narrow(64);
    let mut outers = Vec::new();
    for n in 0..8 {
        let inner = yard.clone();
        let outer = yard.io().submit(async move {
            let child = inner.io().submit(async move { n }).await.unwrap();
            let spins = std::future::poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            });
            tokio::select! { biased; result = child => result.unwrap(), () = spins => u32::MAX }
        });
        outers.push(outer.await.unwrap());
    }
    for (n, outer) in (0..8).zip(outers) {
        assert_eq!(soon(outer).await.unwrap(), n);
    }
    balanced(&yard).await;
}

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
fn a_way_out_may_be_polled_after_the_wait_that_closes_a_circle() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (put_first, first) = Place::<Handle<_>>::new();
        let (put_second, second) = Place::<Handle<_>>::new();
        let (go, goes) = oneshot::channel::<()>();
        let way_out = yard.io().submit(goes).await.unwrap();
        let (tell, told) = mpsc::channel();
        let has_a_way_out = yard.io().submit(async move {
            let circle = second.take().await;
            let took = tokio::select! {
                biased;
                circle = circle => Err(circle.unwrap_err().kind()),
                _ = way_out => Ok(()),
            };
            tell.send(took).unwrap();
        });
        let waits = Flag::default();
        let at = waits.clone();
        let waits_for_it = yard.io().submit(async move { at.at_first_poll(first.take().await).await });
        let (has_a_way_out, waits_for_it) = (has_a_way_out.await.unwrap(), waits_for_it.await.unwrap());
        let ends = waits_for_it.task_ref();
        put_first.put(has_a_way_out);
        waits.raised().await;
        put_second.put(waits_for_it);
        go.send(()).unwrap();
        wait_for_async("the way out is taken", SOON, || ends.status().is_ended()).await;
        assert_eq!(told.try_recv(), Ok(Ok(())));
        balanced(&yard).await;
    });
}

#[test]
fn a_circle_that_is_left_when_the_last_way_out_of_it_is_gone_is_told() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (put_first, first) = Place::<Handle<_>>::new();
        let (put_second, second) = Place::<Handle<_>>::new();
        let (go, goes) = oneshot::channel::<()>();
        let way_out = yard.io().submit(goes).await.unwrap();
        let (told, tell) = mpsc::channel();
        let (first_waits, second_waits) = (Flag::default(), Flag::default());
        let (at_first, tell_first) = (first_waits.clone(), told.clone());
        let waits_for_both = yard.io().submit(async move {
            let both = join(second.take().await, way_out);
            let (circle, _) = at_first.at_first_poll(both).await;
            tell_first.send(kind(circle)).unwrap();
        });
        let at_second = second_waits.clone();
        let waits_for_one = yard.io().submit(async move {
            let circle = at_second.at_first_poll(first.take().await).await;
            told.send(kind(circle)).unwrap();
        });
        let (waits_for_both, waits_for_one) = (waits_for_both.await.unwrap(), waits_for_one.await.unwrap());
        let one_ends = waits_for_one.task_ref();
        put_second.put(waits_for_one);
        first_waits.raised().await;
        put_first.put(waits_for_both);
        second_waits.raised().await;
        assert_eq!(tell.try_recv(), Err(mpsc::TryRecvError::Empty), "while there is a way out, nobody is stuck");
        go.send(()).unwrap();
        wait_for_async("the circle is broken", SOON, || one_ends.status().is_ended()).await;
        balanced(&yard).await;
        let told: Vec<_> = tell.iter().collect();
        assert_eq!(told.iter().filter(|&&told| told == Err(TaskErrorKind::WouldDeadlock)).count(), 1, "{told:?}");
        assert!(told.contains(&Ok(())), "the other goes on: {told:?}");
    });
}

#[test]
fn a_circle_through_a_group_that_is_left_when_another_wait_is_over_is_told() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (put_own, own) = Place::<Handle<()>>::new();
        let (put_group, group) = Place::new();
        let (go, goes) = oneshot::channel::<()>();
        let way_out = yard.io().submit(goes).await.unwrap();
        let (collects, waits) = (Flag::default(), Flag::default());
        let at_first = collects.clone();
        let collector = yard.io().submit(async move {
            let group: Group<_> = group.take().await;
            let mut next = pin!(group.join_next());
            at_first.at_first_poll(select(next.as_mut(), way_out)).await;
            assert!(next.await.is_some());
        });
        let collector = collector.await.unwrap();
        let members = yard.group();
        let (told, tell) = oneshot::channel();
        let at_first = waits.clone();
        let member = async move {
            let own = own.take().await;
            told.send(kind(at_first.at_first_poll(own).await)).unwrap();
        };
        members.io(member).await.unwrap();
        put_own.put(collector);
        put_group.put(members);
        collects.raised().await;
        waits.raised().await;
        go.send(()).unwrap();
        assert_eq!(soon(tell).await.unwrap(), Err(TaskErrorKind::WouldDeadlock));
        balanced(&yard).await;
    });
}

#[test]
fn a_wait_with_a_limit_is_over_when_the_limit_is() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (put_own, own) = Place::<Handle<u32>>::new();
        let (put_other, other) = Place::<Handle<()>>::new();
        let gave_up = Flag::default();
        let (go, goes) = oneshot::channel::<()>();
        let given_up = gave_up.clone();
        let gives_up = yard.io().submit(async move {
            let mut other = other.take().await;
            assert!(other.join_timeout(Duration::from_millis(1)).await.is_none());
            given_up.raise();
            goes.await.unwrap();
            drop(other);
            5
        });
        let gives_up = gives_up.await.unwrap();
        let waits = Flag::default();
        let (told, tell) = oneshot::channel();
        let at_first = waits.clone();
        let waits_for_it = yard.io().submit(async move {
            gave_up.raised().await;
            let result = at_first.at_first_poll(own.take().await).await;
            told.send(kind(result)).unwrap();
        });
        put_other.put(waits_for_it.await.unwrap());
        put_own.put(gives_up);
        waits.raised().await;
        go.send(()).unwrap();
        assert_eq!(soon(tell).await.unwrap(), Ok(5), "the first one no longer waits for the second");
        balanced(&yard).await;
    });
}

#[test]
fn a_group_over_two_lanes_is_collected_inside_of_one() {
    on_runtime(async {
        let yard = Scheduler::builder().io(Lane::io().limit(1)).cpu(Lane::cpu().threads(1)).build().unwrap();
        let inner = yard.clone();
        let collects = yard.io().submit(async move {
            let group = inner.group();
            for _ in 0..20 {
                group.cpu(|| 1).await.unwrap();
            }
            // Far down in the group, and in need of the collector's slot: directly, and by way of another.
            group.io(async { 100 }).await.unwrap();
            let innermost = inner.clone();
            group.cpu(move || innermost.io().blocking_run(async { 1_000 }).unwrap()).await.unwrap();
            group.join_all().await.into_iter().map(Result::unwrap).sum::<u32>()
        });
        assert_eq!(soon(collects.await.unwrap()).await.unwrap(), 1_120);
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

#[test]
fn thousands_of_handles_in_one_task_cost_each_the_same() {
    on_runtime(async {
        let yard = Scheduler::builder().io(Lane::io().limit(20_000)).build().unwrap();
        let inner = yard.clone();
        let fans_out = yard.io().submit(async move {
            let (go, goes) = tokio::sync::watch::channel(false);
            let mut handles = Vec::new();
            for _ in 0..10_000 {
                let mut goes = goes.clone();
                handles.push(inner.io().submit(async move { goes.changed().await.is_ok() }).await.unwrap());
            }
            let polled = Flag::default();
            let release = async {
                polled.raised().await;
                go.send(true).unwrap();
            };
            let (ends, ()) = join(polled.at_first_poll(join_all(handles)), release).await;
            ends.into_iter().filter(|end| *end.as_ref().unwrap()).count()
        });
        // Quadratic work would take minutes.
        assert_eq!(soon(fans_out.await.unwrap()).await.unwrap(), 10_000);
        balanced(&yard).await;
    });
}
