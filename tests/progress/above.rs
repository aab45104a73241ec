//! What is written beside the bars: it stands above them, whole, whoever writes it.

use std::io::{self, Write};

use workyard::{Progress, progress};
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
