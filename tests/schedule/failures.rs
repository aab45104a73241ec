//! Ticks and timers that panic or fail: reported, and the schedule goes on.

use tokio::time::{advance, sleep};
use workyard::Scheduler;
use workyard_testkit::{DropCounter, wait_for_async};

use crate::common::{Log, SECOND, SOON, end, settle};

fn unobserved(yard: &Scheduler, lane: &str) -> u64 {
    yard.snapshot().lane(lane).unwrap().unobserved_failures
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_tick_is_reported_and_the_next_one_comes() {
    let yard = Scheduler::new();
    let log = Log::new();
    let (before, within) = (log.clone(), log.clone());
    yard.every(SECOND).name("before there is a future").io(move |tick| {
        before.add(tick.number());
        assert!(tick.number() % 2 == 0, "odd");
        async {}
    });
    yard.every(SECOND).name("within the future").io(move |tick| {
        let within = within.clone();
        async move {
            within.add(tick.number());
            assert!(tick.number() % 2 == 0, "odd");
        }
    });
    sleep(10 * SECOND).await;
    settle().await;
    assert_eq!((log.len(), unobserved(&yard, "io")), (20, 10));
    let report = end(&yard).await;
    assert_eq!((report.total.completed, report.total.panicked, report.unobserved_failures()), (10, 10, 10));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_closure_is_reported_and_the_next_one_comes() {
    let yard = Scheduler::new();
    yard.every(SECOND).cpu(|_| panic!("each time"));
    yard.after(SECOND).blocking(|| panic!("once"));
    for count in 1..=3 {
        advance(SECOND).await;
        wait_for_async("the tick has ended", SOON, || unobserved(&yard, "cpu") == count).await;
    }
    wait_for_async("the timer has ended", SOON, || unobserved(&yard, "blocking") == 1).await;
    assert_eq!(end(&yard).await.total.panicked, 4);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_a_failure_where_the_timer_is_fallible() {
    let yard = Scheduler::new();
    yard.every(SECOND).fallible().io(async |tick| if tick.number() == 0 { Err("the first") } else { Ok(()) });
    yard.every(SECOND).io(async |_| Err::<(), _>("a value as any other"));
    yard.after(SECOND).fallible().io(async { Err::<(), _>("once") });
    yard.after(SECOND).fallible().cpu(|| Err::<(), _>("once"));
    yard.every(SECOND).first_after(SECOND).fallible().blocking(|_| Err::<(), _>("again and again"));
    sleep(SECOND).await;
    wait_for_async("all have ended", SOON, || {
        yard.snapshot().ledger().completed + yard.snapshot().ledger().failed == 5
    })
    .await;
    assert_eq!((unobserved(&yard, "io"), unobserved(&yard, "cpu"), unobserved(&yard, "blocking")), (2, 1, 1));
    let report = end(&yard).await;
    assert_eq!((report.total.completed, report.total.failed), (1, 4));
}

#[tokio::test(start_paused = true)]
async fn a_value_whose_drop_panics_is_reported_and_hurts_nobody() {
    let yard = Scheduler::new();
    let values = DropCounter::new();
    let set = |yard: &Scheduler| {
        let (once, again) = (values.panicking_payload(), values.panicking_payload());
        let once = yard.after(SECOND).io(async move { drop(once) });
        (
            once,
            yard.every(SECOND).io(move |_| {
                let _held = &again;
                std::future::ready(())
            }),
        )
    };
    let (once, again) = set(&yard);
    assert!(once.cancel() && again.cancel());
    assert_eq!((values.dropped(), unobserved(&yard, "io")), (2, 2));
    let _cut_by_the_end = set(&yard);
    let report = end(&yard).await;
    assert_eq!((values.dropped(), report.unobserved_failures(), report.cancelled_timers), (4, 4, 2));
    let _refused = set(&yard);
    assert_eq!((values.dropped(), unobserved(&yard, "io")), (6, 6));
}
