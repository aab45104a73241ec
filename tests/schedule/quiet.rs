//! What timers cost while nothing is due: no task without a timer, and no wake with one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::{Builder, Handle};
use tokio::time::{Duration, sleep};
use workyard::{Overlap, Scheduler};

use crate::common::{SECOND, end, settle};

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn there_is_a_sleeper_while_there_is_a_timer() {
    let yard = Scheduler::new();
    let before = tasks();
    settle().await;
    assert_eq!(tasks(), before, "none without a timer");
    let timers: Vec<_> = (1..=1_000).map(|at| yard.after(at * SECOND).io(async {})).collect();
    settle().await;
    assert_eq!(tasks(), before + 1, "one for all of them");
    assert!(timers.iter().all(workyard::Timer::cancel));
    settle().await;
    assert_eq!(tasks(), before, "none when the last is cancelled");
    yard.after(SECOND).io(async {});
    sleep(2 * SECOND).await;
    assert_eq!(tasks(), before, "none when the last has fired");
    let again = yard.every(SECOND).overlap(Overlap::Queue).io(|_| sleep(10 * SECOND));
    sleep(5 * SECOND).await;
    assert_eq!(tasks(), before + 1, "the tick alone, for whose end the next one waits");
    sleep(8 * SECOND).await;
    assert_eq!(tasks(), before + 1, "the next tick alone");
    assert!(again.cancel());
    sleep(20 * SECOND).await;
    assert_eq!(tasks(), before);
    let _report = end(&yard).await;
}

/// How often the thread of a runtime goes to sleep in an hour, with these timers set.
fn sleeps(set: impl FnOnce(&Scheduler)) -> usize {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let park = move || {
        counted.fetch_add(1, Ordering::Relaxed);
    };
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).on_thread_park(park).build().unwrap();
    runtime.block_on(async {
        let yard = Scheduler::new();
        set(&yard);
        settle().await;
        let before = count.load(Ordering::Relaxed);
        sleep(Duration::from_hours(1)).await;
        count.load(Ordering::Relaxed) - before
    })
}

#[test]
fn nothing_wakes_while_nothing_is_due() {
    let without = sleeps(|_| {});
    let far = |yard: &Scheduler| {
        for at in 1..1_000 {
            yard.after(Duration::from_hours(1) + at * SECOND).io(async {});
            yard.every(Duration::from_hours(1) + at * SECOND).io(async |_| {});
        }
    };
    assert_eq!(sleeps(far), without);
    let cancelled = |yard: &Scheduler| {
        far(yard);
        assert!((1..1_000).all(|at| yard.after(at * SECOND).io(async {}).cancel()));
    };
    assert_eq!(sleeps(cancelled), without, "a timer that was cancelled wakes nobody");
    assert!(sleeps(|yard| drop(yard.every(SECOND).io(async |_| {}))) >= without + 3_000, "sleeps are counted");
}
