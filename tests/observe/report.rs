//! The report of a shutdown, as the person who runs the service reads it.

use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use workyard::{Lane, Scheduler, TaskStatus};
use workyard_testkit::wait_for_async;

use crate::quiet::quiet;
use crate::run::{SOON, on_runtime};

fn narrow() -> Scheduler {
    quiet();
    Scheduler::builder()
        .io(Lane::io().limit(1).queue(16))
        .cpu(Lane::cpu().threads(1).queue(16))
        .lane("db", Lane::io().limit(1).queue(16))
        .build()
        .unwrap()
}

#[test]
fn a_report_says_what_was_lost_and_where() {
    on_runtime(async {
        let yard = narrow();
        let (go_on, wait) = mpsc::channel::<()>();
        let stuck = yard.cpu().task("resize").submit(move || wait.recv().is_err()).await.unwrap();
        let line = line!() - 1;
        wait_for_async("it runs", SOON, || stuck.status() == TaskStatus::Running).await;
        let db = yard.io_lane("db").unwrap();
        let mut handles = Vec::new();
        for _ in 0..3 {
            handles.push(db.submit(pending::<()>()).await.unwrap());
        }
        let unstarted = yard.cpu().submit(|| ()).await.unwrap();
        drop(yard.io().submit::<_, ()>(async { panic!("on purpose") }).await.unwrap());
        yard.io().run(async {}).await.unwrap();

        let report = yard.shutdown().drain_for(Duration::ZERO).await;
        assert!(report.balances() && !report.is_clean());
        assert_eq!((report.never_started, report.unobserved_failures()), (3, 1));
        let told = report.to_string();
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], "accepted 7 = 1 completed + 1 panicked + 4 cancelled + 1 abandoned; stuck: 1");
        let (before, age) = lines[1].split_once("still running after ").unwrap();
        assert_eq!(before, r#"  #0 "resize" on cpu, abandoned, its body "#);
        let (age, place) = age.split_once(", submitted at ").unwrap();
        assert!(age.ends_with('s') && place.starts_with(&format!("{}:{line}:", file!())), "{told}");
        assert_eq!(lines[2..], ["  never started: 3 (cpu 1, db 2)", "  failures that nobody looked at: 1 (io 1)"]);

        let long = format!("{report:#}");
        let rest = long.strip_prefix(&told).unwrap();
        let lanes: Vec<&str> = rest.trim_start().lines().map(|line| line.trim().split(':').next().unwrap()).collect();
        assert_eq!(lanes, ["io", "cpu", "blocking", "db (io)"], "{long}");
        drop((go_on, stuck, unstarted, handles));
    });
}

#[test]
fn where_nothing_was_lost_a_report_is_one_line() {
    on_runtime(async {
        let yard = narrow();
        let handle = yard.io().submit(pending::<()>()).await.unwrap();
        wait_for_async("it runs", SOON, || handle.status() == TaskStatus::Running).await;
        assert!(yard.cpu().task("fails").fallible().run(|| Err::<(), _>("no")).await.is_err());
        let report = yard.shutdown().drain_for(Duration::ZERO).await;
        assert_eq!(report.to_string(), "accepted 2 = 0 completed + 1 failed + 1 cancelled; stuck: none");
        assert!(report.is_clean() && report.balances());
        assert_eq!(format!("{report:#}").lines().count(), 5);
    });
}
