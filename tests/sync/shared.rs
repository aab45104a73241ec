//! What is shared under a lock, behind a semaphore, at a barrier or lazily: counts come out right, whoever fails meanwhile.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use tokio::task::yield_now;
use workyard::sync::{
    Barrier, LazyLock, Mutex, MutexGuard, OnceCell, OnceLock, OwnedSemaphorePermit, ReentrantMutex, RwLock,
    RwLockWriteGuard, Semaphore, blocking,
};
use workyard::{Scheduler, TaskErrorKind};
use workyard_testkit::Gauge;

use crate::run::{on_runtime, soon};

/// Runs as many tasks as asked for on the io lane; each must end well.
async fn all<F: Future<Output = ()> + Send + 'static>(yard: &Scheduler, tasks: u32, mut task: impl FnMut() -> F) {
    let group = yard.group();
    for _ in 0..tasks {
        group.io(task()).await.unwrap();
    }
    while let Some(done) = soon(group.join_next()).await {
        done.unwrap();
    }
}

#[test]
fn a_hundred_tasks_that_read_and_write_under_a_lock_count_to_a_hundred() {
    on_runtime(async {
        let (yard, count, gauge) = (Scheduler::new(), Arc::new(Mutex::new(0)), Gauge::new());
        all(&yard, 100, || {
            let (count, gauge) = (Arc::clone(&count), gauge.clone());
            async move {
                let mut count = count.lock().await;
                let _inside = gauge.enter();
                let read = *count;
                yield_now().await;
                *count = read + 1;
            }
        })
        .await;
        assert_eq!((*count.lock().await, gauge.max()), (100, 1));
        assert!(yard.shutdown().await.balances());
    });
}

#[test]
fn what_one_adds_and_another_takes_away_comes_out_even() {
    let value = blocking::Mutex::new(500_000_i64);
    thread::scope(|scope| {
        for step in [1, -1] {
            let value = &value;
            scope.spawn(move || (0..500_000).for_each(|_| *value.lock() += step));
        }
    });
    assert_eq!(value.into_inner(), 500_000);
}

#[test]
fn who_does_not_wait_for_a_lock_is_refused_at_once_and_then_gets_it() {
    let (lock, twin, both) = (Mutex::new(()), blocking::Mutex::new(()), RwLock::new(()));
    let guards = (lock.try_lock().unwrap(), twin.try_lock().unwrap(), both.try_read().unwrap());
    assert!(lock.try_lock().is_err() && twin.try_lock().is_none() && both.try_write().is_err());
    assert!(both.try_read().is_ok(), "there may be many readers");
    drop(guards);
    assert!(lock.try_lock().is_ok() && twin.try_lock().is_some() && both.try_write().is_ok());
}

#[test]
fn a_lock_and_a_permit_are_free_again_after_a_panic() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (lock, permits) = (Arc::new(Mutex::new(0)), Arc::new(Semaphore::new(1)));
        let (of_lock, of_permits) = (Arc::clone(&lock), Arc::clone(&permits));
        let fails = async move {
            let _permit = of_permits.acquire_owned().await.unwrap();
            let mut value = of_lock.lock().await;
            *value = 1;
            std::panic::panic_any("on purpose");
        };
        let ended: Result<(), _> = soon(yard.io().run(fails)).await;
        assert_eq!(ended.unwrap_err().kind(), TaskErrorKind::Panicked);
        assert_eq!(*lock.try_lock().unwrap(), 1, "as the panic left it");
        assert_eq!(permits.available_permits(), 1);
        assert!(yard.shutdown().await.balances());

        let twin = blocking::Mutex::new(0);
        let fails = || {
            let _guard = twin.lock();
            std::panic::panic_any("on purpose");
        };
        assert!(catch_unwind(AssertUnwindSafe(fails)).is_err());
        assert!(twin.try_lock().is_some());
    });
}

#[test]
fn a_semaphore_of_two_has_two_inside_and_never_a_third() {
    on_runtime(async {
        let (yard, permits, gauge) = (Scheduler::new(), Arc::new(Semaphore::new(2)), Gauge::new());
        // The two meet, so there have been two; were there ever a third, the gauge would tell.
        let pair = Arc::new(Barrier::new(2));
        all(&yard, 20, || {
            let (permits, gauge, pair) = (Arc::clone(&permits), gauge.clone(), Arc::clone(&pair));
            async move {
                let permit: OwnedSemaphorePermit = permits.acquire_owned().await.unwrap();
                let inside = gauge.enter();
                pair.wait().await;
                // Before the next one may come in.
                drop(inside);
                // A permit is given back once, as giving it back uses it up.
                drop(permit);
            }
        })
        .await;
        assert_eq!((gauge.max(), permits.available_permits()), (2, 2));
        assert!(yard.shutdown().await.balances());
    });
}

#[test]
fn a_thread_takes_a_reentrant_lock_as_often_as_it_likes_and_gives_it_back_as_often() {
    let lock = ReentrantMutex::new(0);
    let others_get_it = || thread::scope(|scope| scope.spawn(|| lock.try_lock().is_some()).join().unwrap());
    let outer = lock.lock();
    let inner = lock.lock();
    assert!(!others_get_it());
    drop(outer);
    assert!(!others_get_it(), "once more to give back");
    drop(inner);
    assert!(others_get_it());
}

#[test]
fn all_meet_at_a_barrier_and_one_of_them_leads() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (barrier, came, led) =
            (Arc::new(Barrier::new(5)), Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        all(&yard, 5, || {
            let (barrier, came, led) = (Arc::clone(&barrier), Arc::clone(&came), Arc::clone(&led));
            async move {
                came.fetch_add(1, Ordering::SeqCst);
                if barrier.wait().await.is_leader() {
                    led.fetch_add(1, Ordering::SeqCst);
                }
                assert_eq!(came.load(Ordering::SeqCst), 5, "nobody goes on before all have come");
            }
        })
        .await;
        assert_eq!(led.load(Ordering::SeqCst), 1);
        assert!(yard.shutdown().await.balances());
    });
}

#[test]
fn a_lazy_value_is_made_once_however_many_ask() {
    static MADE: AtomicU32 = AtomicU32::new(0);
    static LAZY: LazyLock<u32> = LazyLock::new(|| MADE.fetch_add(1, Ordering::SeqCst) + 41);
    static ONCE: OnceLock<u32> = OnceLock::new();
    static CELL: OnceCell<u32> = OnceCell::const_new();
    on_runtime(async {
        let yard = Scheduler::new();
        let made = Arc::new(AtomicU32::new(0));
        all(&yard, 20, || {
            let made = Arc::clone(&made);
            async move {
                let make = async {
                    yield_now().await;
                    made.fetch_add(1, Ordering::SeqCst) + 1
                };
                assert_eq!(*CELL.get_or_init(|| make).await, 1);
                assert_eq!((*LAZY, *ONCE.get_or_init(|| *LAZY)), (41, 41));
            }
        })
        .await;
        assert_eq!((made.load(Ordering::SeqCst), MADE.load(Ordering::SeqCst)), (1, 1));
        assert!(yard.shutdown().await.balances());
    });
}

/// Its guard may go to another thread between two polls, so it may be held across an `.await` on every lane.
#[test]
fn the_guards_of_the_plain_names_are_send() {
    const fn is_send<T: Send>() {}
    is_send::<MutexGuard<'static, u8>>();
    is_send::<RwLockWriteGuard<'static, u8>>();
    is_send::<OwnedSemaphorePermit>();
}
