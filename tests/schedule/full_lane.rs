//! Timers that are due while their lane is full.

use std::future::pending;

use tokio::time::{Instant, sleep};
use workyard::{Handle, Lane, Missed, Overlap, Priority, Scheduler};
use workyard_testkit::DropCounter;

use crate::common::{Log, SECOND, end, narrow, seconds, settle};

/// Takes the slot and the place of the io lane.
async fn fill(yard: &Scheduler) -> [Handle<()>; 2] {
    [yard.io().submit(pending()).await.unwrap(), yard.io().submit(pending()).await.unwrap()]
}

#[tokio::test(start_paused = true)]
async fn timers_wait_in_line_in_their_order_and_others_are_not_held_up() {
    let builder = Scheduler::builder().io(Lane::io().limit(1).queue(1));
    let yard = builder.lane("other", Lane::io().limit(1).queue(1)).build().unwrap();
    let held = fill(&yard).await;
    let log = Log::new();
    let add = |at: u32, what: &'static str| {
        let log = log.clone();
        (yard.after(at * SECOND), async move { log.add(what) })
    };
    let (timer, work) = add(2, "third");
    timer.io(work);
    let (timer, work) = add(1, "second");
    timer.io(work);
    let (timer, work) = add(1, "first");
    timer.priority(Priority::HIGH).io(work);
    let (timer, work) = add(3, "on the other lane");
    timer.io_on(yard.io_lane("other").unwrap(), work);
    sleep(4 * SECOND).await;
    assert_eq!(log.take(), ["on the other lane"]);
    let counts = yard.snapshot().lane("io").unwrap().counts;
    assert_eq!((counts.ledger.scheduled, counts.submitters, counts.refused), (3, 1, 0), "they stand there as one");
    assert_eq!(yard.scheduled().iter().map(|timer| timer.due_in.as_secs()).collect::<Vec<_>>(), [0, 0, 0]);
    for handle in held {
        handle.abort();
    }
    settle().await;
    assert_eq!(log.take(), ["first", "second", "third"]);
    let report = end(&yard).await;
    assert_eq!((report.total.accepted, report.total.completed, report.cancelled_timers), (6, 4, 0));
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_waits_for_room_can_be_cancelled_wherever_it_stands() {
    let yard = narrow();
    let held = fill(&yard).await;
    let (log, values) = (Log::new(), DropCounter::new());
    let timers: Vec<_> = (0..5)
        .map(|number| {
            let (log, value) = (log.clone(), values.payload());
            yard.after(SECOND).io(async move {
                log.add(number);
                drop(value);
            })
        })
        .collect();
    sleep(2 * SECOND).await;
    for (dropped, number) in (1..).zip([0, 2, 4]) {
        assert!(timers[number].is_scheduled() && timers[number].cancel() && !timers[number].cancel());
        assert_eq!(values.dropped(), dropped, "its work is gone at once");
    }
    settle().await;
    assert_eq!(yard.snapshot().lane("io").unwrap().counts.submitters, 1, "the next one stands in line");
    for handle in held {
        handle.abort();
    }
    settle().await;
    assert_eq!(log.take(), [1, 3]);
    assert_eq!(end(&yard).await.total.cancelled, 5);
}

#[tokio::test(start_paused = true)]
async fn the_last_in_line_leaves_no_place_behind() {
    let yard = narrow();
    let held = fill(&yard).await;
    let timer = yard.after(SECOND).io(async {});
    sleep(2 * SECOND).await;
    assert!(timer.cancel());
    let counts = yard.snapshot().lane("io").unwrap().counts;
    assert_eq!((counts.submitters, counts.promised), (0, 0));
    for handle in held {
        handle.abort();
    }
    settle().await;
    yard.io().run(async {}).await.unwrap();
    let _report = end(&yard).await;
}

/// The ticks of each second, of which the first finds the lane full for five and a half.
async fn ticks(missed: Missed, overlap: Overlap) -> Vec<(u64, u64, u64)> {
    let yard = narrow();
    let held = fill(&yard).await;
    let (began, log) = (Instant::now(), Log::new());
    let told = log.clone();
    yard.every(SECOND)
        .missed(missed)
        .overlap(overlap)
        .io(move |tick| told.told((tick.number(), (tick.due() - began).as_secs(), tick.missed())));
    sleep(5 * SECOND + SECOND / 2).await;
    let counts = yard.snapshot().lane("io").unwrap().counts;
    assert_eq!((counts.submitters, counts.ledger.scheduled), (1, 0), "one tick waits, and is no task yet");
    assert_eq!(yard.scheduled().len(), 1);
    for handle in held {
        handle.abort();
    }
    settle().await;
    sleep(SECOND).await;
    settle().await;
    let report = end(&yard).await;
    assert_eq!(report.lane("io").unwrap().counts.refused, 0);
    log.take()
}

#[tokio::test(start_paused = true)]
async fn a_tick_waits_for_room_and_those_that_follow_go_by_the_rules() {
    let first = (0, 1, 0);
    assert_eq!(ticks(Missed::Skip, Overlap::Skip).await, [first, (1, 6, 4)]);
    assert_eq!(ticks(Missed::Skip, Overlap::Allow).await, [first, (1, 6, 4)]);
    assert_eq!(ticks(Missed::Skip, Overlap::Queue).await, [first, (1, 2, 3), (2, 6, 0)]);
    let all: Vec<_> = (0..6).map(|number| (number, number + 1, 0)).collect();
    assert_eq!(ticks(Missed::Burst, Overlap::Queue).await, all);
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_is_cancelled_takes_its_tick_out_of_the_line() {
    let yard = narrow();
    let held = fill(&yard).await;
    let values = DropCounter::new();
    let value = values.payload();
    let timer = yard.every(SECOND).io(move |tick| {
        let _held = &value;
        unreachable!("{tick:?}");
        #[expect(unreachable_code, reason = "for its type")]
        async {}
    });
    sleep(3 * SECOND).await;
    assert!(timer.cancel());
    assert_eq!((values.dropped(), yard.snapshot().lane("io").unwrap().counts.submitters), (1, 0));
    for handle in held {
        handle.abort();
    }
    sleep(10 * SECOND).await;
    assert_eq!(end(&yard).await.total.accepted, 2);
}

#[tokio::test(start_paused = true)]
async fn other_submitters_get_their_turn_among_many_timers() {
    let yard = narrow();
    let [first, second] = fill(&yard).await;
    let log = Log::new();
    for number in 0..10 {
        let log = log.clone();
        yard.after(SECOND).io(async move { log.add(number) });
    }
    sleep(2 * SECOND).await;
    let (lane, told) = (yard.io().clone(), log.clone());
    let other = tokio::spawn(async move { lane.run(async move { told.add(100) }).await });
    settle().await;
    first.abort();
    second.abort();
    other.await.unwrap().unwrap();
    settle().await;
    let order = log.take();
    let turn = order.iter().position(|&number| number == 100).unwrap();
    assert!(turn <= 2, "second in line, and not behind all: {order:?}");
    assert_eq!(order.len(), 11);
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn seconds_are_whole_on_a_lane_with_room() {
    let yard = narrow();
    let (began, log) = (Instant::now(), Log::new());
    let told = log.clone();
    yard.every(SECOND).io(move |tick| told.told(seconds(tick, began)));
    sleep(2 * SECOND).await;
    settle().await;
    assert_eq!(log.take(), [(0, 1, 0, 0), (1, 2, 0, 0)]);
    let _report = end(&yard).await;
}
