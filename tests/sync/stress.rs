//! Many tasks and threads on one event, and on one condition, with seeded choices: nobody is left waiting.

use std::collections::VecDeque;
use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;

use tokio::task::yield_now;
use workyard::Scheduler;
use workyard::sync::blocking::Barrier;
use workyard::sync::{Condition, Event, Mutex};
use workyard_testkit::{Rng, SeedOnPanic, seeds, wait_for, wait_for_async};

use crate::by_hand::ByHand;
use crate::run::{SOON, on_runtime, soon};

const TASKS: u32 = 4;
const TURNS: u32 = 100;

/// An event, and how many have begun to wait for it and have been released, ever.
#[derive(Default)]
struct Pulsed {
    event: Event,
    began: AtomicU32,
    released: AtomicU32,
}

impl Pulsed {
    async fn wait(&self, rng: &mut Rng) {
        let wait = self.event.wait();
        self.began.fetch_add(1, Ordering::SeqCst);
        if rng.chance(0.5) {
            yield_now().await;
        }
        wait.await;
        // Who is quicker than the clear would be let pass by the same set.
        while self.event.is_set() {
            yield_now().await;
        }
        self.released.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn each_set_that_is_cleared_at_once_releases_those_who_wait_and_nobody_after_them() {
    for seed in seeds(10) {
        let _told = SeedOnPanic::new(seed);
        on_runtime(async {
            let (yard, pulsed) = (Scheduler::new(), Arc::new(Pulsed::default()));
            let group = yard.group();
            for task in 0..TASKS {
                let (pulsed, mut rng) = (Arc::clone(&pulsed), Rng::new(seed * u64::from(TASKS) + u64::from(task)));
                let turns = async move {
                    for _ in 0..TURNS {
                        pulsed.wait(&mut rng).await;
                    }
                };
                group.io(turns).await.unwrap();
            }
            for turn in 1..=TURNS {
                let all_began = || pulsed.began.load(Ordering::SeqCst) == turn * TASKS;
                wait_for_async("all wait for this turn, and none for the next", SOON, all_began).await;
                assert_eq!(pulsed.released.load(Ordering::SeqCst), (turn - 1) * TASKS);
                pulsed.event.set();
                pulsed.event.clear();
            }
            while let Some(done) = soon(group.join_next()).await {
                done.unwrap();
            }
            assert!(yard.shutdown().await.balances());
        });
    }
}

/// The moments between the look at an event and the wait for it are some nanoseconds, so a set has to be tried in many of them.
#[test]
fn a_set_that_comes_as_a_wait_begins_releases_it() {
    const RACES: u64 = 3_000;
    let (event, start, races) = (Event::new(), Barrier::new(2), AtomicU64::new(0));
    for seed in seeds(2) {
        let _told = SeedOnPanic::new(seed);
        races.store(0, Ordering::SeqCst);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..RACES {
                    start.wait();
                    assert!(event.blocking_wait_timeout(SOON), "it was set");
                    races.fetch_add(1, Ordering::SeqCst);
                }
            });
            let mut rng = Rng::new(seed);
            for race in 1..=RACES {
                start.wait();
                (0..rng.below(200)).for_each(|_| spin_loop());
                event.set();
                wait_for_tightly(|| races.load(Ordering::SeqCst) == race);
                event.clear();
            }
        });
    }
}

/// A set is two steps, its turn and its wake-ups, and a clear may come between them.
#[test]
fn who_comes_after_a_clear_is_not_released_by_the_set_before_it() {
    const RACES: u64 = 3_000;
    let (event, start, end) = (Event::new(), Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..RACES {
                start.wait();
                event.set();
                end.wait();
            }
        });
        // Counted, and judged at the end, as the other thread is to come to its own.
        let mut released = 0;
        for _ in 0..RACES {
            start.wait();
            wait_for_tightly(|| event.is_set());
            event.clear();
            let mut late = ByHand::new(event.wait());
            let is_released = late.poll().is_ready();
            end.wait();
            released += u32::from(is_released || late.poll().is_ready());
        }
        assert_eq!(released, 0, "of {RACES}");
    });
}

/// Asks all the time, as each race is over in some microseconds, and only in the end with a pause in between.
fn wait_for_tightly(mut holds: impl FnMut() -> bool) {
    let is_soon = (0..10_000).any(|_| {
        spin_loop();
        holds()
    });
    if !is_soon {
        wait_for("the race is over", SOON * 2, holds);
    }
}

/// A buffer with room for two, as it is written with two conditions on one lock.
#[derive(Default)]
struct Buffer {
    items: Mutex<VecDeque<u64>>,
    has_room: Condition,
    has_items: Condition,
}

const ROOM: usize = 2;
const ITEMS: u64 = 200;
const PAIRS: u64 = 3;

impl Buffer {
    async fn put(&self, item: u64) {
        let mut items = self.has_room.wait_for(self.items.lock().await, |items| items.len() < ROOM).await;
        items.push_back(item);
        self.has_items.notify_one();
    }

    async fn take(&self) -> u64 {
        let mut items = self.has_items.wait_for(self.items.lock().await, |items| !items.is_empty()).await;
        let item = items.pop_front().unwrap();
        // After the lock is free, for a change.
        drop(items);
        self.has_room.notify_one();
        item
    }

    fn blocking_put(&self, item: u64) {
        let items = self.items.blocking_lock();
        self.has_room.blocking_wait_for(items, |items| items.len() < ROOM).push_back(item);
        self.has_items.notify_one();
    }
}

/// What `make` makes, of which some are dropped after a few polls and made anew.
async fn with_some_dropped<F: Future>(rng: &mut Rng, mut make: impl FnMut() -> F) -> F::Output {
    loop {
        if rng.chance(0.5) {
            return make().await;
        }
        let some_polls = async {
            for _ in 0..rng.below(3) {
                yield_now().await;
            }
        };
        tokio::select! {
            biased;
            output = make() => return output,
            () = some_polls => {}
        }
    }
}

#[test]
fn two_conditions_make_a_buffer_that_loses_nothing_and_never_stops() {
    for seed in seeds(20) {
        let _told = SeedOnPanic::new(seed);
        on_runtime(async {
            let (yard, buffer) = (Scheduler::new(), Arc::new(Buffer::default()));
            let (group, sum) = (yard.group(), Arc::new(AtomicU64::new(0)));
            for pair in 0..PAIRS {
                let (of_producer, of_consumer, sum) = (Arc::clone(&buffer), Arc::clone(&buffer), Arc::clone(&sum));
                let mut producer = Rng::new(seed * 100 + pair);
                let mut consumer = Rng::new(seed * 100 + 50 + pair);
                if pair == 0 {
                    group.blocking(move || (1..=ITEMS).for_each(|item| of_producer.blocking_put(item))).await.unwrap();
                } else {
                    let puts = async move {
                        for item in 1..=ITEMS {
                            with_some_dropped(&mut producer, || of_producer.put(item)).await;
                        }
                    };
                    group.io(puts).await.unwrap();
                }
                let takes = async move {
                    for _ in 0..ITEMS {
                        let item = with_some_dropped(&mut consumer, || of_consumer.take()).await;
                        sum.fetch_add(item, Ordering::SeqCst);
                    }
                };
                group.io(takes).await.unwrap();
            }
            while let Some(done) = soon(group.join_next()).await {
                done.unwrap();
            }
            assert_eq!(sum.load(Ordering::SeqCst), PAIRS * ITEMS * (ITEMS + 1) / 2);
            assert!(buffer.items.lock().await.is_empty());
            assert!(yard.shutdown().await.balances());
        });
    }
}
