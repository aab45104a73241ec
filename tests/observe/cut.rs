//! The last scheduler dropped without a shutdown: it says what it cut, and waits for nothing.

use std::future::pending;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tracing::Level;
use workyard::{Lane, Reason, Scheduler, TaskStatus};
use workyard_testkit::wait_for_async;

use crate::recorder::{Recorder, SeenRecord};
use crate::run::{SOON, on_runtime, soon};

fn cuts(recorder: &Recorder, prefix: &str) -> Vec<SeenRecord> {
    let of_lane = |record: &SeenRecord| record.fields.get("lane").is_some_and(|lane| lane.starts_with(prefix));
    recorder.records(|record| record.level == Level::WARN && of_lane(record))
}

fn lanes(prefix: &str) -> workyard::Builder {
    Scheduler::builder()
        .cpu(Lane::cpu().threads(1))
        .lane(format!("{prefix} io"), Lane::io().limit(1).queue(16))
        .lane(format!("{prefix} cpu"), Lane::cpu().threads(1).queue(16))
        .lane(format!("{prefix} idle"), Lane::io())
}

#[test]
fn what_is_cut_is_told_lane_by_lane() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = lanes("cut").build().unwrap();
        let (go_on, wait) = mpsc::channel::<()>();
        let stuck = yard.cpu_lane("cut cpu").unwrap().submit(move || wait.recv().is_err()).await.unwrap();
        let io = yard.io_lane("cut io").unwrap();
        let mut futures = Vec::new();
        for _ in 0..3 {
            futures.push(io.submit(pending::<()>()).await.unwrap());
        }
        wait_for_async("the closure runs", SOON, || stuck.status() == TaskStatus::Running).await;
        let other = yard.clone();
        drop(yard);
        assert_eq!(cuts(&recorder, "cut").len(), 0, "there is one left");

        let since = Instant::now();
        drop(other);
        // The closure still waits, and so would whoever waited for it.
        assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
        let told = cuts(&recorder, "cut");
        let counts: Vec<_> =
            told.iter().map(|cut| ["lane", "queued", "running"].map(|field| &*cut.fields[field])).collect();
        assert_eq!(counts, [["cut io", "2", "1"], ["cut cpu", "0", "1"]]);
        assert!(told[0].message().starts_with("the last scheduler was dropped without a shutdown"), "{told:?}");
        for future in futures {
            assert_eq!(soon(future).await.unwrap_err().reason(), Some(Reason::Dropped));
        }
        // It is asked, and its value is its outcome.
        drop(go_on);
        assert!(soon(stuck).await.unwrap());
    });
}

#[test]
fn nothing_is_told_where_nothing_is_cut() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = lanes("kept").build().unwrap();
        yard.io_lane("kept io").unwrap().run(async {}).await.unwrap();
        drop(yard);
        let yard = lanes("kept").build().unwrap();
        let handle = yard.io_lane("kept io").unwrap().submit(pending::<()>()).await.unwrap();
        yard.shutdown().drain_for(Duration::ZERO).await;
        drop((yard, handle));
        assert_eq!(cuts(&recorder, "kept").len(), 0);
    });
}

#[test]
fn a_standalone_yard_may_be_dropped_anywhere_and_waits_for_nothing() {
    let recorder = Recorder::here();
    let (go_on, wait) = mpsc::channel::<()>();
    let yard = lanes("alone").build_standalone().unwrap();
    let stuck = yard.cpu_lane("alone cpu").unwrap().blocking_submit(move || wait.recv().is_err()).unwrap();
    let future = yard.io_lane("alone io").unwrap().blocking_submit(pending::<()>()).unwrap();
    on_runtime(async {
        wait_for_async("the closure runs", SOON, || stuck.status() == TaskStatus::Running).await;
        let since = Instant::now();
        drop(yard);
        assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
        assert_eq!(cuts(&recorder, "alone").len(), 2);
        assert!(soon(future).await.unwrap_err().is_cancelled());
        drop(go_on);
        assert!(soon(stuck).await.unwrap());
    });
}
