//! What `WORKYARD_PROGRESS` asks for, into a pipe, and a stderr that is broken.

use workyard_testkit::Program;

use crate::program::{SOON, lines_of, progress, run};

const ARGS: &str = "--batches 1 --blocks 256 --work 0 --threads 1 --bad-every 100";

#[test]
fn off_shows_nothing() {
    let finished = run(progress(ARGS).env("WORKYARD_PROGRESS", "off"));
    assert_eq!(finished.stderr, "");
    assert!(finished.stdout.starts_with("256 blocks, 2 bad, "), "{finished}");
}

#[test]
fn plain_and_auto_are_the_same_in_a_pipe() {
    for setting in ["plain", "auto", ""] {
        let finished = run(progress(ARGS).env("WORKYARD_PROGRESS", setting));
        assert_eq!(lines_of(&finished, "batch 1").len(), 10, "{setting:?}: {finished}");
    }
}

#[test]
fn json_is_one_object_a_line() {
    let finished = run(progress(ARGS).env("WORKYARD_PROGRESS", "json"));
    let lines: Vec<&str> = finished.stderr.lines().collect();
    assert_eq!(lines.len(), 10, "{finished}");
    for (line, tenth) in lines[..9].iter().zip(1..) {
        let (ended, failed) = ((tenth * 256_u64).div_ceil(10), (tenth * 256_u64).div_ceil(10) / 100);
        let counts = format!("\"state\":\"running\",\"done\":{},\"failed\":{failed},\"total\":256,", ended - failed);
        let start = format!("{{\"progress\":\"batch 1\",\"id\":1,{counts}\"elapsed_s\":");
        assert!(line.starts_with(&start) && line.ends_with('}'), "{start} in {finished}");
    }
    let start = r#"{"progress":"batch 1","id":1,"state":"done","done":254,"failed":2,"total":256,"elapsed_s":"#;
    assert!(lines[9].starts_with(start) && lines[9].ends_with(",\"eta_s\":null}"), "{finished}");
}

#[test]
fn json_of_an_unknown_total_is_null() {
    let program = progress(&format!("{ARGS} --unknown --stop-after 7")).env("WORKYARD_PROGRESS", "json");
    let finished = run(program);
    let start = r#"{"progress":"batch 1","id":1,"state":"stopped","done":7,"failed":0,"total":null,"elapsed_s":"#;
    assert!(finished.stderr.starts_with(start) && finished.stderr.lines().count() == 1, "{finished}");
}

#[test]
fn an_unknown_value_is_told_once_and_counts_as_auto() {
    let finished = run(progress("--batches 2 --blocks 10 --work 0 --threads 1").env("WORKYARD_PROGRESS", "verbose"));
    let complaints = finished.stderr.lines().filter(|line| line.contains("WORKYARD_PROGRESS")).count();
    assert_eq!(complaints, 1, "{finished}");
    assert!(finished.stderr.starts_with("workyard: WORKYARD_PROGRESS=\"verbose\" is none of auto, "), "{finished}");
    assert_eq!(lines_of(&finished, "batch 2").len(), 10, "{finished}");
}

#[test]
fn bars_may_be_forced_into_a_pipe_without_colours() {
    let finished = run(progress(ARGS).env("WORKYARD_PROGRESS", "bar"));
    assert!(finished.stderr.contains("batch 1 [          "), "{finished}");
    assert!(finished.stderr.contains("\u{1b}[2K") && !finished.stderr.contains("\u{1b}[3"), "{:?}", finished.stderr);
    let last = finished.stderr.lines().last().unwrap();
    assert!(last.contains("batch 1: done, 256 of 256, 2 failed, in "), "{finished}");
}

/// A shell runs the example with its stderr in a certain state.
#[test]
fn a_wrong_number_is_told_with_its_option() {
    for (args, told) in
        [("--blocks x", "--blocks: 'x'"), ("--threads 0", "--threads: '0'"), ("--work -1", "--work: '-1'")]
    {
        let finished = progress(args).run_within(SOON);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{args}: {finished}");
        assert!(finished.stderr.starts_with(&format!("progress: {told}: ")), "{args}: {finished}");
    }
}

#[cfg(unix)]
#[test]
fn a_broken_stderr_harms_nothing() {
    let example = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("examples/progress");
    let closed = "exec \"$0\" $1 2>&-";
    let full = "exec \"$0\" $1 2>/dev/full";
    let without_reader = "{ { \"$0\" $1; echo code $? >&3; } 2>&1 >&3 | exec true; } 3>&1 | cat";
    for setting in ["plain", "json", "bar", "wrong"] {
        for script in [closed, full, without_reader] {
            if script == full && !std::path::Path::new("/dev/full").exists() {
                continue;
            }
            let args = "--batches 2 --blocks 300 --work 100 --bad-every 100 --log";
            let shell = Program::new("/bin/sh").arg("-c").arg(script).arg(&example).arg(args);
            let finished = run(shell.env("WORKYARD_PROGRESS", setting).env("TERM", "xterm").env("NO_COLOR", ""));
            assert!(finished.stdout.contains("600 blocks, 6 bad, "), "{setting}, {script}: {finished}");
            assert!(!finished.stdout.contains("code ") || finished.stdout.contains("code 0"), "{script}: {finished}");
        }
    }
}
