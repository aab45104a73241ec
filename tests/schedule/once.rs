//! Timers that fire once: when, in which order, and what cancelling does.

use std::time::SystemTime;

use tokio::time::{Duration, Instant, advance, sleep};
use workyard::{Lane, Order, Priority, Scheduler, TimerKind};
use workyard_testkit::{DropCounter, wait_for_async};

use crate::common::{Log, SECOND, SOON, end, settle};

#[tokio::test(start_paused = true)]
async fn a_timer_fires_once_when_its_time_has_come_and_never_before() {
    let yard = Scheduler::new();
    let (began, log) = (Instant::now(), Log::new());
    let told = log.clone();
    let timer = yard.after(3 * SECOND).io(async move { told.add(began.elapsed()) });
    assert_eq!(yard.snapshot().ledger().to_string(), "accepted 1 = 0 completed + 1 scheduled");
    advance(Duration::from_millis(2_999)).await;
    settle().await;
    assert_eq!((log.len(), timer.due_in()), (0, Some(Duration::from_millis(1))));
    advance(Duration::from_millis(1)).await;
    settle().await;
    assert_eq!(log.take(), [3 * SECOND]);
    assert!(!timer.is_scheduled() && !timer.cancel(), "it has fired");
    sleep(100 * SECOND).await;
    assert_eq!(log.len(), 0);
    assert_eq!(end(&yard).await.to_string(), "accepted 1 = 1 completed; stuck: none");
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_lane_has_timers_and_so_have_named_ones() {
    let builder = Scheduler::builder().lane("db", Lane::io()).lane("math", Lane::cpu().threads(1));
    let yard = builder.lane("disk", Lane::blocking()).build().unwrap();
    let log = Log::new();
    let tell = || {
        let log = log.clone();
        move || log.add(())
    };
    let tell_async = || {
        let log = log.clone();
        async move { log.add(()) }
    };
    let _detached = [
        yard.after(SECOND).io(tell_async()),
        yard.after(SECOND).cpu(tell()),
        yard.after(SECOND).blocking(tell()),
        yard.after(SECOND).io_on(yard.io_lane("db").unwrap(), tell_async()),
        yard.after(SECOND).cpu_on(yard.cpu_lane("math").unwrap(), tell()),
        yard.after(SECOND).blocking_on(yard.blocking_lane("disk").unwrap(), tell()),
    ];
    for lane in ["io", "cpu", "blocking", "db", "math", "disk"] {
        assert_eq!(yard.snapshot().lane(lane).unwrap().counts.ledger.scheduled, 1, "{lane}");
    }
    advance(SECOND).await;
    wait_for_async("all have run", SOON, || log.len() == 6).await;
    assert_eq!(end(&yard).await.to_string(), "accepted 6 = 6 completed; stuck: none");
}

#[tokio::test(start_paused = true)]
async fn equal_times_fire_by_priority_and_then_by_insertion() {
    let yard = Scheduler::builder().io(Lane::io().limit(1).order(Order::Fifo)).build().unwrap();
    let log = Log::new();
    let add = |at: u32, priority: Priority, what: &'static str| {
        let log = log.clone();
        yard.after(at * SECOND).priority(priority).io(async move { log.add(what) });
    };
    add(2, Priority::HIGHEST, "later");
    add(1, Priority::LOW, "low, first");
    add(1, Priority::HIGH, "high, first");
    add(1, Priority::NORMAL, "normal");
    add(1, Priority::HIGH, "high, second");
    add(1, Priority::LOW, "low, second");
    sleep(2 * SECOND).await;
    settle().await;
    assert_eq!(log.take(), ["high, first", "high, second", "normal", "low, first", "low, second", "later"]);
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn an_earlier_timer_that_is_added_later_wakes_the_sleeper() {
    let yard = Scheduler::new();
    let (began, log) = (Instant::now(), Log::new());
    for at in [10, 5, 7, 1, 3] {
        let told = log.clone();
        yard.after(at * SECOND).io(async move { told.add(began.elapsed().as_secs()) });
        // The sleeper sleeps until the one that is the first by now.
        settle().await;
    }
    for (seconds, fired) in [(1, vec![1]), (1, vec![]), (1, vec![3]), (4, vec![5, 7]), (3, vec![10])] {
        for _ in 0..seconds {
            advance(SECOND).await;
            settle().await;
        }
        assert_eq!(log.take(), fired);
    }
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn cancelling_in_time_drops_the_work_at_once() {
    let yard = Scheduler::new();
    let values = DropCounter::new();
    let (kept, value) = (values.payload(), values.payload());
    let timer = yard.after(SECOND).io(async move { drop(value) });
    let other = yard.after(SECOND).cpu(move || drop(kept));
    assert!(timer.is_scheduled() && timer.cancel());
    assert_eq!(values.dropped(), 1);
    assert!(!timer.is_scheduled() && !timer.cancel(), "it was cancelled before");
    drop(other);
    advance(SECOND).await;
    // Until it is counted: shutdown's deadline is one of the clock that does not wait for threads.
    wait_for_async("the other one has run", SOON, || yard.snapshot().ledger().completed == 1).await;
    assert_eq!(values.dropped(), 2);
    let report = end(&yard).await;
    assert_eq!(
        report.to_string(),
        "accepted 2 = 1 completed + 1 cancelled; stuck: none\n  never started: 1 (io 1)",
        "a cancelled timer is a task that was cancelled"
    );
}

#[tokio::test(start_paused = true)]
async fn cancelling_one_of_many_leaves_the_others() {
    let yard = Scheduler::new();
    let log = Log::new();
    let timers: Vec<_> = (0..100_u32)
        .map(|at| {
            let log = log.clone();
            yard.after((at % 10 + 1) * SECOND).io(async move { log.add(at) })
        })
        .collect();
    for cancelled in timers.iter().step_by(2) {
        assert!(cancelled.cancel());
    }
    sleep(11 * SECOND).await;
    let mut expected: Vec<u32> = (1..100).step_by(2).collect();
    expected.sort_by_key(|at| (at % 10, *at));
    assert_eq!(log.take(), expected);
    let report = end(&yard).await;
    assert_eq!((report.total.completed, report.total.cancelled, report.cancelled_timers), (50, 50, 0));
}

/// Work is kept among the timers, in a box, or in its task, by its size.
#[tokio::test(start_paused = true)]
async fn work_of_any_size_fires_or_is_cancelled_cut_or_refused_and_is_listed() {
    async fn ends_of<const SIZE: usize>() {
        let (yard, values, log) = (Scheduler::new(), DropCounter::new(), Log::new());
        let set = |delay: Duration| {
            let (value, ballast, log) = (values.payload(), [7_u8; SIZE], log.clone());
            yard.after(delay).name("ballast").cpu(move || {
                drop(value);
                log.add(ballast.into_iter().map(u64::from).sum::<u64>());
            })
        };
        let (_fires, cancelled, _cut) = (set(SECOND), set(SECOND), set(10 * SECOND));
        let listed: Vec<_> = yard.scheduled().into_iter().map(|timer| timer.name.unwrap()).collect();
        assert_eq!(listed, ["ballast"; 3], "{SIZE} bytes");
        assert!(cancelled.cancel() && values.alive() == 2, "{SIZE} bytes");
        sleep(2 * SECOND).await;
        wait_for_async("it has fired", SOON, || log.len() == 1).await;
        assert_eq!(log.take(), [7 * SIZE as u64]);
        let report = end(&yard).await;
        assert_eq!((report.total.completed, report.total.cancelled, report.cancelled_timers), (1, 2, 1));
        let _refused = set(SECOND);
        assert_eq!((values.made(), values.alive(), log.len()), (4, 0, 0), "{SIZE} bytes");
    }
    ends_of::<0>().await;
    ends_of::<100>().await;
    ends_of::<10_000>().await;
}

#[tokio::test(start_paused = true)]
async fn a_time_on_the_wall_is_met_and_one_that_has_passed_fires_at_once() {
    let yard = Scheduler::new();
    let log = Log::new();
    for (what, at) in [("past", SystemTime::UNIX_EPOCH), ("in an hour", SystemTime::now() + Duration::from_hours(1))] {
        let log = log.clone();
        yard.at(at).name(what).io(async move { log.add(what) });
    }
    settle().await;
    assert_eq!(log.take(), ["past"]);
    let left = yard.scheduled()[0].due_in;
    // The clock on the wall is not paused, so a little of the hour is gone.
    assert!(left <= Duration::from_hours(1) && left > Duration::from_mins(59), "{left:?}");
    sleep(left).await;
    settle().await;
    assert_eq!(log.take(), ["in an hour"]);
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn a_time_without_end_never_comes() {
    let yard = Scheduler::new();
    for far in
        [Duration::MAX, Duration::MAX / 2, Duration::from_secs(u64::MAX / 2), 600 * Duration::from_hours(24 * 365)]
    {
        yard.after(far).io(async { unreachable!("never") });
        yard.every(far).io(async |_| unreachable!("never"));
        yard.every(SECOND).first_after(far).io(async |_| unreachable!("never"));
    }
    yard.every(Duration::MAX).first_after(Duration::ZERO).name("the first only").io(async |_| {});
    for _ in 0..20 {
        advance(Duration::from_hours(24 * 365)).await;
        settle().await;
    }
    assert_eq!(yard.scheduled().len(), 13);
    assert_eq!(end(&yard).await.total.completed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_timer_of_several_years_fires_when_they_are_over() {
    let yard = Scheduler::new();
    let (began, log) = (Instant::now(), Log::new());
    let (years, told) = (5 * Duration::from_hours(24 * 365), log.clone());
    yard.after(years).io(async move { told.add(began.elapsed()) });
    sleep(years / 2).await;
    assert_eq!(log.len(), 0);
    sleep(years / 2 + SECOND).await;
    assert_eq!(log.take(), [years]);
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn on_the_lane_of_a_later_yard_a_timer_counts_from_when_it_entered_that() {
    let early = Scheduler::new();
    advance(3_600 * SECOND).await;
    let late = Scheduler::new();
    early.after(SECOND).io_on(late.io(), async { sleep(2 * SECOND).await });
    sleep(2 * SECOND).await;
    settle().await;
    let ages: Vec<_> = late.tasks().iter().map(|task| task.age).collect();
    assert_eq!(ages, [SECOND]);
    sleep(2 * SECOND).await;
    settle().await;
    let (wait, run) = (late.snapshot().lanes[0].wait, late.snapshot().lanes[0].run);
    assert_eq!((wait.max, run.max), (Duration::ZERO, 2 * SECOND));
    let _reports = (end(&early).await, end(&late).await);
}

#[tokio::test(start_paused = true)]
async fn what_is_due_next_is_listed_in_order() {
    let yard = Scheduler::builder().lane("db", Lane::io()).build().unwrap();
    yard.after(20 * SECOND).io(async {});
    yard.every(10 * SECOND).name("sweep").cpu(|_| {});
    let line = line!() + 1;
    let one = yard.after(5 * SECOND).name("once").io_on(yard.io_lane("db").unwrap(), async {});
    advance(SECOND).await;
    let listed = yard.scheduled();
    let read: Vec<_> =
        listed.iter().map(|t| (t.name.as_deref(), &*t.lane, t.due_in.as_secs(), t.kind.clone())).collect();
    assert_eq!(
        read,
        [
            (Some("once"), "db", 4, TimerKind::Once),
            (Some("sweep"), "cpu", 9, TimerKind::Every(10 * SECOND)),
            (None, "io", 19, TimerKind::Once),
        ]
    );
    let site = listed[0].submitted_at;
    assert_eq!((site.line(), site.file()), (line, file!()));
    assert_eq!(listed[0].to_string(), format!("\"once\" on db, once, due in 4.0s, set at {site}"));
    assert!(one.cancel());
    assert_eq!(yard.scheduled().len(), 2);
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn the_task_of_a_timer_is_called_as_the_timer_is() {
    let yard = Scheduler::new();
    let line = line!() + 1;
    yard.after(SECOND).name("slow").timeout(SECOND).io(std::future::pending::<()>());
    sleep(SECOND).await;
    settle().await;
    let tasks = yard.tasks();
    assert_eq!((tasks[0].name.as_deref(), tasks[0].submitted_at.line()), (Some("slow"), line));
    sleep(2 * SECOND).await;
    assert_eq!(end(&yard).await.total.timed_out, 1);
}

#[tokio::test(start_paused = true)]
async fn timers_that_are_due_at_one_instant_leave_others_their_turn() {
    const MANY: u32 = 100_000;
    let yard = Scheduler::builder().io(Lane::io().limit(1_000).queue(100_000)).build().unwrap();
    for _ in 0..MANY {
        yard.after(SECOND).io(async {});
    }
    let settled = |yard: &Scheduler| yard.snapshot().lane("io").unwrap().counts.ledger;
    assert_eq!(settled(&yard).scheduled, MANY.into());
    advance(SECOND).await;
    let watched = yard.clone();
    let other = tokio::spawn(async move {
        let (mut before, mut most, mut turns) = (u64::from(MANY), 0, 0);
        while before > 0 {
            tokio::task::yield_now().await;
            let now = settled(&watched).scheduled;
            most = most.max(before - now);
            (before, turns) = (now, turns + 1);
            assert!(turns < 10 * MANY, "they do fire");
        }
        most
    });
    let most = other.await.unwrap();
    // A turn is 512 of them, and after each fourth one those go on that have yielded; the two that meet may take turns in either order.
    assert!(most <= 5 * 512, "{most} fired between two turns of another task");
    assert_eq!(end(&yard).await.total.completed, MANY.into());
}
