//! Programs of a Unix shell, run by the kit.

use std::env;
use std::path::Path;
#[cfg(unix)]
use std::time::Duration;

use super::launch::example_beside;
#[cfg(unix)]
use super::{Program, Running};
#[cfg(unix)]
use crate::{not_run, test_panic::message_and_line, wait_for};

#[cfg(unix)]
const SOON: Duration = Duration::from_secs(30);

#[test]
fn examples_are_in_the_profile_of_whoever_runs() {
    let found = |exe: &str| example_beside(Path::new(exe), "hello");
    let hello = format!("hello{}", env::consts::EXE_SUFFIX);
    for exe in ["/t/debug/deps/tests-0a1b", "/t/debug/tool", "/t/debug/examples/other"] {
        assert_eq!(found(exe), Some(Path::new("/t/debug/examples").join(&hello)), "{exe}");
    }
    assert_eq!(found("/"), None);
}

#[cfg(unix)]
mod unix {
    use std::time::Instant;

    use super::*;

    fn sh(script: &str) -> Program {
        Program::new("/bin/sh").arg("-c").arg(script)
    }

    /// Of a pid, when its process is neither gone nor waiting to be reaped.
    fn lives(pid: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    }

    #[test]
    fn outputs_input_environment_and_code_come_through() {
        let program =
            sh("cat; echo \"$GREETING $1\" >&2; exit 3").arg("sh").arg("you").env("GREETING", "hi").stdin("in\nput");
        let finished = program.run_within(SOON);
        assert_eq!((finished.code, finished.signal), (Some(3), None));
        assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("in\nput", "hi you\n"));
        assert!(finished.to_string().starts_with("exit code 3 after "), "{finished}");
        assert!(finished.to_string().ends_with("--- stdout ---\nin\nput\n--- stderr ---\nhi you"), "{finished}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_terminal_is_one_and_its_output_comes_to_an_end() {
        if let Err(why) = crate::has_terminals() {
            return not_run(&format!("no pseudo-terminals: {why}"));
        }
        let program = sh("test -t 2 && ! test -t 1 && echo yes; stty size <&2 >&2; echo end >&2");
        let finished = program.stderr_on_terminal(123, 45).run_within(SOON);
        assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("yes\n", "45 123\r\nend\r\n"), "{finished}");
    }

    #[test]
    fn outputs_and_input_larger_than_any_pipe_do_not_block() {
        let input = vec![b'x'; 1 << 20];
        let finished = sh("tee /dev/stderr").stdin(input).run_within(SOON);
        assert_eq!((finished.stdout.len(), finished.stderr.len()), (1 << 20, 1 << 20), "{:?}", finished.code);
    }

    #[test]
    fn input_that_nobody_reads_does_not_block() {
        assert_eq!(sh("exit 0").stdin(vec![b'x'; 1 << 20]).run_within(SOON).code, Some(0));
    }

    #[test]
    fn a_program_that_is_late_is_killed_with_what_it_started() {
        let mut children = String::new();
        let late = || {
            let running = sh("sleep 60 & echo child $!; echo oh >&2; wait").spawn();
            children = running.wait_for_line("child", SOON).replace("child ", "");
            running.wait_for_line("oh", SOON);
            assert!(lives(&children));
            running.finish_within(Duration::from_millis(20));
        };
        let (message, (file, _)) = message_and_line(late);
        let expected = "still ran after 20ms\n--- stdout ---\nchild ";
        assert!(
            message.starts_with("`sh -c sleep") && message.contains(expected) && message.ends_with("\noh"),
            "{message}"
        );
        assert_eq!(file, file!());
        wait_for("its child is gone too", SOON, || !lives(&children));
    }

    #[test]
    fn a_process_left_behind_with_the_output_is_told() {
        let (message, _) = message_and_line(|| {
            let running = sh("sleep 60 & echo child $!").spawn();
            running.wait_for_line("child", SOON);
            running.finish_within(Duration::from_millis(50));
        });
        assert!(message.contains("left a process behind that held its output after 50ms"), "{message}");
    }

    #[test]
    fn what_is_written_after_its_end_is_waited_for() {
        let finished = sh("(sleep 0.1; echo late) & echo early").run_within(SOON);
        assert_eq!(finished.stdout, "early\nlate\n");
    }

    /// A shell without job control has what it starts in the background ignore SIGINT, and all that this starts in turn.
    fn ignores_sigint() -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 0b10 != 0)
    }

    #[test]
    fn signals_reach_the_program() {
        if ignores_sigint() {
            return not_run("who started this has it ignore SIGINT");
        }
        let trap = "trap 'echo got it; exit 7' INT TERM; echo ready; while :; do sleep 0.01; done";
        for send in [Running::interrupt, Running::terminate] {
            let running = sh(trap).spawn();
            assert_eq!(running.wait_for_line("read", SOON), "ready");
            send(&running);
            let finished = running.finish_within(SOON);
            assert_eq!((finished.code, finished.stdout.as_str()), (Some(7), "ready\ngot it\n"), "{finished}");
        }
    }

    #[test]
    fn the_signal_that_ended_it_is_known() {
        let running = sh("exec sleep 60").spawn();
        running.kill();
        let finished = running.finish_within(SOON);
        assert_eq!((finished.code, finished.signal), (None, Some(9)));
        assert!(finished.to_string().starts_with("ended by signal 9 after "), "{finished}");
    }

    #[test]
    fn signals_after_the_end_do_nothing() {
        let running = sh("exit 0").spawn();
        wait_for("it has ended", SOON, || is_zombie(&running));
        running.interrupt();
        running.terminate();
        running.kill();
        assert_eq!(running.finish_within(SOON).code, Some(0));
    }

    #[test]
    fn a_line_that_never_comes_is_told_at_once_when_the_program_ends() {
        let (message, _) = message_and_line(|| {
            drop(sh("echo one; echo two >&2").spawn().wait_for_line("three", Duration::from_hours(1)));
        });
        let expected = "wrote no line with \"three\" until its end (3600s)\n--- stdout ---\none\n--- stderr ---\ntwo";
        assert!(message.ends_with(expected), "{message}");
    }

    #[test]
    fn dropping_kills_and_reaps() {
        let running = sh("sleep 60 & echo $!; wait").spawn();
        let (child, id) = (running.wait_for_line("", SOON), running.id());
        drop(running);
        assert!(!Path::new(&format!("/proc/{id}")).exists(), "it was reaped");
        wait_for("its child is gone too", SOON, || !lives(&child));
    }

    #[test]
    fn elapsed_is_the_programs_own_time() {
        let (since, later) = (Instant::now(), Duration::from_millis(500));
        let running = sh("exit 0").spawn();
        wait_for("it has ended", SOON, || is_zombie(&running));
        let ended = since.elapsed();
        wait_for("some time later", SOON, || since.elapsed() > ended + 2 * later);
        assert!(running.finish_within(SOON).elapsed < ended + later);
    }

    /// It has ended, and still has its id.
    fn is_zombie(running: &Running) -> bool {
        std::fs::read_to_string(format!("/proc/{}/stat", running.id())).unwrap().contains(") Z ")
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_peak_of_memory_is_that_of_the_program() {
        // One variable of 32 MiB, and at least another moment with it.
        let grow = "x=$(head -c 33554432 /dev/zero | tr '\\0' x); echo ${#x}; read -r wait";
        let running = sh(grow).stdin("x".repeat(100)).spawn();
        running.wait_for_line("33554432", SOON);
        let peak = running.finish_within(SOON).peak_rss_kib.unwrap();
        assert!((32 << 10..1 << 20).contains(&peak), "{peak} KiB");
        let little = sh("sleep 0.1").run_within(SOON).peak_rss_kib.unwrap();
        assert!(little < 32 << 10, "{little} KiB");
    }

    #[test]
    fn what_does_not_exist_is_told() {
        let (message, _) = message_and_line(|| drop(Program::new("/no/such/program").arg("-v").spawn()));
        assert!(message.starts_with("`program -v` cannot be started: "), "{message}");
        let (message, _) = message_and_line(|| drop(Program::example("no-such-example")));
        assert!(
            message.ends_with("examples/no-such-example is not built: `cargo build --examples`, or `cargo xtask test`"),
            "{message}"
        );
    }
}
