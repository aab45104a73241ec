//! A day in the life of one yard: what is due once a second is done once a second, and nothing piles up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use workyard::{Lane, Reason, Scheduler};
use workyard_testkit::simulation::blocking_sleep;
use workyard_testkit::{Simulation, simulate};

const DAY: Duration = Duration::from_hours(24);

/// How many days are to pass, by `WORKYARD_DAYS`; one if it is not set.
fn days() -> u32 {
    std::env::var("WORKYARD_DAYS").map_or(1, |days| days.parse().expect("WORKYARD_DAYS is a number of days"))
}

#[test]
fn a_day_passes() {
    let days = days();
    let all = DAY * days;
    let simulation = Simulation::new(24).steps_at_most(10_000_000 * u64::from(days)).without_log();
    let run = simulation.run(async |sim| {
        let yard = Scheduler::builder().io(Lane::io().limit(8)).cpu(Lane::cpu().threads(2)).build().unwrap();
        let (seconds, minutes) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counts = Arc::clone(&seconds);
        let each_second = yard.every(Duration::from_secs(1)).io(move |tick| {
            assert_eq!((tick.missed(), tick.late()), (0, Duration::ZERO));
            let counts = Arc::clone(&counts);
            async move {
                counts.fetch_add(1, SeqCst);
            }
        });
        let counts = Arc::clone(&minutes);
        let each_minute = yard.every(Duration::from_mins(1)).cpu(move |_tick| {
            blocking_sleep(Duration::from_secs(20));
            counts.fetch_add(1, SeqCst);
        });
        let mut rng = sim.rng();
        let mut timed_out = 0;
        for _ in 0..48 * days {
            // Now and then a task that takes longer than it may.
            let takes = Duration::from_mins(rng.below(20) as u64);
            let ended = yard.io().task("slow").timeout(Duration::from_mins(10)).run(tokio::time::sleep(takes)).await;
            timed_out += u64::from(ended.is_err_and(|error| error.reason() == Some(Reason::Timeout)));
        }
        tokio::time::sleep(all.saturating_sub(sim.elapsed())).await;
        assert!(each_second.cancel() && each_minute.cancel());
        let report = yard.shutdown().drain_for(Duration::from_mins(1)).await;
        let (seconds, minutes) = (seconds.load(SeqCst), minutes.load(SeqCst));
        let (most_seconds, most_minutes) = (86_400 * u64::from(days), 1_440 * u64::from(days));
        assert!((most_seconds - 1..=most_seconds).contains(&seconds), "{seconds}");
        assert!((most_minutes - 1..=most_minutes).contains(&minutes), "{minutes}");
        assert_eq!(report.total.timed_out, timed_out);
        assert!(report.is_clean() && report.total.completed >= seconds + minutes, "{report}");
    });
    let run = run.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(run.elapsed >= all && run.elapsed < all + Duration::from_mins(2), "{:?}", run.elapsed);
}

#[test]
fn ten_nights_pass() {
    let run = simulate(3, async |_sim| {
        let yard = Scheduler::standalone().unwrap();
        let nights = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&nights);
        let nightly = yard.cron("0 3 * * *").unwrap().blocking(move |_tick| {
            counts.fetch_add(1, SeqCst);
        });
        tokio::time::sleep(10 * DAY).await;
        assert!(nightly.cancel());
        assert!(yard.shutdown().await.balances());
        nights.load(SeqCst)
    });
    assert_eq!(run.output, 10);
}
