//! Timers by cron patterns, whose clock is the one on the wall, as far ahead of it as the paused clock is.

use std::time::SystemTime;

use tokio::time::{Duration, Instant, advance, sleep};
use workyard::{Scheduler, TimerKind};

use crate::common::{Log, SECOND, end, settle};

const HOUR: Duration = Duration::from_hours(1);
const DAY: u64 = 24 * 60 * 60;

/// What the wall shows at an instant, in seconds of a day, and how far that is from a whole second.
fn wall_clock() -> impl Fn(Instant) -> (u64, Duration) + Send + Sync + Clone {
    let (wall, began) = (SystemTime::now(), Instant::now());
    move |instant| {
        let shown = (wall + (instant - began)).duration_since(SystemTime::UNIX_EPOCH).unwrap();
        // To the nearest second: the two clocks are not read at one instant.
        let nearest = Duration::from_secs((shown + SECOND / 2).as_secs());
        (nearest.as_secs() % DAY, nearest.abs_diff(shown))
    }
}

#[tokio::test(start_paused = true)]
async fn a_pattern_ticks_when_the_clock_on_the_wall_shows_it() {
    let yard = Scheduler::new();
    let (log, shown) = (Log::new(), wall_clock());
    let told = log.clone();
    let timer = yard
        .cron("0 3 * * *")
        .unwrap()
        .name("nightly")
        .io(move |tick| told.told((tick.number(), shown(tick.due()), tick.late(), tick.missed())));
    let [nightly] = &yard.scheduled()[..] else { panic!("one timer") };
    assert_eq!(nightly.kind, TimerKind::Cron("0 3 * * *".into()));
    assert!(nightly.to_string().starts_with("\"nightly\" on io, cron 0 3 * * *, due in "), "{nightly}");
    sleep(5 * 24 * HOUR).await;
    settle().await;
    assert!(timer.cancel());
    let ticks = log.take();
    assert_eq!(ticks.len(), 5);
    for (expected, (number, (second_of_day, off), late, missed)) in (0..).zip(ticks) {
        assert_eq!((number, second_of_day, missed), (expected, 3 * 60 * 60, 0));
        assert!(off < SECOND / 10 && late < Duration::from_millis(10), "{off:?} off, {late:?} late");
    }
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_suspended_hour_one_tick_catches_up() {
    let yard = Scheduler::new();
    let log = Log::new();
    let told = log.clone();
    yard.cron("* * * * *").unwrap().io(move |tick| told.told((tick.late().as_secs() / 60, tick.missed())));
    advance(HOUR).await;
    settle().await;
    let ticks = log.take();
    // The hour began within a minute, so its first minute is up to one short.
    assert!(matches!(ticks[..], [(58..=60, 58..=59)]), "{ticks:?}");
    sleep(61 * SECOND).await;
    settle().await;
    assert!(matches!(log.take()[..], [(0, 0)] | [(0, 0), (0, 0)]));
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn a_first_tick_may_be_put_off() {
    let yard = Scheduler::new();
    yard.cron("* * * * * *").unwrap().first_after(HOUR).io(|_| std::future::ready(()));
    let due_in = yard.scheduled()[0].due_in;
    assert!(due_in + SECOND > HOUR && due_in <= HOUR + SECOND, "{due_in:?}");
    yard.cron("* * * * *").unwrap().first_after(Duration::MAX).io(|_| std::future::ready(()));
    sleep(HOUR / 2).await;
    assert_eq!(end(&yard).await.total.accepted, 0);
}

#[tokio::test]
async fn what_is_no_pattern_or_no_zone_is_refused() {
    let yard = Scheduler::new();
    assert!(yard.cron("").is_err() && yard.cron("0 0 31 4 *").is_err());
    let error = yard.cron_in("0 3 * * *", "Nowhere/Land").unwrap_err();
    assert_eq!(error.to_string(), "cron pattern \"0 3 * * *\": there is no time zone \"Nowhere/Land\"");
    assert!(yard.cron_in("0 3 * * *", "CET-1CEST,M3.5.0,M10.5.0/3").is_ok());
    assert!(yard.scheduled().is_empty());
}
