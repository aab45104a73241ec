//! Lines to stdout and stderr, as who reads them sees them. Each test runs a part of itself as a process of its own.
#![cfg(test)]

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread;

use workyard::{Scheduler, out};
use workyard_testkit::{Finished, Program, wait_for};

use run::{SOON, on_runtime, soon};

#[path = "common/run.rs"]
mod run;

const IS_APART: &str = "WORKYARD_TEST_IS_APART";
const LINES: usize = 200;
/// Longer than what the standard library writes in one go by itself.
const LONG: usize = 3_000;

fn is_apart() -> bool {
    env::var_os(IS_APART).is_some()
}

/// Runs the body of this test in a process of its own. There it gives nothing; to the test it gives what that process wrote.
#[track_caller]
fn apart(test: &str, body: impl FnOnce()) -> Option<Finished> {
    if is_apart() {
        // The harness may not have ended its own line.
        out::stdout_line("").unwrap();
        body();
        return None;
    }
    let program = Program::new(env::current_exe().unwrap()).arg("--exact").arg(test).arg("--nocapture");
    let finished = program.env(IS_APART, "").run_within(SOON * 3);
    assert_eq!(finished.code, Some(0), "{finished}");
    Some(finished)
}

/// How often each writer's lines came. Whatever is torn is a line of nobody.
fn by_writer(text: &str) -> BTreeMap<char, usize> {
    let mut counts = BTreeMap::new();
    for line in text.lines().filter(|line| line.contains(['<', '>'])) {
        // Before it there may be words of the test harness, which writes its lines in pieces.
        let line = line.find('<').map_or("", |start| &line[start..]);
        let writer = line.chars().nth(1).unwrap_or_default();
        assert_eq!(line, long(writer), "a torn line");
        *counts.entry(writer).or_default() += 1;
    }
    counts
}

fn long(writer: char) -> String {
    format!("<{}>", String::from(writer).repeat(LONG))
}

#[test]
fn lines_of_tasks_closures_and_threads_are_whole() {
    let finished = apart("lines_of_tasks_closures_and_threads_are_whole", || {
        on_runtime(async {
            let yard = Scheduler::new();
            let group = yard.group();
            for writer in ['a', 'b'] {
                let lines = async move {
                    for _ in 0..LINES {
                        out::stdout_line(long(writer)).unwrap();
                        out::stderr_line(long(writer)).unwrap();
                        tokio::task::yield_now().await;
                    }
                };
                group.io(lines).await.unwrap();
            }
            for writer in ['c', 'd'] {
                let lines = move || {
                    for _ in 0..LINES {
                        out::stdout_line(long(writer)).unwrap();
                        out::stderr_line(long(writer)).unwrap();
                    }
                };
                group.blocking(lines).await.unwrap();
            }
            // Others who write whole lines in their own way.
            let printing = thread::spawn(|| {
                for _ in 0..LINES {
                    println!("{}", long('e'));
                    eprintln!("{}", long('e'));
                }
            });
            while let Some(done) = soon(group.join_next()).await {
                done.unwrap();
            }
            printing.join().unwrap();
            assert!(yard.shutdown().await.balances());
        });
    });
    let Some(finished) = finished else { return };
    let all = BTreeMap::from(['a', 'b', 'c', 'd', 'e'].map(|writer| (writer, LINES)));
    assert_eq!(by_writer(&finished.stdout), all);
    assert_eq!(by_writer(&finished.stderr), all);
}

#[test]
fn processes_that_share_a_pipe_do_not_tear_each_others_lines() {
    const AMONG: &str = "WORKYARD_TEST_AMONG";
    let finished = apart("processes_that_share_a_pipe_do_not_tear_each_others_lines", || {
        if let Some(writer) = env::var_os(AMONG) {
            let writer = writer.to_str().unwrap().chars().next().unwrap();
            return (0..LINES).for_each(|_| out::stdout_line(long(writer)).unwrap());
        }
        let start = |writer: &str| {
            let mut command = Command::new(env::current_exe().unwrap());
            command.args(["--exact", "processes_that_share_a_pipe_do_not_tear_each_others_lines", "--nocapture"]);
            command.env(AMONG, writer).spawn().unwrap()
        };
        for mut child in ["a", "b", "c"].map(start) {
            wait_for("the process has ended", SOON, || child.try_wait().unwrap().is_some());
        }
    });
    let Some(finished) = finished else { return };
    assert_eq!(by_writer(&finished.stdout), BTreeMap::from(['a', 'b', 'c'].map(|writer| (writer, LINES))));
}

/// Starts this test apart, with both its outputs to be closed at any time.
fn start_apart(test: &str) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(IS_APART, "");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_stdout_that_nobody_reads_is_an_error_and_no_panic() {
    if is_apart() {
        out::stdout_line("\nready").unwrap();
        let errors = until_two_errors(|| out::stdout_line("line"));
        out::stderr_line(format_args!("told: {errors:?}")).unwrap();
        return;
    }
    let mut child = start_apart("a_stdout_that_nobody_reads_is_an_error_and_no_panic");
    let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    read_until_ready(stdout);
    assert_told_two_errors(&mut stderr);
    wait_for("the process has ended", SOON, || child.try_wait().unwrap().is_some());
}

#[test]
fn a_stderr_that_nobody_reads_is_an_error_and_no_panic() {
    if is_apart() {
        out::stderr_line("\nready").unwrap();
        let errors = until_two_errors(|| out::stderr_line("line"));
        out::stdout_line(format_args!("\ntold: {errors:?}")).unwrap();
        return;
    }
    let mut child = start_apart("a_stderr_that_nobody_reads_is_an_error_and_no_panic");
    let (mut stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    read_until_ready(stderr);
    assert_told_two_errors(&mut stdout);
    wait_for("the process has ended", SOON, || child.try_wait().unwrap().is_some());
}

/// Reads up to the line `ready`, and closes the pipe.
fn read_until_ready(pipe: impl Read) {
    let is_ready = |line: Result<String, _>| line.unwrap() == "ready";
    assert!(BufReader::new(pipe).lines().any(is_ready), "it says that it is ready");
}

fn assert_told_two_errors(pipe: &mut impl Read) {
    let mut told = String::new();
    pipe.read_to_string(&mut told).unwrap();
    assert!(told.contains("told: [BrokenPipe, BrokenPipe]"), "{told}");
}

/// Writes until it failed twice: the first error does not leave anything behind that later makes a panic.
fn until_two_errors(write: impl Fn() -> std::io::Result<()>) -> Vec<std::io::ErrorKind> {
    let errors = std::iter::repeat_with(write).filter_map(Result::err);
    errors.map(|error| error.kind()).take(2).collect()
}

#[test]
fn what_is_written_may_write_lines_itself() {
    struct Talks;

    impl fmt::Display for Talks {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            out::stdout_line("inner").unwrap();
            f.write_str("outer\nin two lines")
        }
    }

    let finished = apart("what_is_written_may_write_lines_itself", || out::stdout_line(Talks).unwrap());
    let Some(finished) = finished else { return };
    assert!(finished.stdout.contains("inner\nouter\nin two lines\n"), "{finished}");
}
