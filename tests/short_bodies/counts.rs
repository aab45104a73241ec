//! What a task, and an item of a map, costs in wake-ups of whoever submits and joins them, and in locks: over 10,000 of them, after 1,000
//! that are not counted. Locks are counted in the build that has planted faults, see `cargo xtask mutants`, which runs this as well.

use std::collections::VecDeque;
use std::future::{Future, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Wake, Waker};

use tokio::runtime::Builder;
use tokio::task::yield_now;
use workyard::{Handle, Lane, Scheduler};

use super::run::soon;

/// Until the lane knows of what kind its tasks are, and all that is made once is made.
const WARM_UP: u64 = 1_000;

/// During these it is counted.
const COUNTED: u64 = 10_000;

/// How many are in flight.
const AT_ONCE: usize = 64;

/// Counts the wake-ups of a task, and passes them on.
struct Counting {
    wakes: Arc<AtomicU64>,
    task: Waker,
}

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        self.task.wake_by_ref();
    }
}

/// How often, so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Counts {
    wakes: u64,
    locks: u64,
}

impl Counts {
    fn now(wakes: &AtomicU64) -> Self {
        #[cfg(workyard_mutants)]
        let locks = workyard::locked();
        #[cfg(not(workyard_mutants))]
        let locks = 0;
        Self { wakes: wakes.load(Ordering::Relaxed), locks }
    }

    fn since(self, before: Self) -> Self {
        Self { wakes: self.wakes - before.wakes, locks: self.locks - before.locks }
    }

    /// Whether there are at most so many each, for what was counted, and a hundredth more.
    fn are_at_most(self, wakes: f64, locks: f64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "they are not that many")]
        let each = |count: u64| count as f64 / COUNTED as f64;
        each(self.wakes) <= wakes + 0.01 && each(self.locks) <= locks + 0.01
    }

    fn assert_at_most(self, what: &str, wakes: f64, locks: f64) {
        println!("{what}: {self:?}");
        let least = u64::from(cfg!(workyard_mutants));
        assert!(self.locks >= least, "{what}: locks are counted");
        let may_be = format!("{wakes} wake-ups and {locks} locks each");
        assert!(self.are_at_most(wakes, locks), "{what}: {self:?} for {COUNTED}, of which {may_be} may be");
    }
}

/// Runs it on one thread, on which all tasks take turns in an order that is always the same.
fn counted<Fut: Future<Output = ()>>(body: impl FnOnce(Arc<AtomicU64>) -> Fut) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let wakes = Arc::new(AtomicU64::new(0));
    runtime.block_on(soon(async {
        let mut body = pin!(body(Arc::clone(&wakes)));
        std::future::poll_fn(move |cx| {
            let waker = Arc::new(Counting { wakes: Arc::clone(&wakes), task: cx.waker().clone() });
            body.as_mut().poll(&mut Context::from_waker(&Waker::from(waker)))
        })
        .await;
    }));
}

/// What each costs of the tasks that are submitted one by one and collected in order.
macro_rules! ring {
    ($wakes:expr, $submit:expr) => {{
        let (mut before, mut ring) = (Counts::now(&$wakes), VecDeque::with_capacity(AT_ONCE));
        for index in 0..WARM_UP + COUNTED {
            if index == WARM_UP {
                before = Counts::now(&$wakes);
            }
            if ring.len() == AT_ONCE {
                let oldest: Handle<_> = ring.pop_front().unwrap();
                let _given = oldest.await.unwrap();
            }
            ring.push_back($submit.await.unwrap());
        }
        let count = Counts::now(&$wakes).since(before);
        for handle in ring {
            let _given = handle.await.unwrap();
        }
        count
    }};
}

/// Counts a few times, if need be: a thread that something else stops in the midst takes fewer futures at a time after that.
macro_rules! assert_at_most {
    ($what:expr, $each_wakes:expr, $each_locks:expr, $count:expr) => {
        let mut count = $count;
        for _ in 0..4 {
            if count.are_at_most($each_wakes, $each_locks) {
                break;
            }
            count = $count;
        }
        count.assert_at_most($what, $each_wakes, $each_locks);
    };
}

/// In one test, since locks are counted for the whole process.
#[test]
fn tasks_and_items_take_few_wake_ups_and_locks() {
    futures();
    closures();
    items_of_a_map();
    items_of_a_queue();
}

fn futures() {
    counted(|wakes| async move {
        let yard = Scheduler::new();
        assert_at_most!("futures that are ready", 0.1, 2.0, ring!(wakes, yard.io().submit(ready(()))));
        assert_at_most!("futures that yield", 0.1, 2.2, ring!(wakes, yard.io().submit(yield_now())));
    });
}

fn closures() {
    counted(|wakes| async move {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).build().unwrap();
        assert_at_most!("closures", 1.0, 3.0, ring!(wakes, yard.cpu().submit(|| ())));
    });
}

fn items_of_a_map() {
    counted(|wakes| async move {
        let yard = Scheduler::new();
        let (mut before, mut after, mut seen) = (Counts::now(&wakes), Counts::now(&wakes), 0);
        let look = |(), ()| {
            seen += 1;
            if seen == WARM_UP {
                before = Counts::now(&wakes);
            } else if seen == WARM_UP + COUNTED {
                after = Counts::now(&wakes);
            }
        };
        yard.io().map(0..WARM_UP + 2 * COUNTED, async |_| yield_now().await).fold((), look).await.unwrap();
        after.since(before).assert_at_most("items that yield", 0.05, 0.2);
    });
}

fn items_of_a_queue() {
    counted(|wakes| async move {
        let (tx, rx) = workyard::queue::bounded(AT_ONCE);
        let mut before = Counts::now(&wakes);
        for index in 0..WARM_UP + COUNTED {
            if index == WARM_UP {
                before = Counts::now(&wakes);
            }
            tx.put(index).await.unwrap();
            rx.get().await.unwrap();
        }
        Counts::now(&wakes).since(before).assert_at_most("items of a queue", 0.1, 2.0);
    });
}
