//! Many timers that are due together: let in together, and still each by itself as far as anybody can tell.

use std::collections::BTreeMap;
use std::future::pending;

use tokio::time::{Duration, Instant, advance, sleep};
use workyard::{Lane, Order, Priority, Scheduler, Timer};
use workyard_testkit::{DropCounter, Rng, SeedOnPanic, seeds};

use crate::common::{Log, SECOND, end, settle};

/// One at a time, so that they run in the order in which they come.
fn one_by_one() -> Scheduler {
    Scheduler::builder().io(Lane::io().limit(1).queue(1_000)).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn timers_fire_in_their_order_whatever_is_set_and_cancelled_meanwhile() {
    for seed in seeds(20) {
        let _seed = SeedOnPanic::new(seed);
        let mut rng = Rng::new(seed);
        let (yard, log, began) = (one_by_one(), Log::new(), Instant::now());
        // By due time, from the most urgent, by the order in which they were set.
        let mut model: BTreeMap<(Instant, std::cmp::Reverse<Priority>, u32), Timer> = BTreeMap::new();
        let (mut number, mut fired, mut cancelled) = (0, 0, 0);
        while number < 600 || !model.is_empty() {
            for _ in 0..rng.below(40) {
                if number >= 600 {
                    break;
                }
                number += 1;
                let (delay, priority) = (Duration::from_millis(rng.below(50) as u64), *rng.pick(&Priority::ALL));
                let (log, told) = (log.clone(), number);
                let timer = yard.after(delay).priority(priority).io(async move { log.add(told) });
                model.insert((Instant::now() + delay, std::cmp::Reverse(priority), number), timer);
            }
            for _ in 0..rng.below(5) {
                let Some((&key, _)) = model.iter().nth(rng.below(model.len().max(1))) else { break };
                assert!(model.remove(&key).unwrap().cancel(), "it is not due");
                cancelled += 1;
            }
            advance(Duration::from_millis(1 + rng.below(9) as u64)).await;
            for _ in 0..3 {
                settle().await;
            }
            let later =
                model.split_off(&(Instant::now() + Duration::from_nanos(1), std::cmp::Reverse(Priority::HIGHEST), 0));
            let due = std::mem::replace(&mut model, later);
            let due: Vec<u32> = due.into_keys().map(|(_, _, number)| number).collect();
            fired += due.len() as u64;
            assert_eq!(log.take(), due, "after {:?}", began.elapsed());
        }
        let report = end(&yard).await;
        assert_eq!((report.total.completed, report.total.cancelled), (fired, cancelled));
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_as_there_is_room_for_are_let_in_and_the_rest_waits_in_order() {
    let yard = Scheduler::builder().io(Lane::io().limit(1).queue(50)).build().unwrap();
    let held = yard.io().submit(pending::<()>()).await.unwrap();
    let log = Log::new();
    for number in 0..200 {
        let log = log.clone();
        yard.after(SECOND).io(async move { log.add(number) });
    }
    sleep(2 * SECOND).await;
    let counts = yard.snapshot().lane("io").unwrap().counts;
    assert_eq!((counts.ledger.queued, counts.ledger.scheduled, counts.submitters), (50, 150, 1));
    assert!(held.abort());
    for _ in 0..10 {
        settle().await;
    }
    assert_eq!(log.take(), (0..200).collect::<Vec<_>>());
    assert_eq!(end(&yard).await.total.completed, 200);
}

#[tokio::test(start_paused = true)]
async fn each_is_offered_by_itself_so_the_first_starts_on_a_lane_where_the_last_goes_first() {
    let yard = Scheduler::builder().io(Lane::io().limit(1).queue(10).order(Order::Lifo)).build().unwrap();
    let log = Log::new();
    for number in 0..5 {
        let log = log.clone();
        yard.after(SECOND).io(async move { log.add(number) });
    }
    sleep(2 * SECOND).await;
    settle().await;
    assert_eq!(log.take(), [0, 4, 3, 2, 1]);
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn timers_of_two_lanes_keep_their_own_order_and_all_come() {
    let yard = Scheduler::builder().io(Lane::io().limit(1)).lane("other", Lane::io().limit(1)).build().unwrap();
    let (logs, other) = ([Log::new(), Log::new()], yard.io_lane("other").unwrap().clone());
    for number in 0..300_usize {
        let log = logs[number % 2].clone();
        let timer = yard.after(Duration::from_millis(number as u64 / 10));
        let work = async move { log.add(number) };
        if number % 2 == 0 {
            timer.io(work)
        } else {
            timer.io_on(&other, work)
        };
    }
    sleep(SECOND).await;
    settle().await;
    for (parity, log) in logs.iter().enumerate() {
        assert_eq!(log.take(), (0..300).filter(|number| number % 2 == parity).collect::<Vec<_>>());
    }
    assert_eq!(end(&yard).await.total.completed, 300);
}

#[tokio::test(start_paused = true)]
async fn limits_of_time_are_those_of_each_task() {
    let yard = Scheduler::new();
    for number in 0..100 {
        let timer = yard.after(SECOND);
        let timer = if number % 3 == 0 { timer.name("short").timeout(SECOND) } else { timer };
        timer.io(sleep(2 * SECOND));
    }
    sleep(10 * SECOND).await;
    let report = end(&yard).await;
    assert_eq!((report.total.timed_out, report.total.completed), (34, 66));
}

#[tokio::test(start_paused = true)]
async fn bodies_that_panic_in_their_drop_hurt_none_of_those_beside_them() {
    let (yard, values, log) = (one_by_one(), DropCounter::new(), Log::new());
    for number in 0..100 {
        let (value, log) = ((number % 2 == 0).then(|| values.panicking_payload()), log.clone());
        yard.after(SECOND).io(async move {
            log.add(number);
            drop(value);
        });
    }
    sleep(2 * SECOND).await;
    for _ in 0..5 {
        settle().await;
    }
    assert_eq!((log.take(), values.dropped()), ((0..100).collect::<Vec<_>>(), 50));
    let report = end(&yard).await;
    assert_eq!((report.total.panicked, report.total.completed), (50, 50));
}
