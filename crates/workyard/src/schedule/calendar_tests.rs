//! Patterns against clocks that are set, and zones whose clocks are.

use workyard_core::{Due, Overlap};

use super::*;

/// Central Europe, by its rule, so that no list of zones has to be there.
const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn calendar(pattern: &str, zone: Option<&str>, due: &str) -> Calendar {
    Calendar { due: Some(time(due)), ..Calendar::parse(pattern, zone).unwrap() }
}

/// The times that follow.
fn following(pattern: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
    let calendar = calendar(pattern, Some(zone), from);
    let times = std::iter::successors(Some(time(from)), |&at| calendar.after(at));
    times.skip(1).take(count).map(|at| at.to_string()).collect()
}

fn at(seconds: u64) -> Moment {
    Moment::new(Duration::from_secs(seconds))
}

fn run(number: u64, due: u64, missed: u64) -> Verdict {
    Verdict::Run(Due { number, at: at(due), missed })
}

#[test]
fn a_time_that_the_clock_skips_is_met_right_after_it() {
    assert_eq!(
        following("30 2 * * *", BERLIN, "2026-03-27T12:00:00Z", 4),
        ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"]
    );
}

#[test]
fn a_time_that_the_clock_shows_twice_is_met_once() {
    assert_eq!(
        following("30 2 * * *", BERLIN, "2026-10-24T12:00:00Z", 3),
        ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"]
    );
}

#[test]
fn an_interval_goes_on_through_both_changes_of_the_clock() {
    assert_eq!(
        following("*/30 * * * *", BERLIN, "2026-10-24T23:30:00Z", 6),
        [
            "2026-10-25T00:00:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:00:00Z",
            "2026-10-25T01:30:00Z",
            "2026-10-25T02:00:00Z",
            "2026-10-25T02:30:00Z",
        ]
    );
    assert_eq!(
        following("*/30 * * * *", BERLIN, "2026-03-29T00:00:00Z", 3),
        ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]
    );
}

#[test]
fn a_clock_that_is_set_back_puts_the_tick_off() {
    let mut calendar = calendar("0 3 * * *", None, "2026-06-01T03:00:00Z");
    let mut recurrence = Recurrence::new(at(0), Missed::Skip, Overlap::Skip);
    let wall = time("2026-06-01T02:30:00Z").into();
    let verdict = calendar.due_by(&mut recurrence, at(10_000), wall);
    assert_eq!(verdict, (Verdict::Pass, at(11_800)), "half an hour is left");
    let wall = time("2026-05-31T03:00:00Z").into();
    let verdict = calendar.due_by(&mut recurrence, at(11_800), wall);
    assert_eq!(verdict, (Verdict::Pass, at(15_400)), "a whole day, but it looks again in an hour");
    assert_eq!(recurrence.next(), at(11_800 + 86_400));
}

#[test]
fn a_clock_that_is_set_forward_has_one_tick_and_no_burst() {
    let mut calendar = calendar("0 * * * *", None, "2026-06-01T03:00:00Z");
    let mut recurrence = Recurrence::new(at(0), Missed::Skip, Overlap::Skip);
    let wall = time("2026-06-02T03:30:00Z").into();
    let verdict = calendar.due_by(&mut recurrence, at(100_000), wall);
    assert_eq!(verdict, (run(0, 100_000 - 24 * 3_600 - 1_800, 24), at(101_800)));
}

#[test]
fn very_many_missed_times_are_not_all_counted() {
    let mut calendar = calendar("* * * * * *", None, "2026-06-01T00:00:00Z");
    let mut recurrence = Recurrence::new(at(0), Missed::Skip, Overlap::Skip);
    let wall = time("2026-06-02T00:00:00.5Z").into();
    let verdict = calendar.due_by(&mut recurrence, at(200_000), wall);
    let Verdict::Run(due) = verdict.0 else { panic!("{verdict:?}") };
    assert_eq!(due.missed, COUNTED);
    assert_eq!(recurrence.next().since(at(200_000)), Duration::from_millis(500));
}

#[test]
fn what_never_matches_again_is_never_due() {
    let mut calendar = calendar("0 0 1 1 *", None, "2026-01-01T00:00:00Z");
    calendar.due = None;
    let mut recurrence = Recurrence::new(at(0), Missed::Skip, Overlap::Skip);
    let never = Moment::new(Duration::MAX);
    assert_eq!(calendar.due_by(&mut recurrence, at(5), Clock::wall()), (Verdict::Pass, never));
}

#[test]
fn errors_say_what_is_wrong() {
    let error = |pattern, zone| Calendar::parse(pattern, zone).unwrap_err().to_string();
    assert!(error("every day", None).starts_with("cron pattern \"every day\": "));
    assert!(error("61 * * * *", None).starts_with("cron pattern \"61 * * * *\": "));
    assert_eq!(
        error("0 3 * * *", Some("Nowhere/Land")),
        "cron pattern \"0 3 * * *\": there is no time zone \"Nowhere/Land\""
    );
    assert_eq!(error("0 0 30 2 *", None), "cron pattern \"0 0 30 2 *\": no time to come matches it");
}
