//! C4: every future of the public surface is dropped after each number of polls that it may take. Afterwards all is as if it had never been:
//! no place, no slot, no waiter is gone, and the yard goes on.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _, stream};
use workyard::queue::{Consumer, Producer};
use workyard::sync::{Condition, Event};
use workyard::{Group, Lane, LaneStreamExt as _, Retry, Scheduler, Until, as_completed, queue};
use workyard_testkit::simulation::blocking_sleep;
use workyard_testkit::{DropCounter, Payload, Sim, simulate};

/// A yard whose lanes are full for some milliseconds.
struct World {
    yard: Scheduler,
    values: DropCounter,
}

/// Runs the future of a case for so many polls, and then drops it. Whether it was ready by then.
type Case = for<'a> fn(&'a World, usize) -> Pin<Box<dyn Future<Output = bool> + 'a>>;

macro_rules! cases {
    ($($name:literal: |$world:ident| $make:expr;)+) => {
        [$(($name, |$world, polls| Box::pin(async move { dropped_after(polls, $make).await }))),+]
    };
}

/// Each with what it is of.
const CASES: [(&str, Case); 64] = cases! {
    "io().submit": |world| world.yard.io().submit(world.waits());
    "io().submit_with": |world| world.yard.io().submit_with(|_| async {});
    "io().submit_timeout, in time": |world| world.yard.io().submit_timeout(SOON, world.waits());
    "io().submit_timeout, too late": |world| world.yard.io().submit_timeout(MOMENT, world.waits());
    "io().run": |world| world.yard.io().run(world.waits());
    "ctx.cancelled": |world| async {
        let body = world.yard.io().submit_with(|ctx| async move { ctx.cancelled().await });
        let handle = body.await.unwrap().cancel_on_drop();
        tokio::time::sleep(MOMENT * 8).await;
        handle.cancel();
        handle.await
    };
    "cpu().submit": |world| world.yard.cpu().submit(world.computes());
    "cpu().submit_with": |world| world.yard.cpu().submit_with(|_| ());
    "cpu().submit_timeout": |world| world.yard.cpu().submit_timeout(SOON, world.computes());
    "cpu().run": |world| world.yard.cpu().run(world.computes());
    "blocking().submit": |world| world.yard.blocking().submit(world.computes());
    "blocking().run": |world| world.yard.blocking().run(world.computes());
    "task(..).submit": |world| world.yard.io().task("named").timeout(SOON).submit(world.waits());
    "task(..).run": |world| world.yard.cpu().task("named").queue_timeout(SOON).run(world.computes());
    "task(..).fallible().run": |world| {
        world.yard.io().task("named").fallible().run(async { Err::<(), _>("on purpose") })
    };
    "task(..).retry(..).submit": |world| {
        world.yard.io().task("again").retry(retry()).submit(|| std::future::ready(Err::<(), _>("on purpose")))
    };
    "task(..).retry(..).run, of a future": |world| {
        world.yard.io().task("again").retry(retry()).run(world.fails_later())
    };
    "task(..).retry(..).run, of a closure": |world| {
        let value = world.values.payload();
        world.yard.cpu().task("again").retry(retry()).run(move || {
            let _held = &value;
            Err::<(), _>("on purpose")
        })
    };
    "handle of what is tried again": |world| async {
        let again = world.yard.io().task("again").retry(retry()).submit(world.fails_later()).await;
        again.unwrap().cancel_on_drop().await
    };
    "handle of a future": |world| async { world.yard.io().submit(world.waits()).await.unwrap().await };
    "handle of a closure": |world| async { world.yard.cpu().submit(world.computes()).await.unwrap().await };
    "handle, cancel_on_drop": |world| async {
        world.yard.io().submit(world.waits()).await.unwrap().cancel_on_drop().await
    };
    "handle, abort_on_drop": |world| async {
        world.yard.cpu().submit(world.computes()).await.unwrap().abort_on_drop().await
    };
    "handle.join_timeout": |world| async {
        world.yard.cpu().submit(world.computes()).await.unwrap().join_timeout(MOMENT).await.is_some()
    };
    "group.io": |world| async { world.group().io(world.waits()).await.is_ok() };
    "group.cpu": |world| async { world.group().cpu(world.computes()).await.is_ok() };
    "group.blocking": |world| async { world.group().blocking(world.computes()).await.is_ok() };
    "group.io_on": |world| async { world.group().io_on(world.yard.io(), world.waits()).await.is_ok() };
    "group.task(..).submit": |world| async {
        let group = world.group();
        group.task(world.yard.cpu().task("named")).submit(world.computes()).await.is_ok()
    };
    "group.join_next": |world| async { world.full_group().await.join_next().await.is_some() };
    "group.join_all": |world| async { world.full_group().await.join_all().await.len() };
    "group.wait": |world| async { world.full_group().await.wait(Until::First).await.len() };
    "group.wait.timeout": |world| async { world.full_group().await.wait(Until::All).timeout(MOMENT).await.len() };
    "as_completed.next": |world| async {
        let handles = [world.yard.io().submit(world.waits()).await, world.yard.io().submit(world.waits()).await];
        as_completed(handles.map(Result::unwrap)).next().await.is_some()
    };
    "as_completed.next_timeout": |world| async {
        as_completed([world.yard.cpu().submit(world.computes()).await.unwrap()]).next_timeout(MOMENT).await.is_some()
    };
    "cpu().map": |world| world.yard.cpu().map(0..9, world.each());
    "io().map": |world| world.yard.io().map(0..9, |_| tokio::time::sleep(MOMENT));
    "try_map.settle": |world| world.yard.cpu().try_map(0..9, |n| if n < 5 { Ok(n) } else { Err("on purpose") }).settle();
    "map.fold": |world| world.yard.cpu().map(0..9, world.each()).fold(0, |sum, n| sum + n);
    "map.sum": |world| world.yard.blocking().map(0..9, world.each()).sum::<i32>();
    "map.for_each": |world| world.yard.io().map(0..9, |_| tokio::time::sleep(MOMENT)).for_each(|()| ());
    "map.ordered": |world| world.yard.cpu().map(0..9, world.each()).ordered().count();
    "map.unordered": |world| world.yard.cpu().map(0..9, world.each()).unordered().next();
    "map.next_indexed": |world| async { world.yard.cpu().map(0..9, world.each()).ordered().next_indexed().await.is_some() };
    "try_map.retry": |world| world.yard.io().try_map(0..9, fails_for_odd).retry(retry());
    "try_map.retry.settle": |world| world.yard.io().try_map(0..9, fails_for_odd).retry(retry()).settle();
    "try_map.retry.ordered": |world| world.yard.io().try_map(0..9, fails_for_odd).retry(retry()).ordered().count();
    "try_map.retry.unordered": |world| async {
        let map = world.yard.cpu().try_map(0..9, |n| if n % 2 == 0 { Ok(n) } else { Err("on purpose") });
        map.retry(retry()).unordered().next().await.is_some()
    };
    "stage.next": |world| async {
        stream::iter(0..9).map_cpu(world.yard.cpu(), |n| n + 1).next().await.is_some()
    };
    "stage.next_indexed": |world| async {
        stream::iter(0..9).map_io(world.yard.io(), |n| async move { n }).next_indexed().await.is_some()
    };
    "map_io, map_cpu": |world| async {
        let stage = stream::iter(0..9).map_io(world.yard.io(), |n| async move { n }).map_cpu(world.yard.cpu(), |n| n + 1);
        stage.count().await
    };
    "queue: put": |world| async { world.queue(1).0.put(world.values.payload()).await.is_ok() }.or_after(world);
    "queue: put_timeout": |world| async { world.queue(1).0.put_timeout(world.values.payload(), MOMENT).await.is_ok() };
    "queue: get": |world| async { world.queue(0).1.get().await.is_some() }.or_after(world);
    "queue: get_timeout": |world| async { world.queue(0).1.get_timeout(MOMENT).await.is_ok() };
    "queue: get_many": |world| async { world.queue(0).1.get_many(2).await.len() }.or_after(world);
    "queue: stream": |world| async { world.queue(0).1.into_stream().next().await.is_some() }.or_after(world);
    "queue: sink": |world| async { world.queue(1).0.into_sink().send(world.values.payload()).await.is_ok() }.or_after(world);
    "queue: join": |world| async { world.queue(1).1.join().await }.or_after(world);
    "event.wait": |world| async { Event::new().wait().await }.or_after(world);
    "event.wait_timeout": |_world| async {
        let event = Event::new();
        event.wait_timeout(MOMENT).await
    };
    "condition.wait_for": |world| world.condition();
    "shutdown, with timers": |world| {
        drop(world.yard.after(SOON).io(world.waits()));
        world.yard.shutdown().drain_for(MOMENT * 3)
    };
    "shutdown": |world| world.yard.shutdown().drain_for(SOON);
};

/// More than any of them takes.
const POLLS: usize = 60;

const MOMENT: Duration = Duration::from_millis(2);
const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_future_dropped_at_any_of_its_awaits_leaves_nothing() {
    let mut drops = 0;
    for (name, case) in CASES {
        for seed in 0..8 {
            let most = (0..POLLS).find(|&polls| {
                drops += 1;
                simulate(seed, |sim| drop_once(sim, name, case, polls)).output
            });
            assert!(most.is_some_and(|polls| polls > 0), "{name}: not ready after {POLLS} polls");
        }
    }
    println!("{} futures, dropped {drops} times", CASES.len());
    assert!(drops > 8 * 2 * CASES.len());
}

async fn drop_once(_sim: Sim, name: &'static str, case: Case, polls: usize) -> bool {
    let world = World::full().await;
    let is_ready = case(&world, polls).await;
    // Whatever was accepted has ended by then.
    tokio::time::sleep(Duration::from_mins(1)).await;
    let told = format!("{name}, dropped after {polls} polls");
    for lane in world.yard.snapshot().lanes {
        let counts = lane.counts;
        let held = counts.occupied + counts.overrunning + counts.lending + counts.submitters + counts.promised;
        assert!(held == 0 && counts.ledger.live() == 0 && counts.ledger.balances(), "{told}: {counts:?}");
    }
    assert_eq!(world.values.alive(), 0, "{told}: values are left");
    if world.yard.io().counts().open {
        // As many as there is room for, so that not one place is gone.
        let (io, cpu, blocking) = (world.yard.io(), world.yard.cpu(), world.yard.blocking());
        let handles = [(); 2].map(|()| {
            (io.try_submit(async {}).unwrap(), cpu.try_submit(|| ()).unwrap(), blocking.try_submit(|| ()).unwrap())
        });
        for (io, cpu, blocking) in handles {
            assert!(io.await.is_ok() && cpu.await.is_ok() && blocking.await.is_ok(), "{told}");
        }
    }
    let report = world.yard.shutdown().await;
    assert!(report.balances() && report.is_clean(), "{told}: {report}");
    is_ready
}

/// Polls the future so many times, each time that it was woken, and drops it right after the last.
async fn dropped_after<F: IntoFuture>(polls: usize, future: F) -> bool {
    let mut future = Some(Box::pin(future.into_future()));
    let mut left = polls;
    poll_fn(|cx| {
        let is_ready = left > 0 && future.as_mut().is_some_and(|future| future.as_mut().poll(cx).is_ready());
        left = left.saturating_sub(1);
        if !is_ready && left > 0 {
            return Poll::Pending;
        }
        future = None;
        Poll::Ready(is_ready)
    })
    .await
}

/// A policy of three attempts.
fn retry() -> Retry {
    Retry::exponential().attempts(3).min_delay(MOMENT).without_budget().build().unwrap()
}

async fn fails_for_odd(n: i32) -> Result<i32, &'static str> {
    tokio::time::sleep(MOMENT).await;
    if n % 2 == 0 { Ok(n) } else { Err("on purpose") }
}

/// For what waits until somebody else does something, which may be never.
trait OrAfter: Future + Sized {
    async fn or_after(self, _world: &World) {
        let _ended = tokio::time::timeout(MOMENT * 8, self).await;
    }
}

impl<F: Future> OrAfter for F {}

impl World {
    /// A body runs in each lane, and another waits behind it.
    async fn full() -> Self {
        let yard = Scheduler::builder()
            .io(Lane::io().limit(1).queue(1))
            .cpu(Lane::cpu().threads(1).queue(1))
            .blocking(Lane::blocking().limit(1).queue(1))
            .build()
            .unwrap();
        for _ in 0..2 {
            drop(yard.io().submit(tokio::time::sleep(2 * MOMENT)).await.unwrap());
            drop(yard.cpu().submit(|| blocking_sleep(2 * MOMENT)).await.unwrap());
            drop(yard.blocking().submit(|| blocking_sleep(2 * MOMENT)).await.unwrap());
        }
        Self { yard, values: DropCounter::new() }
    }

    fn waits(&self) -> impl Future<Output = ()> + Send + use<> {
        let value = self.values.payload();
        async move {
            tokio::time::sleep(MOMENT).await;
            drop(value);
        }
    }

    fn computes(&self) -> impl FnOnce() + Send + use<> {
        let value = self.values.payload();
        move || {
            blocking_sleep(MOMENT);
            drop(value);
        }
    }

    fn each(&self) -> impl Fn(i32) -> i32 + Send + Sync + use<> {
        let value = self.values.payload();
        move |item| {
            let _held = &value;
            blocking_sleep(MOMENT);
            item
        }
    }

    fn fails_later(
        &self,
    ) -> impl Fn() -> Pin<Box<dyn Future<Output = Result<(), &'static str>> + Send>> + Send + Sync + use<> {
        let value = self.values.payload();
        move || {
            let _held = &value;
            Box::pin(async {
                tokio::time::sleep(MOMENT).await;
                Err("on purpose")
            })
        }
    }

    fn group(&self) -> Group<()> {
        self.yard.group()
    }

    async fn full_group(&self) -> Group<()> {
        let group = self.yard.group();
        group.io(self.waits()).await.unwrap();
        group.cpu(self.computes()).await.unwrap();
        group
    }

    /// A queue for one item, with so many in it.
    fn queue(&self, items: usize) -> (Producer<Payload>, Consumer<Payload>) {
        let (put, get) = queue::bounded(1);
        for _ in 0..items {
            put.try_put(self.values.payload()).unwrap();
        }
        (put, get)
    }

    async fn condition(&self) -> bool {
        let shared = Arc::new((Condition::new(), workyard::sync::Mutex::new(false)));
        let mine = Arc::clone(&shared);
        // In the lane's turn.
        let told = self.yard.io().submit(async move {
            *mine.1.lock().await = true;
            mine.0.notify_all();
        });
        drop(told.await);
        let guard = shared.1.lock().await;
        *shared.0.wait_for(guard, |is_set| *is_set).await
    }
}
