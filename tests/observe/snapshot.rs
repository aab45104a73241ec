//! Snapshots and lists of tasks: every number, and how a stranger reads them.

use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;
use workyard::{Lane, LaneSnapshot, Outcome, Scheduler, TaskStatus};
use workyard_testkit::wait_for_async;

use crate::run::{SOON, on_runtime, soon};

fn narrow() -> Scheduler {
    Scheduler::builder()
        .io(Lane::io().limit(1).queue(1_024))
        .cpu(Lane::cpu().threads(1).queue(2))
        .blocking(Lane::blocking().limit(1).queue(2))
        .lane("db", Lane::io().limit(2).queue(0))
        .build()
        .unwrap()
}

fn lane(yard: &Scheduler, name: &str) -> LaneSnapshot {
    yard.snapshot().lane(name).unwrap().clone()
}

/// At most 12.5 % too high, and never too low.
#[track_caller]
fn near(figure: Duration, exact: Duration) {
    assert!(figure >= exact && figure <= exact + exact / 8, "{figure:?} for {exact:?}");
}

const MS: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn times_are_those_of_the_clock() {
    let yard = narrow();
    // A hundred tasks in a row on one slot, of which the nth runs n ms: so it waits for 0 + 1 + .. + (n - 1) ms.
    let gates: Vec<_> = (1..=100_u32)
        .map(|_| {
            let (open, shut) = oneshot::channel::<()>();
            (open, yard.io().try_submit(async { shut.await.is_err() }).unwrap())
        })
        .collect();
    for (n, (open, handle)) in (1..=100).zip(gates) {
        tokio::time::advance(MS * n).await;
        drop(open);
        assert!(handle.await.unwrap());
    }
    let LaneSnapshot { wait, run, .. } = lane(&yard, "io");
    assert_eq!((run.seen, run.max, wait.seen, wait.max), (100, 100 * MS, 100, 99 * 100 / 2 * MS));
    for (figure, exact) in [(run.p50, 50), (run.p90, 90), (run.p99, 99), (run.p999, 100)] {
        near(figure, exact * MS);
    }
    for (figure, nth) in [(wait.p50, 50), (wait.p90, 90), (wait.p99, 99), (wait.p999, 100)] {
        near(figure, nth * (nth - 1) / 2 * MS);
    }
    assert!(run.p50 <= run.p90 && run.p90 <= run.p99 && run.p99 <= run.p999 && run.p999 <= run.max);
}

#[tokio::test(start_paused = true)]
async fn a_closure_that_overruns_ran_until_it_returned_and_who_never_started_did_not_wait() {
    let yard = narrow();
    let (go_on, wait) = mpsc::channel::<()>();
    let running = yard.cpu().try_submit(move || wait.recv().is_err()).unwrap();
    let queued = yard.cpu().try_submit(|| ()).unwrap();
    wait_for_async("it runs", SOON, || running.status() == TaskStatus::Running).await;
    tokio::time::advance(40 * MS).await;
    assert!(running.abort() && queued.cancel());
    tokio::time::advance(60 * MS).await;
    assert_eq!((lane(&yard, "cpu").run.seen, lane(&yard, "cpu").counts.overrunning), (0, 1));
    drop(go_on);
    wait_for_async("it has ended", SOON, || lane(&yard, "cpu").run.seen == 1).await;
    let LaneSnapshot { wait, run, counts, .. } = lane(&yard, "cpu");
    assert_eq!((run.max, wait.seen, counts.never_started, counts.late_results), (100 * MS, 1, 1, 1));
    assert_eq!(counts.ledger.abandoned, 1);
}

#[tokio::test(start_paused = true)]
async fn a_lane_reads_as_one_line() {
    let yard = narrow();
    let empty: Vec<String> = yard.snapshot().to_string().lines().map(str::to_owned).collect();
    assert_eq!(
        empty,
        [
            "io: accepted 0 = 0 completed; 0 of 1 slots and 0 of 1_024 places taken",
            "cpu: accepted 0 = 0 completed; 0 of 1 slots and 0 of 2 places taken",
            "blocking: accepted 0 = 0 completed; 0 of 1 slots and 0 of 2 places taken",
            "db (io): accepted 0 = 0 completed; 0 of 2 slots and 0 of 0 places taken",
        ]
    );
    let db = yard.io_lane("db").unwrap();
    db.run(tokio::time::sleep(30 * MS)).await.unwrap();
    let held = [(), ()].map(|()| db.try_submit(std::future::pending::<()>()).unwrap());
    assert!(db.try_submit(async {}).unwrap_err().is_full());
    assert_eq!(
        lane(&yard, "db").to_string(),
        "db (io): accepted 3 = 1 completed + 2 running; 2 of 2 slots and 0 of 0 places taken; 1 refused; \
         wait p50 0.0ns, p99 0.0ns, max 0.0ns; run p50 30.0ms, p99 30.0ms, max 30.0ms"
    );
    drop(held);
    let report = yard.shutdown().drain_for(Duration::ZERO).await;
    let db = report.lane("db").unwrap().to_string();
    let begins =
        "db (io): accepted 3 = 1 completed + 2 cancelled; 0 of 2 slots and 0 of 0 places taken; closed; 1 refused; ";
    assert!(db.starts_with(begins), "{db}");
}

#[tokio::test(start_paused = true)]
async fn tasks_are_listed_with_name_state_age_and_place() {
    let yard = narrow();
    let gate = || mpsc::channel::<()>();
    let ((go_cpu, wait_cpu), (go_blocking, wait_blocking)) = (gate(), gate());
    let io = yard.io().task("fetch\n\"it\"").try_submit(std::future::pending::<()>()).unwrap();
    let io_line = line!() - 1;
    let cpu = yard.cpu().task("resize").try_submit(move || wait_cpu.recv().is_err()).unwrap();
    let blocking = yard.blocking().try_submit(move || wait_blocking.recv().is_err()).unwrap();
    let blocking_line = line!() - 1;
    let db = yard.io_lane("db").unwrap().task("query").try_submit(std::future::pending::<()>()).unwrap();
    for handle in [&cpu, &blocking] {
        wait_for_async("it runs", SOON, || handle.status() == TaskStatus::Running).await;
    }
    tokio::time::advance(1_000 * MS).await;
    let queued = yard.cpu().task("next").try_submit(|| ()).unwrap();
    tokio::time::advance(500 * MS).await;
    let tasks = yard.tasks();
    let seen: Vec<_> = tasks.iter().map(|task| (task.name.as_deref(), &*task.lane, task.status, task.age)).collect();
    let (running, long, short) = (TaskStatus::Running, 1_500 * MS, 500 * MS);
    assert_eq!(
        seen,
        [
            (Some("fetch\n\"it\""), "io", running, long),
            (Some("resize"), "cpu", running, long),
            (Some("next"), "cpu", TaskStatus::Queued, short),
            (None, "blocking", running, long),
            (Some("query"), "db", running, long),
        ]
    );
    let (here, ids) = (file!(), tasks.iter().map(|task| task.id).collect::<Vec<_>>());
    assert_eq!(ids, [io.id(), cpu.id(), queued.id(), blocking.id(), db.id()]);
    assert_eq!(
        tasks[0].to_string(),
        format!(r#"#0 "fetch\n\"it\"" on io, running for 1.5s, submitted at {here}:{io_line}:24"#)
    );
    assert_eq!(tasks[2].to_string().split(", submitted").next(), Some(r#"#4 "next" on cpu, queued for 500.0ms"#));
    assert_eq!(
        tasks[3].to_string(),
        format!("#2 on blocking, running for 1.5s, submitted at {here}:{blocking_line}:36")
    );

    assert!(cpu.abort() && io.abort() && db.abort());
    wait_for_async("futures are gone", SOON, || yard.tasks().len() == 3).await;
    let overruns = yard.tasks().remove(0);
    assert_eq!((overruns.status, overruns.age), (TaskStatus::Ended(Outcome::Abandoned), long));
    let told = overruns.to_string();
    assert!(told.starts_with(r#"#1 "resize" on cpu, abandoned, its body still running after 1.5s, submitted at "#));
    drop((go_cpu, go_blocking));
    wait_for_async("all are gone", SOON, || yard.tasks().is_empty()).await;
}

#[test]
fn a_snapshot_balances_at_any_moment() {
    on_runtime(async {
        let yard = narrow();
        let feeder = yard.clone();
        let fed = tokio::spawn(async move {
            for n in 0..2_000_u32 {
                drop(feeder.io().submit(async move { n }).await.unwrap());
                drop(feeder.cpu().submit(move || n).await.unwrap());
            }
        });
        while !fed.is_finished() {
            for lane in yard.snapshot().lanes {
                assert!(lane.counts.ledger.balances() && lane.counts.occupied <= lane.counts.limit, "{lane}");
                assert!(lane.counts.ledger.queued <= lane.counts.queue as u64 + 1, "{lane}");
                assert!(lane.to_string().lines().count() == 1, "{lane}");
            }
            tokio::task::yield_now().await;
        }
        soon(fed).await.unwrap();
        let report = yard.shutdown().await;
        assert_eq!(report.to_string(), "accepted 4_000 = 4_000 completed; stuck: none");
    });
}
