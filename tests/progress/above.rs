//! What is written beside the bars: it stands above them, whole, whoever writes it.

use std::io::{self, Write};

use workyard::{Progress, out, progress};
use workyard_testkit::Finished;

use crate::program::apart;
use crate::screen::{moments, screen};

/// What a terminal that does not tell its width is taken for.
const COLUMNS: u16 = 80;

/// A terminal adds the carriage returns by itself.
fn on_terminal(finished: &Finished) -> String {
    finished.stderr.replace('\n', "\r\n")
}

/// A bar that has been drawn at least once.
fn bar(name: &'static str) -> Progress {
    let progress = Progress::new(name);
    progress.set_total(Some(10));
    progress.add(4, 1);
    progress
}

#[track_caller]
fn assert_left(finished: &Finished, expected: &[&str]) {
    let left = screen(&on_terminal(finished), COLUMNS);
    assert_eq!(left.len(), expected.len(), "{left:#?}");
    for (line, expected) in left.iter().zip(expected) {
        assert!(line.starts_with(expected), "{expected:?} in {left:#?}");
    }
}

#[test]
fn logs_go_through_the_writer() {
    let finished = apart("above::logs_go_through_the_writer", "bar", || {
        let bar = bar("work");
        let log = tracing_subscriber::fmt().with_writer(progress::stderr).with_ansi(false).without_time();
        tracing::subscriber::with_default(log.finish(), || {
            tracing::warn!("one");
            tracing::warn!("two");
        });
        bar.finish();
    });
    let Some(finished) = finished else { return };
    let target = "progress::above";
    assert_left(
        &finished,
        &[&format!(" WARN {target}: one"), &format!(" WARN {target}: two"), "work: done, 5 of 10, 1 failed"],
    );
    let bytes = on_terminal(&finished);
    let with_bar = moments(&bytes, COLUMNS).filter(|lines| lines.last().is_some_and(|line| line.starts_with("work ")));
    assert!(with_bar.count() > 1, "the bar is there between the lines: {finished}");
}

#[test]
fn lines_in_pieces_are_written_whole() {
    let finished = apart("above::lines_in_pieces_are_written_whole", "bar", || {
        let bar = bar("work");
        let mut writer = progress::stderr();
        writer.write_all(b"one ").unwrap();
        let mut clone = writer.clone();
        clone.write_all(b"other\nend of other").unwrap();
        writer.write_all(b"line\ntwo\nthr").unwrap();
        writer.write_all(b"ee\n").unwrap();
        clone.write_all(b"\n").unwrap();
        drop((writer, clone));
        bar.finish();
    });
    let Some(finished) = finished else { return };
    assert_left(&finished, &["other", "one line", "two", "three", "end of other", "work: done, 5 of 10"]);
}

#[test]
fn what_is_left_of_a_line_is_written_when_it_is_dropped() {
    let finished = apart("above::what_is_left_of_a_line_is_written_when_it_is_dropped", "plain", || {
        drop(write!(progress::stderr(), "no end"));
        progress::stderr().write_all(&vec![b'x'; 100_000]).unwrap();
    });
    let Some(finished) = finished else { return };
    assert_eq!(finished.stderr, format!("no end{}", "x".repeat(100_000)));
}

#[test]
fn all_may_be_done_while_suspended() {
    let finished = apart("above::all_may_be_done_while_suspended", "bar", || {
        let (outer, inner) = (bar("outer"), bar("inner"));
        let value = progress::suspend(|| {
            writeln!(io::stderr(), "first").unwrap();
            let value = progress::suspend(|| 6 * 7);
            writeln!(progress::stderr(), "second").unwrap();
            inner.add(1, 0);
            inner.finish();
            drop(bar("brief"));
            writeln!(io::stderr(), "last").unwrap();
            value
        });
        assert_eq!(value, 42);
        outer.add(1, 0);
    });
    let Some(finished) = finished else { return };
    let ends = ["inner: done, 6 of 10", "brief: stopped at 5 of 10", "last", "outer: stopped at 6 of 10"];
    assert_left(&finished, &[&["first", "second"][..], &ends].concat());
}

#[test]
fn a_panic_while_suspended_brings_the_bars_back() {
    let finished = apart("above::a_panic_while_suspended_brings_the_bars_back", "bar", || {
        let bar = bar("work");
        let caught = std::panic::catch_unwind(|| progress::suspend::<()>(|| std::panic::resume_unwind(Box::new(1))));
        assert!(caught.is_err());
        writeln!(progress::stderr(), "line").unwrap();
        bar.finish();
    });
    let Some(finished) = finished else { return };
    assert_left(&finished, &["line", "work: done, 5 of 10"]);
    let came_back =
        moments(&on_terminal(&finished), COLUMNS).any(|lines| lines.len() == 2 && lines[1].starts_with("work ["));
    assert!(came_back, "{finished}");
}

#[test]
fn a_bar_that_a_panic_ends_does_not_cost_the_others_theirs() {
    let finished = apart("above::a_bar_that_a_panic_ends_does_not_cost_the_others_theirs", "bar", || {
        let outer = bar("outer");
        let caught = std::panic::catch_unwind(|| {
            let _inner = bar("inner");
            // With this, both bars are drawn.
            writeln!(progress::stderr(), "line").unwrap();
            std::panic::resume_unwind(Box::new(1));
        });
        assert!(caught.is_err());
        writeln!(progress::stderr(), "later").unwrap();
        outer.finish();
    });
    let Some(finished) = finished else { return };
    // While a thread unwinds nothing is erased, so the bars of that moment are left where they were.
    let bars = ["outer [", "inner ["];
    assert_left(
        &finished,
        &[&["line"][..], &bars, &["inner: stopped at 5 of 10", "later", "outer: done, 5 of 10"]].concat(),
    );
}

#[test]
fn lines_to_stderr_stand_above_the_bars() {
    let finished = apart("above::lines_to_stderr_stand_above_the_bars", "bar", || {
        let bar = bar("work");
        out::stderr_line("one").unwrap();
        out::stderr_line("two\nthree").unwrap();
        bar.finish();
    });
    let Some(finished) = finished else { return };
    assert_left(&finished, &["one", "two", "three", "work: done, 5 of 10"]);
}

/// As in a shell, where both are the same terminal.
#[cfg(target_os = "linux")]
#[test]
fn lines_to_stdout_stand_above_the_bars_of_the_same_terminal() {
    use workyard_testkit::{Program, has_terminals, not_run};

    const IS_APART: &str = "WORKYARD_TEST_IS_ON_TERMINAL";
    if std::env::var_os(IS_APART).is_some() {
        let bar = bar("work");
        out::stdout_line("one").unwrap();
        out::stdout_line("two").unwrap();
        return bar.finish();
    }
    if let Err(error) = has_terminals() {
        return not_run(&format!("no terminals: {error}"));
    }
    let program = Program::new("/bin/sh").arg("-c").arg("exec \"$0\" --exact \"$1\" --nocapture 1>&2");
    let program = program.arg(std::env::current_exe().unwrap());
    let program = program.arg("above::lines_to_stdout_stand_above_the_bars_of_the_same_terminal");
    let program = program.env(IS_APART, "").env("WORKYARD_PROGRESS", "bar").env("TERM", "xterm").env("NO_COLOR", "");
    let finished = crate::program::run(program.stderr_on_terminal(COLUMNS, 24));
    let left = screen(&finished.stderr, COLUMNS);
    let at = |line: &str| left.iter().position(|left| left.starts_with(line));
    let (one, two, end) = (at("one").unwrap(), at("two").unwrap(), at("work: done, 5 of 10").unwrap());
    assert!((one + 1, two + 1) == (two, end), "{left:#?}");
    assert_eq!((&*left[one], &*left[two]), ("one", "two"));
    assert!(at("work [").is_none(), "no bar is left behind: {left:#?}");
}
