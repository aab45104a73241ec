//! What becomes of an entry whose timer or yard ends at the very instant at which it is being polled.

use std::future::{IntoFuture as _, pending};
use std::panic::Location;
use std::time::Duration;

use workyard_core::{Even, Missed, Overlap, Priority, Recurrence};

use super::*;
use crate::Scheduler;
use crate::schedule::entry::About;
use crate::schedule::pace::Pace;

const NUMBER: u64 = 1;

fn key() -> DueKey {
    DueKey::new(Moment::default(), Priority::NORMAL, NUMBER)
}

fn about(yard: &Scheduler) -> About {
    let (name, timeout, lane) = (None, None, Arc::clone(yard.io().shared()));
    About { name, site: Location::caller(), priority: Priority::NORMAL, timeout, retry: None, lane }
}

fn entry(yard: &Scheduler, is_tick: bool) -> Entry {
    Entry { about: about(yard), entering: Box::pin(pending()), is_tick }
}

/// A timer that fires once and is being polled.
fn once_on_the_way(yard: &Scheduler) -> (State, Entry) {
    let mut state = State::default();
    assert!(state.insert_once(key(), entry(yard, false)));
    let Step::Enter(_, entry) = state.next_step(Moment::default(), |_| false) else { panic!("it is due") };
    assert!(!state.is_settled());
    (state, entry)
}

/// A timer that fires again and again, whose tick is being polled.
fn tick_on_the_way(yard: &Scheduler) -> (State, Entry) {
    let mut state = State::default();
    let recurrence = Recurrence::new(Moment::default(), Missed::Skip, Overlap::Skip);
    let (about, pace) = (about(yard), Pace::Even(Even::new(Duration::from_secs(1))));
    let make = Arc::new(|_, _, _| -> crate::schedule::entry::Entering { Box::pin(pending()) });
    let series = Series { about, recurrence, pace, make, due: None, in_line: None };
    assert!(state.insert_series(key(), Box::new(series)));
    let Step::Make(..) = state.next_step(Moment::default(), |_| false) else { panic!("it is due") };
    let Ok(Step::Enter(_, entry)) = state.insert_tick(key(), entry(yard, true)) else { panic!("nobody is in line") };
    (state, entry)
}

/// Ends the poll, and says whether the entry is to be dropped, what the account says, and how many timers were cut.
fn settle(state: &mut State, yard: &Scheduler, polled: Polled) -> (bool, String, u64) {
    let lane = yard.io().shared();
    let left = state.settle(key(), lane, polled);
    assert!(state.is_settled());
    let account = state.account(lane);
    assert!(account.ledger.balances());
    (left.is_some(), account.ledger.to_string(), state.cut)
}

#[tokio::test]
async fn the_end_finds_a_timer_that_gets_no_room() {
    let yard = Scheduler::new();
    let (mut state, entry) = once_on_the_way(&yard);
    assert!(state.clear().is_empty());
    let settled = settle(&mut state, &yard, Polled::NoRoom(entry));
    assert_eq!(settled, (true, "accepted 1 = 0 completed + 1 cancelled".to_owned(), 1));
}

#[tokio::test]
async fn the_end_finds_a_timer_that_is_refused() {
    let yard = Scheduler::new();
    let (mut state, _polled) = once_on_the_way(&yard);
    assert!(state.clear().is_empty());
    let settled = settle(&mut state, &yard, Polled::Over { is_tick: false, is_in: false });
    assert_eq!(settled, (false, "accepted 1 = 0 completed + 1 cancelled".to_owned(), 1));
}

#[tokio::test]
async fn the_end_finds_a_timer_that_gets_in() {
    let yard = Scheduler::new();
    let (mut state, _polled) = once_on_the_way(&yard);
    assert!(state.clear().is_empty());
    let settled = settle(&mut state, &yard, Polled::Over { is_tick: false, is_in: true });
    assert_eq!(settled, (false, "accepted 0 = 0 completed".to_owned(), 0), "it is in its lane's account");
}

#[tokio::test]
async fn a_timer_on_the_way_is_not_cancelled_and_waits_if_there_is_no_room() {
    let yard = Scheduler::new();
    let (mut state, entry) = once_on_the_way(&yard);
    let lane = Arc::clone(yard.io().shared());
    assert!(state.cancel_once(&key(), &lane).is_none() && !state.has_once(&key(), &lane));
    let settled = settle(&mut state, &yard, Polled::NoRoom(entry));
    assert_eq!(settled, (false, "accepted 1 = 0 completed + 1 scheduled".to_owned(), 0));
    assert!(state.has_once(&key(), &lane));
    assert!(state.cancel_once(&key(), &lane).is_some_and(|cancelled| cancelled.was_next));
}

#[tokio::test]
async fn a_series_that_is_cancelled_takes_a_tick_on_the_way_along_unless_that_gets_in() {
    let yard = Scheduler::new();
    let (mut state, entry) = tick_on_the_way(&yard);
    assert!(state.cancel_series(NUMBER).is_some());
    let settled = settle(&mut state, &yard, Polled::NoRoom(entry));
    assert_eq!(settled, (true, "accepted 0 = 0 completed".to_owned(), 0));
    let Step::End = state.next_step(Moment::default(), |_| false) else { panic!("nothing is left") };
}

#[tokio::test]
async fn the_end_counts_a_series_and_not_its_tick() {
    let yard = Scheduler::new();
    let (mut state, entry) = tick_on_the_way(&yard);
    assert_eq!(state.clear().len(), 1);
    let settled = settle(&mut state, &yard, Polled::NoRoom(entry));
    assert_eq!(settled, (true, "accepted 0 = 0 completed".to_owned(), 1));
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_a_timer_on_the_way_and_reports_it_once() {
    let yard = Scheduler::new();
    let timer = yard.after(Duration::from_secs(1)).io(async {});
    let schedule = &timer.schedule;
    let later = Moment::new(Duration::from_hours(1));
    let Step::Enter(key, entry) = schedule.state.lock().next_step(later, |_| false) else { panic!("it is due") };
    let shutdown = schedule.yard.runtime.spawn(yard.shutdown().into_future()).unwrap();
    // Long enough for what else it waits for: the threads of the cpu lane, which need a CPU to end.
    for _ in 0..20_000 {
        std::thread::yield_now();
        tokio::task::yield_now().await;
    }
    assert!(!shutdown.is_finished());
    let left = schedule.state.lock().settle(key, &entry.about.lane, Polled::Over { is_tick: false, is_in: false });
    assert!(left.is_none());
    schedule.yard.task_ended();
    let report = shutdown.await.unwrap();
    assert_eq!(
        (report.total.to_string(), report.cancelled_timers),
        ("accepted 1 = 0 completed + 1 cancelled".to_owned(), 1)
    );
}
