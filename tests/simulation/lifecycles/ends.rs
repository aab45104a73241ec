//! Owns the shutdown of a yard in the midst of its work: who calls it, that it is over in time, and what its report says. Never decides
//! when.

use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join3;
use workyard::{Report, Scheduler};
use workyard_testkit::Sim;

use super::books::Books;
use super::script::{Call, Shutdown, yield_for};

pub(super) async fn shut_down(sim: &Sim, books: &Books, yard: &Scheduler, how: Shutdown) {
    note_state(books, yard);
    let began = sim.elapsed();
    let Called { report, drained_by, last } = call(sim, books, yard, how).await;
    // One more is for callbacks.
    let graces = if books.swarm.has_callbacks() { 2 } else { 1 };
    let (ended, deadline) = (sim.elapsed(), (drained_by + graces * how.grace).max(last));
    let overrun = ended.saturating_sub(deadline);
    books.seen.measure("past the deadline of a shutdown", overrun);
    // Of tokio's clock a tick is a millisecond.
    assert!(overrun <= Duration::from_millis(3), "I10: {overrun:?} late, at {ended:?}, begun at {began:?}");
    assert!(report.balances() && report.total.live() == 0, "I10: {report}");
    let left: usize = books.lanes().counts().iter().map(|lane| lane.occupied + lane.lending).sum();
    // Some may have ended since it was made. The runner of a map is listed once, and holds a slot for each item.
    assert!(left <= report.stuck.len() || books.swarm.maps, "I10: {report}");
    if !report.stuck.is_empty() {
        books.seen.see("shutdown left bodies behind");
    }
    if report.pending_callbacks > 0 {
        books.seen.see("shutdown left callbacks behind");
    }
    books.seen.add("shutdown cancelled timers", report.cancelled_timers);
    let due = books.callbacks_due.load(SeqCst) + books.unknown.load(SeqCst);
    assert!(report.pending_callbacks as u64 <= due, "{report}");
}

/// In which state the yard is.
fn note_state(books: &Books, yard: &Scheduler) {
    let (total, lanes) = (yard.snapshot().ledger(), books.lanes().counts());
    let sum = |what: fn(&workyard::LaneCounts) -> usize| lanes.iter().map(what).sum::<usize>() as u64;
    let state = [
        ("shutdown in the midst", total.live()),
        ("shutdown of a queue", total.queued),
        ("shutdown of what runs", total.running),
        ("shutdown of what is tried again", total.retry_waiting),
        ("shutdown of what is scheduled", total.scheduled),
        ("shutdown of what overruns", sum(|lane| lane.overrunning)),
        ("shutdown of what lends", sum(|lane| lane.lending)),
        ("shutdown of a line", sum(|lane| lane.submitters)),
        ("shutdown of what was promised", sum(|lane| lane.promised)),
    ];
    books.seen.see("shutdowns");
    for (what, _) in state.into_iter().filter(|&(_, many)| many > 0) {
        books.seen.see(what);
    }
}

/// A shutdown that is over.
struct Called {
    report: Report,
    /// When draining was to have ended.
    drained_by: Duration,
    /// When it was called last, which may be after its end.
    last: Duration,
}

async fn call(sim: &Sim, books: &Books, yard: &Scheduler, how: Shutdown) -> Called {
    let Shutdown { drain, grace, .. } = how;
    let shutdown = |drain| yard.shutdown().drain_for(drain).grace(grace).into_future();
    let began = sim.elapsed();
    let once = |report, last| Called { report, drained_by: began + drain, last };
    match how.call {
        Call::Once => once(shutdown(drain).await, began),
        Call::Again(when, less) => {
            let mut first = shutdown(drain);
            let early = poll_once(&mut first).await;
            when.come().await;
            let last = sim.elapsed();
            let report = shutdown(less).await;
            let first = match early {
                Some(report) => report,
                None => first.await,
            };
            assert_eq!(first.to_string(), report.to_string(), "there is one report");
            books.seen.see("shutdown called again");
            Called { report, drained_by: (began + drain).min(last + less), last }
        }
        Call::Dropped(when) => {
            let mut dropped = shutdown(drain);
            let _early = poll_once(&mut dropped).await;
            drop(dropped);
            when.come().await;
            books.seen.see("shutdown called again after the first was dropped");
            let last = sim.elapsed();
            once(shutdown(drain).await, last)
        }
        Call::Within => within(sim, books, yard, how).await,
        Call::ByThree => {
            let (first, second, third) = join3(shutdown(drain), shutdown(drain), shutdown(drain)).await;
            assert_eq!(first.to_string(), second.to_string(), "there is one report");
            assert_eq!(first.to_string(), third.to_string(), "there is one report");
            books.seen.see("shutdown called by three");
            once(first, began)
        }
    }
}

/// A task of the yard calls it, if that is let in and comes so far, and a moment later the test.
async fn within(sim: &Sim, books: &Books, yard: &Scheduler, how: Shutdown) -> Called {
    let Shutdown { drain, grace, .. } = how;
    let began = Arc::new(OnceLock::new());
    let (theirs, inside, clock) = (Arc::clone(&began), yard.clone(), sim.clone());
    books.unknown.fetch_add(1, SeqCst);
    let caller = async move {
        theirs.get_or_init(|| clock.elapsed());
        let _report = inside.shutdown().drain_for(drain).grace(grace).await;
    };
    // A full lane gives it back.
    let _handle = yard.io().try_submit(caller);
    yield_for(3).await;
    let last = sim.elapsed();
    if began.get().is_some() {
        books.seen.see("shutdown called by a task");
    }
    let report = yard.shutdown().drain_for(drain).grace(grace).await;
    let first = began.get().map_or(last, |&theirs| last.min(theirs));
    Called { report, drained_by: first + drain, last }
}

async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    poll_fn(|cx| match Pin::new(&mut *future).poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
