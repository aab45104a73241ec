//! What becomes of an entry whose timer or yard ends at the very instant at which it is being polled.

use std::future::{IntoFuture as _, pending};
use std::panic::Location;
use std::task::{Context, Waker};
use std::time::Duration;

use workyard_core::{Even, Missed, Overlap, Priority, Recurrence};

use super::*;
use crate::Scheduler;
use crate::lane::{FutureTask, Value};
use crate::schedule::entry::About;
use crate::schedule::pace::Pace;
use crate::schedule::unmade::Unmade;
use crate::task::header::Options;

const NUMBER: u64 = 1;

fn key() -> DueKey {
    DueKey::new(Moment::default(), Priority::NORMAL, NUMBER)
}

fn make(lane: &Arc<LaneShared>, options: Options) -> Arc<dyn Task> {
    FutureTask::<Value>::described(lane, options).submit(pending::<()>()).into_task()
}

fn options() -> Options {
    Options::at(Location::caller()).scheduled()
}

/// A timer that fires once and is on its way.
fn once_on_the_way(yard: &Scheduler) -> (State, Batch) {
    let (mut state, mut batch) = (State::default(), Batch::default());
    let lane = state.lane_number(yard.io().shared());
    assert!(state.insert_once(key(), lane, Unmade::new(yard.io().shared(), options(), make)));
    let Step::Offer(_) = state.next_step(Moment::default(), &mut batch, |_| false) else { panic!("it is due") };
    assert!(!state.is_settled() && batch.keys == [(key(), false)]);
    (state, batch)
}

/// A timer that fires again and again, whose tick is on its way.
fn tick_on_the_way(yard: &Scheduler) -> (State, Batch) {
    let (mut state, mut batch) = (State::default(), Batch::default());
    let recurrence = Recurrence::new(Moment::default(), Missed::Skip, Overlap::Skip);
    let (name, timeout, lane) = (None, None, Arc::clone(yard.io().shared()));
    let about = About { name, site: Location::caller(), priority: Priority::NORMAL, timeout, retry: None, lane };
    let pace = Pace::Even(Even::new(Duration::from_secs(1)));
    let makes_none = Arc::new(|_, _, _| -> Arc<dyn Task> { unreachable!("the test makes it") });
    let series = Series { about, recurrence, pace, make: makes_none, due: None, in_line: None };
    assert!(state.insert_series(key(), Box::new(series)));
    let Step::Make(..) = state.next_step(Moment::default(), &mut batch, |_| false) else { panic!("it is due") };
    let Ok(Step::Offer(_)) = state.insert_tick(key(), make(yard.io().shared(), options()), &mut batch) else {
        panic!("nobody is in line")
    };
    (state, batch)
}

/// What the lane says.
#[derive(Clone, Copy)]
enum Said {
    In,
    NoRoom,
    Closed,
}

/// Ends the way, and says whether the entry is to be dropped, what the account says, and how many timers were cut.
fn settle(state: &mut State, yard: &Scheduler, mut batch: Batch, said: Said) -> (bool, String, u64) {
    let lane = yard.io().shared();
    batch.make(lane);
    let answer = match said {
        Said::In => {
            batch.tasks.clear();
            Answer::In
        }
        Said::NoRoom => Answer::Full(lane.line_up(&Context::from_waker(Waker::noop()))),
        Said::Closed => Answer::Closed,
    };
    let left = state.settle(lane, &mut batch, answer);
    assert!(batch.is_empty() && batch.tasks.is_empty());
    assert!(state.is_settled());
    let account = state.account(lane);
    assert!(account.ledger.balances());
    let is_left = !left.is_empty();
    left.into_iter().for_each(Left::clear);
    (is_left, account.ledger.to_string(), state.cut)
}

#[tokio::test]
async fn the_end_finds_a_timer_that_gets_no_room() {
    let yard = Scheduler::new();
    let (mut state, batch) = once_on_the_way(&yard);
    assert!(state.clear().is_empty());
    let settled = settle(&mut state, &yard, batch, Said::NoRoom);
    assert_eq!(settled, (true, "accepted 1 = 0 completed + 1 cancelled".to_owned(), 1));
}

#[tokio::test]
async fn the_end_finds_a_timer_that_is_refused() {
    let yard = Scheduler::new();
    let (mut state, batch) = once_on_the_way(&yard);
    assert!(state.clear().is_empty());
    let settled = settle(&mut state, &yard, batch, Said::Closed);
    assert_eq!(settled, (true, "accepted 1 = 0 completed + 1 cancelled".to_owned(), 1));
}

#[tokio::test]
async fn the_end_finds_a_timer_that_gets_in() {
    let yard = Scheduler::new();
    let (mut state, batch) = once_on_the_way(&yard);
    assert!(state.clear().is_empty());
    let settled = settle(&mut state, &yard, batch, Said::In);
    assert_eq!(settled, (false, "accepted 0 = 0 completed".to_owned(), 0), "it is in its lane's account");
}

#[tokio::test]
async fn a_timer_on_the_way_is_not_cancelled_and_waits_if_there_is_no_room() {
    let yard = Scheduler::new();
    let (mut state, batch) = once_on_the_way(&yard);
    let lane = state.lane_number(yard.io().shared());
    assert!(state.cancel_once(&key(), lane).is_none() && !state.has_once(&key(), lane));
    let settled = settle(&mut state, &yard, batch, Said::NoRoom);
    assert_eq!(settled, (false, "accepted 1 = 0 completed + 1 scheduled".to_owned(), 0));
    assert!(state.has_once(&key(), lane));
    assert!(state.cancel_once(&key(), lane).is_some_and(|cancelled| cancelled.was_next));
}

#[tokio::test]
async fn a_series_that_is_cancelled_takes_a_tick_on_the_way_along_unless_that_gets_in() {
    let yard = Scheduler::new();
    let (mut state, batch) = tick_on_the_way(&yard);
    assert!(state.cancel_series(NUMBER).is_some());
    let settled = settle(&mut state, &yard, batch, Said::NoRoom);
    assert_eq!(settled, (true, "accepted 0 = 0 completed".to_owned(), 0));
    let Step::End = state.next_step(Moment::default(), &mut Batch::default(), |_| false) else {
        panic!("nothing is left")
    };
}

#[tokio::test]
async fn who_is_behind_a_tick_that_is_cancelled_while_it_asks_for_room_is_next() {
    let yard = Scheduler::new();
    let lane = yard.io().shared();
    let (mut state, batch) = tick_on_the_way(&yard);
    let _settled = settle(&mut state, &yard, batch, Said::NoRoom);
    assert!(state.stands_in_line(lane));
    let (at, behind) = (state.lane_number(lane), DueKey::new(Moment::default(), Priority::NORMAL, NUMBER + 1));
    let _first = state.insert_once(behind, at, Unmade::new(lane, options(), make));
    let mut batch = Batch::default();
    let Step::Again = state.next_step(Moment::default(), &mut batch, |_| true) else {
        panic!("it goes behind the tick")
    };
    let Step::Redeem(tick, InLine { made, ticket }) = state.next_step(Moment::default(), &mut batch, |_| false) else {
        panic!("the tick is in line")
    };
    batch.push(tick, Entry::Made(made));
    batch.make(lane);
    assert!(state.cancel_series(NUMBER).is_some_and(|cancelled| cancelled.tick.is_none()), "it is on its way");
    state.settle(lane, &mut batch, Answer::Full(ticket)).into_iter().for_each(Left::clear);
    assert!(!state.stands_in_line(lane));
    let Step::Offer(_) = state.next_step(Moment::default(), &mut batch, |_| false) else { panic!("one is behind it") };
    assert_eq!(batch.keys, [(behind, false)]);
}

#[tokio::test]
async fn the_end_counts_a_series_and_not_its_tick() {
    let yard = Scheduler::new();
    let (mut state, batch) = tick_on_the_way(&yard);
    assert_eq!(state.clear().len(), 1);
    let settled = settle(&mut state, &yard, batch, Said::NoRoom);
    assert_eq!(settled, (true, "accepted 0 = 0 completed".to_owned(), 1));
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_a_timer_on_the_way_and_reports_it_once() {
    let yard = Scheduler::new();
    let timer = yard.after(Duration::from_secs(1)).io(async {});
    let schedule = &timer.schedule;
    let later = Moment::new(Duration::from_hours(1));
    let mut batch = Batch::default();
    let Step::Offer(lane) = schedule.state.lock().next_step(later, &mut batch, |_| false) else { panic!("it is due") };
    let shutdown = schedule.yard.runtime.spawn(yard.shutdown().into_future()).unwrap();
    // Long enough for what else it waits for: the threads of the cpu lane, which need a CPU to end.
    for _ in 0..20_000 {
        std::thread::yield_now();
        tokio::task::yield_now().await;
    }
    assert!(!shutdown.is_finished());
    batch.make(&lane);
    let left = schedule.state.lock().settle(&lane, &mut batch, Answer::Closed);
    left.into_iter().for_each(Left::clear);
    schedule.yard.task_ended();
    let report = shutdown.await.unwrap();
    assert_eq!(
        (report.total.to_string(), report.cancelled_timers),
        ("accepted 1 = 0 completed + 1 cancelled".to_owned(), 1)
    );
}
