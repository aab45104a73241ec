//! A series that ends while its tick is on its way into a full lane, by the hand of a subscriber of tracing, which is the one that is called
//! just then. Alone in its program, since the subscriber is everybody's.
#![cfg(test)]

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::sleep;
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use workyard::{Lane, Overlap, Scheduler, Timer};

const SECOND: Duration = Duration::from_secs(1);

/// What is cancelled when the next span is opened.
static NEXT: Mutex<Option<Timer>> = Mutex::new(None);

struct Canceller;

impl<S: tracing::Subscriber> Layer<S> for Canceller {
    fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let timer = NEXT.lock().unwrap().take();
        assert!(timer.is_none_or(|timer| timer.cancel()));
    }
}

/// Lets all that is ready run, while time stands still.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_behind_a_tick_that_is_cancelled_on_its_way_is_not_forgotten() {
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Canceller)).unwrap();
    let yard = Scheduler::builder().io(Lane::io().limit(1).queue(1)).build().unwrap();
    let running = yard.io().submit(pending::<()>()).await.unwrap();
    let waiting = yard.io().submit(pending::<()>()).await.unwrap();
    let log = Arc::new(Mutex::new(Vec::new()));
    let add = |what: &'static str| {
        let log = Arc::clone(&log);
        async move { log.lock().unwrap().push(what) }
    };
    yard.after(SECOND).io(add("before it"));
    // Held after its first tick, so that no due time of its own wakes the sleeper.
    let series = yard.every(SECOND).overlap(Overlap::Queue).io(async |tick| unreachable!("{tick:?}"));
    yard.after(SECOND).io(add("behind it"));
    sleep(3 * SECOND).await;
    *NEXT.lock().unwrap() = Some(series);
    // Room for the first of the three: the others are offered together, and find none.
    waiting.abort();
    settle().await;
    assert!(NEXT.lock().unwrap().is_none(), "it was cancelled");
    let counts = yard.snapshot().lane("io").unwrap().counts;
    assert_eq!((counts.submitters, counts.ledger.scheduled), (1, 1), "who was behind it stands in line now");
    running.abort();
    settle().await;
    assert_eq!(*log.lock().unwrap(), ["before it", "behind it"]);
    let report = yard.shutdown().await;
    assert!(report.balances() && report.cancelled_timers == 0, "{report}");
}
