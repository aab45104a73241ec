//! What a yard may be built from, what refuses it, and what its types can do: cross threads, be moved, be errors.
#![cfg(test)]

#[path = "common/run.rs"]
mod run;

use std::cell::Cell;
use std::error::Error;
use std::future::{Future, Ready, ready};
use std::time::Duration;

use tokio::runtime;
use workyard::{
    BlockingLane, BuildError, Builder, CpuLane, Handle, IoLane, Lane, LaneSpec, NoSuchLane, Order, Priority, Report,
    Run, Scheduler, Shutdown, ShutdownFuture, Snapshot, Submit, SubmitError, SubmitTimeout, TaskContext, TaskError,
    TaskRef, WeakScheduler,
};
use workyard_testkit::{Residue, threads_named, wait_for};

use run::{SOON, on_runtime, soon};

type Say = fn(Builder) -> Builder;

fn build(say: impl FnOnce(Builder) -> Builder) -> Result<Scheduler, BuildError> {
    on_runtime(async { say(Scheduler::builder().cpu(Lane::cpu().threads(1))).build() })
}

#[test]
fn numbers_out_of_range_are_refused_by_name_and_start_nothing() {
    const MAX: usize = usize::MAX;
    let refused: [(Say, &str); 11] = [
        (|b| b.io(Lane::io().limit(0)), "lane io: limit is 0, allowed is 1 to 16777216"),
        (|b| b.io(Lane::io().limit(MAX)), "lane io: limit is 18446744073709551615, allowed is 1 to 16777216"),
        (|b| b.io(Lane::io().limit(16_777_217)), "lane io: limit is 16777217, allowed is 1 to 16777216"),
        (|b| b.io(Lane::io().queue(MAX)), "lane io: queue is 18446744073709551615, allowed is 0 to 16777216"),
        (|b| b.io(Lane::io().queue(1 << 61)), "lane io: queue is 2305843009213693952, allowed is 0 to 16777216"),
        (|b| b.cpu(Lane::cpu().threads(0)), "lane cpu: threads is 0, allowed is 1 to 1024"),
        (|b| b.cpu(Lane::cpu().threads(1_025)), "lane cpu: threads is 1025, allowed is 1 to 1024"),
        (|b| b.blocking(Lane::blocking().limit(0)), "lane blocking: limit is 0, allowed is 1 to 16777216"),
        (|b| b.lane("db", Lane::io().limit(0)), "lane db: limit is 0, allowed is 1 to 16777216"),
        (|b| b.lane("gone", Lane::cpu().threads(0)), "lane gone: threads is 0, allowed is 1 to 1024"),
        (
            |b| b.lane("gone", Lane::cpu().threads(1)).lane("x", Lane::io().limit(0)),
            "lane x: limit is 0, allowed is 1 to 16777216",
        ),
    ];
    for (say, told) in refused {
        let error = build(say).unwrap_err();
        assert!(matches!(&error, BuildError::OutOfRange { .. }), "{error:?}");
        assert_eq!(error.to_string(), told);
    }
    assert!(threads_named("workyard-gone").is_none_or(|threads| threads.is_empty()), "numbers are checked first");
}

#[test]
fn names_of_lanes_are_checked() {
    let long = "x".repeat(65);
    for name in ["", "a\nb", "a\0", &long] {
        let error = build(|b| b.lane(name, Lane::io())).unwrap_err();
        assert!(matches!(&error, BuildError::LaneName { name: told } if told == name), "{error}");
        assert!(!error.to_string().contains(['\n', '\0']), "it stays on its line: {error}");
    }
    for name in ["io", "cpu", "blocking", "twice"] {
        let error = build(|b| b.lane("twice", Lane::io()).lane(name, Lane::cpu().threads(1))).unwrap_err();
        assert!(matches!(&error, BuildError::DuplicateLane { name: told } if told == name), "{error}");
    }
    assert!(build(|b| b.lane("x".repeat(64), Lane::io()).lane("é ü", Lane::io())).is_ok());
}

#[test]
fn the_smallest_lanes_work() {
    on_runtime(async {
        let builder = Scheduler::builder().io(Lane::io().limit(1).queue(0)).cpu(Lane::cpu().threads(1).queue(0));
        let yard = builder.blocking(Lane::blocking().limit(1).queue(0)).build().unwrap();
        for round in 0..100 {
            assert_eq!(soon(yard.io().run(async move { round })).await.unwrap(), round);
            assert_eq!(soon(yard.cpu().run(move || round)).await.unwrap(), round);
            assert_eq!(soon(yard.blocking().run(move || round)).await.unwrap(), round);
        }
    });
}

#[test]
fn the_largest_numbers_allocate_nothing_ahead() {
    const MOST: usize = 16_777_216;
    let builder = Scheduler::builder().io(Lane::io().limit(MOST).queue(MOST)).cpu(Lane::cpu().threads(1).queue(MOST));
    let builder = builder.blocking(Lane::blocking().limit(MOST).queue(MOST).order(Order::Priority));
    on_runtime(async {
        let yard = builder.build().unwrap();
        assert_eq!(yard.io().run(async { 1 }).await.unwrap() + yard.blocking().run(|| 2).await.unwrap(), 3);
        let ageing = Lane::cpu().threads(1).order(Order::Priority).ageing(Duration::MAX);
        let yard = Scheduler::builder().cpu(ageing).build().unwrap();
        assert_eq!(yard.cpu().task("old").priority(Priority::LOWEST).run(|| 1).await.unwrap(), 1);
    });
}

#[test]
fn without_a_runtime_a_yard_is_not_built() {
    assert!(matches!(Scheduler::builder().build().unwrap_err(), BuildError::NoRuntime));
    let told = std::panic::catch_unwind(Scheduler::new).unwrap_err();
    assert!(told.downcast_ref::<String>().unwrap().contains("standalone"), "it says what to do");
}

#[test]
fn without_a_time_driver_a_yard_is_not_built() {
    let runtime = runtime::Builder::new_current_thread().build().unwrap();
    let error = runtime.block_on(async { Scheduler::builder().build() }).unwrap_err();
    assert!(matches!(error, BuildError::NoTimer) && error.to_string().contains("enable_time"));
}

#[test]
fn a_standalone_yard_that_cannot_be_built_says_so_inside_of_async_code_too() {
    on_runtime(async {
        let error = Scheduler::builder().io(Lane::io().limit(0)).build_standalone().unwrap_err();
        assert!(matches!(error, BuildError::OutOfRange { .. }));
        drop(Scheduler::standalone().unwrap());
    });
}

/// In a process of its own, to which the kernel gives only so many threads.
#[cfg(target_os = "linux")]
mod threads_refused {
    use std::path::{Path, PathBuf};
    use std::{env, fs, io, process};

    use workyard_testkit::{Program, not_run};

    use super::*;

    /// A control group that holds at most 100 threads. Removed when dropped.
    struct Group(PathBuf);

    impl Group {
        fn create() -> io::Result<Self> {
            let table = fs::read_to_string("/proc/self/cgroup")?;
            let path_in =
                |hierarchy: &str| table.lines().find_map(|line| line.split_once(hierarchy)).map(|(_, path)| path);
            let own = match path_in(":pids:/") {
                Some(path) => Path::new("/sys/fs/cgroup/pids").join(path),
                None => Path::new("/sys/fs/cgroup").join(path_in("0::/").unwrap_or_default()),
            };
            let group = Self(own.join(format!("workyard-threads-{}", process::id())));
            fs::create_dir_all(&group.0)?;
            fs::write(group.0.join("pids.max"), "100")?;
            Ok(group)
        }
    }

    impl Drop for Group {
        fn drop(&mut self) {
            wait_for("the group is removed", SOON, || !self.0.exists() || fs::remove_dir(&self.0).is_ok());
        }
    }

    #[test]
    fn a_yard_is_built_whole_or_not_at_all() {
        if env::var_os("WORKYARD_TEST_FEW_THREADS").is_some() {
            return try_it();
        }
        let group = match Group::create() {
            Ok(group) => group,
            Err(error) => return not_run(&format!("no right to limit the threads of a process: {error}")),
        };
        let enter = "echo $$ > \"$0/cgroup.procs\" || exit 99; exec \"$@\"";
        let shell = Program::new("/bin/sh").arg("-c").arg(enter).arg(&group.0).arg(env::current_exe().unwrap());
        let test = shell.arg("a_yard_is_built_whole_or_not_at_all").env("WORKYARD_TEST_FEW_THREADS", "1");
        let finished = test.run_within(SOON * 3);
        if finished.code == Some(99) {
            return not_run("no right to enter a group with a limit on threads");
        }
        assert_eq!(finished.code, Some(0), "{finished}");
        assert!(finished.stdout.contains("1 passed"), "{finished}");
    }

    fn try_it() {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let before = Residue::now();
        let many = Scheduler::builder().lane("first", Lane::cpu().threads(2)).cpu(Lane::cpu().threads(1_024));
        let error = runtime.block_on(async { many.build() }).unwrap_err();
        assert!(matches!(&error, BuildError::Threads { lane, .. } if lane == "cpu"), "{error:?}");
        assert!(error.source().is_some());
        before.assert_back(SOON);
        let few = runtime.block_on(async { Scheduler::builder().cpu(Lane::cpu().threads(2)).build() });
        drop(few.unwrap());
    }
}

#[test]
fn lanes_are_looked_up_by_name_and_kind() {
    let lanes = build(|b| b.lane("db", LaneSpec::from(Lane::io())).lane("fs", Lane::blocking()));
    let yard = lanes.unwrap();
    assert_eq!((yard.io_lane("db").unwrap().name(), yard.blocking_lane("fs").unwrap().name()), ("db", "fs"));
    let error: NoSuchLane = yard.cpu_lane("db").unwrap_err();
    assert_eq!(error.to_string(), "there is no cpu lane \"db\": it is a lane of kind io");
    let default = "there is no cpu lane \"io\" but the one that each yard has, which is `yard.io()`";
    assert_eq!(yard.cpu_lane("io").unwrap_err().to_string(), default);
    assert_eq!(yard.io_lane("d\nb").unwrap_err().to_string(), "there is no io lane \"d\\nb\"");
}

#[test]
fn what_a_user_holds_can_be_sent_shared_and_moved() {
    /// Neither `Sync` nor `Unpin`, but `Send`.
    type Work = (Cell<u8>, std::marker::PhantomPinned);

    fn all<T: Send + Sync + Unpin + 'static>() {}
    fn send<T: Send>() {}
    fn future<T: Future + Send>() {}
    fn unpin<T: Unpin>() {}

    all::<Scheduler>();
    all::<WeakScheduler>();
    all::<IoLane>();
    all::<CpuLane>();
    all::<BlockingLane>();
    all::<Handle<Cell<u8>>>();
    all::<TaskRef>();
    all::<TaskContext>();
    all::<TaskError>();
    all::<SubmitError<Work2>>();
    all::<BuildError>();
    all::<NoSuchLane>();
    all::<Report>();
    all::<Snapshot>();
    all::<Builder>();
    all::<Shutdown>();
    send::<SubmitError<Work>>();
    future::<ShutdownFuture>();
    future::<Handle<Cell<u8>>>();
    future::<Submit<'static, Work, Cell<u8>>>();
    future::<SubmitTimeout<'static, Work, Cell<u8>>>();
    future::<Run<'static, Work, Cell<u8>>>();
    unpin::<Submit<'static, Work, Cell<u8>>>();
    unpin::<Run<'static, Work, Cell<u8>>>();
    unpin::<ShutdownFuture>();
}

/// `Send` only.
type Work2 = Cell<u8>;

/// A future that is `Send` and not `Sync`.
struct NotSync(Ready<u8>, Cell<u8>);

impl Future for NotSync {
    type Output = u8;

    fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<u8> {
        std::task::Poll::Ready(self.1.get() + self.0.clone().into_inner())
    }
}

#[test]
fn errors_are_errors_whatever_the_work_is() {
    fn boxed(yard: &Scheduler) -> Result<u8, Box<dyn Error + Send + Sync>> {
        yard.io_lane("tiny")?;
        drop(yard.io().try_submit(NotSync(ready(1), Cell::new(1)))?);
        Ok(0)
    }
    fn any(yard: &Scheduler) -> anyhow::Result<u8> {
        let cell = Cell::new(1);
        drop(yard.cpu().try_submit(move || cell.get())?);
        Ok(0)
    }
    on_runtime(async {
        let built = || -> Result<Scheduler, Box<dyn Error + Send + Sync>> {
            Ok(Scheduler::builder().lane("tiny", Lane::io()).cpu(Lane::cpu().threads(1)).build()?)
        };
        let yard = built().unwrap();
        assert!(boxed(&yard).is_ok() && any(&yard).is_ok());
        yard.shutdown().drain_for(SOON).await;
        assert_eq!(boxed(&yard).unwrap_err().to_string(), "lane io is closed");
        assert_eq!(any(&yard).unwrap_err().to_string(), "lane cpu is closed");
        let ran: anyhow::Result<u8> = async { Ok(yard.io().run(async { 1 }).await?) }.await;
        assert!(ran.unwrap_err().to_string().ends_with("was refused: the lane is closed"));
        let refused = yard.io().try_submit(NotSync(ready(1), Cell::new(41))).unwrap_err();
        assert!(refused.is_closed() && !refused.is_full() && !refused.is_timeout());
        assert_eq!(refused.into_inner().await, 42, "the work comes back as it was");
    });
}

#[test]
fn names_of_tasks_are_bounded_and_stay_on_their_line() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).build().unwrap();
        let task = yard.cpu().task("n".repeat(1 << 20)).submit(|| resume("on purpose"));
        let handle = task.await.unwrap();
        assert_eq!(handle.name().unwrap().len(), 128);
        assert_eq!(handle.await.unwrap_err().name().unwrap().len(), 128);
        for name in ["a\nb", "\0", "", "\u{1b}[31m"] {
            let handle = yard.cpu().task(name).submit(|| resume("on purpose")).await.unwrap();
            assert_eq!(handle.name(), Some(name));
            let told = handle.await.unwrap_err().to_string();
            assert!(!told.contains(['\n', '\0', '\u{1b}']), "{told}");
        }
    });
}

fn resume(text: &'static str) {
    std::panic::resume_unwind(Box::new(text));
}

#[test]
fn a_yard_on_a_current_thread_runtime_works() {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let report = runtime.block_on(async {
        let yard = Scheduler::new();
        let (io, cpu) = tokio::join!(yard.io().run(async { 1 }), yard.cpu().run(|| 2));
        assert_eq!(io.unwrap() + cpu.unwrap() + yard.blocking().run(|| 3).await.unwrap(), 6);
        yard.shutdown().await
    });
    assert_eq!(report.to_string(), "accepted 3 = 3 completed; stuck: none");
    drop(runtime);
    wait_for("the report stands alone", SOON, || report.balances());
}
