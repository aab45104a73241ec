//! What does not go on is told once, by name and place, and seen for as long as it lasts; what goes on is not.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tracing::Level;
use workyard::{Alarm, AlarmKind, Handle, Lane, Scheduler};
use workyard_testkit::{wait_for, wait_for_async};

use crate::recorder::{Recorder, SeenRecord};
use crate::run::{SOON, on_runtime, soon};

/// Short, so that tests are; long enough for threads that share two CPUs with other tests to come to their turn.
const BOUND: Duration = Duration::from_millis(100);

fn alarms(yard: &Scheduler) -> Vec<Alarm> {
    yard.snapshot().alarms
}

fn alarm(yard: &Scheduler, kind: AlarmKind) -> Option<Alarm> {
    alarms(yard).into_iter().find(|alarm| alarm.kind == kind)
}

/// The records of the watchdog about this lane.
fn records(recorder: &Recorder, lane: &str) -> Vec<SeenRecord> {
    recorder.records(|record| record.fields.contains_key("alarm") && record.is("lane", lane))
}

/// The alarm was told by one record, which names the task and its place.
#[track_caller]
fn told_once(recorder: &Recorder, alarm: &Alarm, line: u32) {
    let records = records(recorder, &alarm.lane);
    assert_eq!(records.len(), 1, "{records:?}");
    let (record, task) = (&records[0], &alarm.tasks[0]);
    assert_eq!(record.level, Level::WARN);
    assert!(record.is("alarm", &alarm.kind.to_string()), "{record:?}");
    assert!(record.is("id", &task.id.to_string()), "{record:?}");
    assert_eq!(record.fields.get("name"), task.name.as_ref());
    assert!(record.fields["submitted_at"].contains(&format!("{}:{line}:", file!())), "{record:?}");
    assert!(alarm.lasted >= BOUND && alarm.to_string().contains(&task.to_string()), "{alarm}");
}

fn a_poll_that_blocks_is_told(lane: &'static str, mut runtime: Builder) {
    let recorder = Recorder::here();
    let (go_on, wait) = mpsc::channel::<()>();
    let (give, given) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = runtime.enable_all().build().unwrap();
        runtime.block_on(async {
            let yard = Scheduler::builder().watchdog(BOUND).lane(lane, Lane::io().limit(4)).build().unwrap();
            let line = line!() + 2;
            let body = async move { wait.recv().is_err() };
            let handle = yard.io_lane(lane).unwrap().task("blocks").try_submit(body).unwrap();
            give.send((yard.clone(), line)).unwrap();
            assert!(soon(handle).await.unwrap());
            wait_for_async("the alarm is over", SOON, || alarms(&yard).is_empty()).await;
            assert_eq!(yard.shutdown().await.total.completed, 1);
        });
    });
    let (yard, line) = given.recv().unwrap();
    wait_for("it is seen", SOON, || alarm(&yard, AlarmKind::LongPoll).is_some());
    let alarm = alarm(&yard, AlarmKind::LongPoll).unwrap();
    assert_eq!((&*alarm.lane, alarm.tasks.len(), alarm.tasks[0].name.as_deref()), (lane, 1, Some("blocks")));
    assert!(yard.snapshot().to_string().lines().last().unwrap().starts_with(&format!("long_poll on {lane} for ")));
    told_once(&recorder, &alarm, line);
    // It is not told again, however long it lasts.
    let lasted = alarm.lasted;
    wait_for("it lasts", SOON, || alarms(&yard).iter().any(|alarm| alarm.lasted >= lasted + 3 * BOUND));
    told_once(&recorder, &alarm, line);
    drop((yard, go_on));
    thread.join().unwrap();
}

#[test]
fn a_poll_that_blocks_its_thread_is_named_while_it_does() {
    let mut runtime = Builder::new_multi_thread();
    runtime.worker_threads(2);
    a_poll_that_blocks_is_told("blocks one of two", runtime);
}

#[test]
fn also_where_it_blocks_the_only_thread_there_is() {
    a_poll_that_blocks_is_told("blocks the only one", Builder::new_current_thread());
}

#[test]
fn an_item_of_a_map_that_blocks_its_driver_is_named_by_its_map() {
    on_runtime(async {
        let recorder = Recorder::here();
        let yard = Scheduler::builder().watchdog(BOUND).lane("map blocks", Lane::io()).build().unwrap();
        let lane = yard.io_lane("map blocks").unwrap();
        let (go_on, wait) = mpsc::channel::<()>();
        let wait = Arc::new(std::sync::Mutex::new(wait));
        let body = move |n: u32| {
            let wait = Arc::clone(&wait);
            async move { wait.lock().unwrap().recv().is_err().then_some(n) }
        };
        let line = line!() + 1;
        let map = tokio::spawn(lane.map(0..1_u32, body).into_future());
        wait_for_async("it is seen", SOON, || alarm(&yard, AlarmKind::LongPoll).is_some()).await;
        told_once(&recorder, &alarm(&yard, AlarmKind::LongPoll).unwrap(), line);
        drop(go_on);
        assert_eq!(soon(map).await.unwrap().unwrap(), [Some(0)]);
    });
}

#[test]
fn a_body_that_overruns_is_named_until_it_returns() {
    on_runtime(async {
        let recorder = Recorder::here();
        let yard = Scheduler::builder().watchdog(BOUND).lane("overruns", Lane::cpu().threads(2)).build().unwrap();
        let lane = yard.cpu_lane("overruns").unwrap();
        let (go_on, wait) = mpsc::channel::<()>();
        let line = line!() + 1;
        let late = lane.task("late").timeout(Duration::from_millis(10));
        let handle = late.try_submit(move || wait.recv().is_err()).unwrap();
        assert!(soon(handle).await.unwrap_err().is_timeout());
        wait_for_async("it is seen", SOON, || alarm(&yard, AlarmKind::Overrunning).is_some()).await;
        let alarm = alarm(&yard, AlarmKind::Overrunning).unwrap();
        assert!(alarm.tasks[0].name.as_deref() == Some("late") && alarm.tasks[0].status.is_ended());
        told_once(&recorder, &alarm, line);
        drop(go_on);
        wait_for_async("the alarm is over", SOON, || alarms(&yard).is_empty()).await;
        let report = yard.shutdown().await;
        assert!(report.balances() && report.total.timed_out == 1, "{report}");
    });
}

#[test]
fn a_queue_that_no_worker_comes_to_is_named() {
    let recorder = Recorder::here();
    let runtime = Builder::new_multi_thread().worker_threads(2).max_blocking_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let yard = Scheduler::builder().watchdog(BOUND).lane("no worker", Lane::blocking()).build().unwrap();
        let (go_on, wait) = mpsc::channel::<()>();
        // The one thread that the lane could have.
        let holder = tokio::task::spawn_blocking(move || wait.recv().is_err());
        let lane = yard.blocking_lane("no worker").unwrap();
        let line = line!() + 1;
        let first = lane.task("first").try_submit(|| 1).unwrap();
        let second = lane.task("second").try_submit(|| 2).unwrap();
        wait_for_async("it is seen", SOON, || alarm(&yard, AlarmKind::NoWorker).is_some()).await;
        let alarm = alarm(&yard, AlarmKind::NoWorker).unwrap();
        assert_eq!((alarm.tasks.len(), alarm.tasks[0].name.as_deref()), (1, Some("first")));
        told_once(&recorder, &alarm, line);
        drop(go_on);
        assert_eq!((soon(first).await.unwrap(), soon(second).await.unwrap()), (1, 2));
        assert!(holder.await.unwrap());
        wait_for_async("the alarm is over", SOON, || alarms(&yard).is_empty()).await;
        assert!(yard.shutdown().await.is_clean());
    });
}

#[test]
fn futures_that_wait_for_each_other_by_a_channel_are_named() {
    on_runtime(async {
        let recorder = Recorder::here();
        let yard = Scheduler::builder().watchdog(BOUND).lane("circle", Lane::io().limit(2).queue(4)).build().unwrap();
        let lane = yard.io_lane("circle").unwrap();
        let (tell, told) = oneshot::channel::<()>();
        let line = line!() + 1;
        let waits = lane.task("waits").try_submit(async { told.await.is_err() }).unwrap();
        let also = lane.task("also waits").try_submit(pending::<()>()).unwrap();
        let queued = lane.task("would tell").try_submit(async move { tell.send(()).is_ok() }).unwrap();
        wait_for_async("it is seen", SOON, || alarm(&yard, AlarmKind::Standstill).is_some()).await;
        let alarm = alarm(&yard, AlarmKind::Standstill).unwrap();
        let names = alarm.tasks.iter().map(|task| task.name.as_deref()).collect::<Vec<_>>();
        assert_eq!(names, [Some("waits"), Some("also waits")]);
        told_once(&recorder, &alarm, line);
        let record = &records(&recorder, "circle")[0];
        assert!(record.fields["others"].contains("\"also waits\""), "{record:?}");
        assert!(also.abort());
        assert!(!soon(waits).await.unwrap() && soon(queued).await.unwrap());
        wait_for_async("the alarm is over", SOON, || alarms(&yard).is_empty()).await;
    });
}

#[test]
#[cfg(target_os = "linux")]
fn closures_that_wait_for_each_other_by_a_channel_are_named() {
    on_runtime(async {
        let recorder = Recorder::here();
        let lane = Lane::cpu().threads(1).queue(4);
        let yard = Scheduler::builder().watchdog(BOUND).lane("closures in a circle", lane).build().unwrap();
        let lane = yard.cpu_lane("closures in a circle").unwrap();
        let (tell, told) = mpsc::channel::<()>();
        let line = line!() + 1;
        let waits = lane.task("waits").try_submit(move || told.recv().is_err()).unwrap();
        let queued = lane.task("would tell").try_submit(move || tell.send(()).is_ok()).unwrap();
        wait_for_async("it is seen", SOON, || alarm(&yard, AlarmKind::Standstill).is_some()).await;
        told_once(&recorder, &alarm(&yard, AlarmKind::Standstill).unwrap(), line);
        // Who cancels the one that is queued drops its sender.
        assert!(queued.cancel() && soon(waits).await.unwrap());
    });
}

/// C9: as a `select!` on `&mut first` would leave it that went on without it.
#[test]
fn a_turn_that_is_not_taken_is_named_while_others_wait_behind_it() {
    on_runtime(async {
        let recorder = Recorder::here();
        let yard = Scheduler::builder().watchdog(BOUND).lane("in turn", Lane::io().limit(1).queue(0)).build().unwrap();
        let lane = yard.io_lane("in turn").unwrap();
        let holds = lane.try_submit(pending::<()>()).unwrap();
        let mut first = Box::pin(lane.submit(async { 1 }));
        let mut second = Box::pin(lane.submit(async { 2 }));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut cx).is_pending() && second.as_mut().poll(&mut cx).is_pending());
        assert!(holds.cancel());
        wait_for_async("it is seen", SOON, || alarm(&yard, AlarmKind::TurnNotTaken).is_some()).await;
        let alarm = alarm(&yard, AlarmKind::TurnNotTaken).unwrap();
        assert!(alarm.tasks.is_empty() && alarm.to_string().starts_with("turn_not_taken on in turn for "), "{alarm}");
        wait_for_async("a record tells it", SOON, || !records(&recorder, "in turn").is_empty()).await;
        // Nobody has to wait for it.
        assert!(lane.submit_timeout(BOUND, async { 3 }).await.unwrap_err().is_timeout());
        assert_eq!(soon(soon(first).await.unwrap()).await.unwrap(), 1);
        assert_eq!(soon(soon(second).await.unwrap()).await.unwrap(), 2);
        wait_for_async("the alarm is over", SOON, || alarms(&yard).is_empty()).await;
        assert_eq!(records(&recorder, "in turn").len(), 1, "it is told once");
    });
}

#[test]
fn what_waits_or_computes_is_no_alarm() {
    on_runtime(async {
        let yard = Scheduler::builder()
            .watchdog(BOUND)
            .lane("at work", Lane::cpu().threads(1).queue(4))
            .lane("patient", Lane::io().limit(4))
            .build()
            .unwrap();
        let (cpu, io) = (yard.cpu_lane("at work").unwrap(), yard.io_lane("patient").unwrap());
        let waits = [(), ()].map(|()| io.try_submit(pending::<()>()).unwrap());
        let stop = Arc::new(AtomicBool::new(false));
        let computes = cpu.try_submit({
            let stop = Arc::clone(&stop);
            move || (0..u64::MAX).find(|n| n % 64 == 0 && stop.load(Ordering::Relaxed)).is_some()
        });
        let queued = cpu.try_submit(|| ()).unwrap();
        let since = Instant::now();
        // Longer than a standstill has to last.
        wait_for_async("some time passes", SOON, || {
            assert!(alarms(&yard).is_empty(), "{}", yard.snapshot());
            since.elapsed() >= 8 * BOUND
        })
        .await;
        stop.store(true, Ordering::Relaxed);
        assert!(soon(computes.unwrap()).await.unwrap());
        soon(queued).await.unwrap();
        drop(waits);
        let report = yard.shutdown().drain_for(Duration::ZERO).await;
        assert!(report.balances(), "{report}");
        let recorder = Recorder::here();
        assert!(records(&recorder, "at work").is_empty() && records(&recorder, "patient").is_empty());
    });
}

#[test]
fn ten_thousand_short_tasks_are_no_alarm() {
    on_runtime(async {
        let yard = Scheduler::builder()
            .lane("short io", Lane::io())
            .lane("short cpu", Lane::cpu().threads(2))
            .lane("short blocking", Lane::blocking().limit(4))
            .build()
            .unwrap();
        let (io, cpu) = (yard.io_lane("short io").unwrap(), yard.cpu_lane("short cpu").unwrap());
        let blocking = yard.blocking_lane("short blocking").unwrap();
        for _ in 0..3_334_u32 {
            drop(io.submit(tokio::task::yield_now()).await.unwrap());
            drop(cpu.submit(|| ()).await.unwrap());
            drop(blocking.submit(|| ()).await.unwrap());
        }
        assert!(alarms(&yard).is_empty(), "{}", yard.snapshot());
        let report = yard.shutdown().await;
        assert_eq!(report.to_string(), "accepted 10_002 = 10_002 completed; stuck: none");
        let recorder = Recorder::here();
        for lane in ["short io", "short cpu", "short blocking"] {
            assert!(records(&recorder, lane).is_empty(), "{:?}", records(&recorder, lane));
        }
    });
}

#[test]
fn of_too_many_at_once_the_rest_is_told_as_a_number() {
    on_runtime(async {
        let recorder = Recorder::here();
        let lane = Lane::blocking().limit(25);
        let yard = Scheduler::builder().watchdog(BOUND).lane("many overrun", lane).build().unwrap();
        let lane = yard.blocking_lane("many overrun").unwrap();
        let hold = Arc::new(AtomicBool::new(true));
        let handles: Vec<_> = (0..25)
            .map(|_| {
                let hold = Arc::clone(&hold);
                let body = move || wait_for("they may return", SOON, || !hold.load(Ordering::Relaxed));
                lane.task("one of many").try_submit(body).unwrap()
            })
            .collect();
        wait_for_async("all run", SOON, || yard.snapshot().lane("many overrun").unwrap().counts.occupied == 25).await;
        assert!(handles.iter().all(Handle::abort));
        wait_for_async("all are seen", SOON, || alarms(&yard).len() == 25).await;
        let told = records(&recorder, "many overrun").len();
        // They may be told in two looks, which may be in two seconds.
        assert!((10..=20).contains(&told), "{told} records");
        hold.store(false, Ordering::Relaxed);
        wait_for_async("the alarms are over", SOON, || alarms(&yard).is_empty()).await;
    });
}

#[test]
fn without_a_watchdog_nothing_is_told() {
    on_runtime(async {
        let recorder = Recorder::here();
        let yard = Scheduler::builder().no_watchdog().lane("unwatched", Lane::io()).build().unwrap();
        let (go_on, wait) = mpsc::channel::<()>();
        let lane = yard.io_lane("unwatched").unwrap();
        let handle = lane.try_submit(async move { wait.recv_timeout(BOUND * 5).is_err() }).unwrap();
        assert!(soon(handle).await.unwrap());
        drop(go_on);
        assert!(alarms(&yard).is_empty() && records(&recorder, "unwatched").is_empty());
    });
}

/// How often the watchdog's thread has gone to sleep; `None` if there is no such thread.
#[cfg(target_os = "linux")]
fn sleeps() -> Option<u64> {
    let mut threads = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let thread = threads
        .find(|task| std::fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "workyard-watch"))?;
    let status = std::fs::read_to_string(thread.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
    line.trim().parse().ok()
}

/// In a process of its own, since all yards of a process call their threads the same.
#[cfg(target_os = "linux")]
#[test]
fn it_sleeps_while_nothing_runs_and_is_not_there_before_and_after() {
    use workyard_testkit::Program;

    const NAME: &str = "watchdog::it_sleeps_while_nothing_runs_and_is_not_there_before_and_after";
    const INSIDE: &str = "WORKYARD_TEST_SLEEPING_WATCHDOG";
    if std::env::var_os(INSIDE).is_none() {
        let test = Program::new(std::env::current_exe().unwrap()).arg("--exact").arg(NAME).env(INSIDE, "1");
        let finished = test.run_within(SOON * 3);
        assert_eq!(finished.code, Some(0), "{finished}");
        assert!(finished.stdout.contains("1 passed"), "{finished}");
        return;
    }
    on_runtime(async {
        let yard = Scheduler::builder().watchdog(BOUND).cpu(Lane::cpu().threads(1)).build().unwrap();
        assert_eq!(sleeps(), None, "nothing has run");
        for round in 0..3 {
            let waits = yard.io().try_submit(pending::<()>()).unwrap();
            assert_eq!(yard.cpu().run(move || round).await.unwrap(), round);
            // It is there, and what waits is nothing to look after.
            let mut before = None;
            wait_for_async("it sleeps", SOON, || {
                let now = sleeps();
                let is_asleep = before
                    .is_some_and(|(slept, since): (Option<u64>, Instant)| slept == now && since.elapsed() > 10 * BOUND);
                before = before.filter(|&(slept, _)| slept == now).or(Some((now, Instant::now())));
                now.is_some() && is_asleep
            })
            .await;
            // And it wakes for what does not go on.
            let (go_on, wait) = mpsc::channel::<()>();
            let blocks = yard.io().try_submit(async move { wait.recv().is_err() }).unwrap();
            wait_for_async("it is seen", SOON, || alarm(&yard, AlarmKind::LongPoll).is_some()).await;
            drop(go_on);
            assert!(soon(blocks).await.unwrap() && waits.abort());
        }
        drop(yard.shutdown().await);
        wait_for_async("it is gone", SOON, || sleeps().is_none()).await;
        let yard = Scheduler::builder().watchdog(BOUND).build().unwrap();
        yard.io().run(async {}).await.unwrap();
        // A thread says its name itself, once it runs.
        wait_for_async("it is there again", SOON, || sleeps().is_some()).await;
        drop(yard);
        wait_for_async("it is gone with its yard", SOON, || sleeps().is_none()).await;
    });
}
