//! What a task, and an item of a map or a queue, costs in wake-ups of whoever submits and joins them: over 10,000 of them, after 1,000
//! that are not counted.

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
}

impl Counts {
    fn now(wakes: &AtomicU64) -> Self {
        Self { wakes: wakes.load(Ordering::Relaxed) }
    }

    fn since(self, before: Self) -> Self {
        Self { wakes: self.wakes - before.wakes }
    }

    /// So many in a thousand, of what was counted.
    fn assert_at_most(self, what: &str, wakes: u64) {
        let most = wakes * COUNTED / 1_000;
        assert!(self.wakes <= most, "{what}: {self:?} for {COUNTED}, may be {most}");
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

#[test]
fn a_future_submitted_takes_few_wake_ups() {
    counted(|wakes| async move {
        let yard = Scheduler::new();
        ring!(wakes, yard.io().submit(ready(()))).assert_at_most("futures that are ready", 250);
        ring!(wakes, yard.io().submit(yield_now())).assert_at_most("futures that yield", 250);
    });
}

#[test]
fn a_closure_submitted_takes_few_wake_ups() {
    counted(|wakes| async move {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).build().unwrap();
        ring!(wakes, yard.cpu().submit(|| ())).assert_at_most("closures", 1_000);
    });
}

#[test]
fn an_item_of_a_map_takes_next_to_no_wake_up() {
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
        after.since(before).assert_at_most("items that yield", 8);
    });
}

#[test]
fn an_item_of_a_queue_takes_next_to_no_wake_up_while_there_are_some() {
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
        Counts::now(&wakes).since(before).assert_at_most("items of a queue", 25);
    });
}
