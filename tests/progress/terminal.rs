//! What stands on a terminal: bars while work goes on, and what is left of them.

use std::time::Duration;

use workyard_testkit::{Finished, Program, has_terminals, not_run};

use crate::program::{progress, run};
use crate::screen::{ROWS, moments, screen};

const COLUMNS: u16 = 100;

/// What the example wrote to a terminal; nothing if there is none to be had.
fn shown(program: Program) -> Option<Finished> {
    if let Err(why) = has_terminals() {
        not_run(&format!("no pseudo-terminals: {why}"));
        return None;
    }
    Some(run(program.stderr_on_terminal(COLUMNS, ROWS)))
}

fn is_bar(line: &str) -> bool {
    line.starts_with("batch") && line.contains(" [")
}

#[test]
fn bars_are_drawn_and_leave_their_last_lines() {
    let Some(finished) = shown(progress("--batches 2 --blocks 300 --work 500 --threads 1")) else { return };
    let left = screen(&finished.stderr, COLUMNS);
    assert_eq!(left.len(), 3, "{left:#?}");
    let ends = ["batch 1: done, 300 of 300", "batch 2: done, 300 of 300", "batches: done, 2 of 2"];
    for (line, end) in left.iter().zip(ends) {
        assert!(line.starts_with(&format!("{end}, 0 failed, in ")), "{left:#?}");
    }
    let both = moments(&finished.stderr, COLUMNS)
        .filter(|lines| lines.iter().filter(|line| is_bar(line)).count() == 2)
        .count();
    assert!(both > 1, "two bars at once, redrawn: {finished}");
    let full = "batch 1 [==============================] ";
    let partly = moments(&finished.stderr, COLUMNS)
        .flatten()
        .any(|line| is_bar(&line) && line.contains("=>") && !line.contains(full));
    assert!(partly, "{finished}");
}

#[test]
fn colours_are_for_those_who_want_them() {
    // Long enough for several redraws: the first shows no failure yet.
    let args = "--batches 1 --blocks 1000 --work 500 --threads 1 --bad-every 50";
    let Some(finished) = shown(progress(args)) else { return };
    let (cyan, yellow) = ("\u{1b}[36m", "\u{1b}[33m");
    assert!(finished.stderr.contains(cyan) && finished.stderr.contains(yellow), "{:?}", finished.stderr);
    let Some(grey) = shown(progress(args).env("NO_COLOR", "1")) else { return };
    assert!(moments(&grey.stderr, COLUMNS).flatten().any(|line| is_bar(&line)), "a bar nevertheless: {grey}");
    let ends_in_m = |piece: &str| {
        piece.trim_start_matches(|symbol: char| symbol.is_ascii_digit() || symbol == ';').starts_with('m')
    };
    assert!(!grey.stderr.split("\u{1b}[").skip(1).any(ends_in_m), "{:?}", grey.stderr);
}

#[test]
fn an_unknown_total_has_no_bar_on_a_terminal_either() {
    let Some(finished) = shown(progress("--batches 1 --blocks 1000 --work 500 --threads 1 --unknown")) else { return };
    let lines: Vec<String> = moments(&finished.stderr, COLUMNS).flatten().collect();
    assert!(lines.iter().any(|line| line.starts_with("batch 1 ") && line.contains(" items, 0 failed")), "{finished}");
    assert!(
        !finished.stderr.contains('%') && !finished.stderr.contains("ETA") && !lines.iter().any(|line| is_bar(line))
    );
}

#[test]
fn a_dumb_terminal_gets_lines() {
    for (term, setting) in [("dumb", ""), ("dumb", "auto"), ("", ""), ("xterm", "plain"), ("xterm", "json")] {
        let program = progress("--batches 1 --blocks 100 --work 0 --threads 1");
        let Some(finished) = shown(program.env("TERM", term).env("WORKYARD_PROGRESS", setting)) else { return };
        assert!(!finished.stderr.contains('\u{1b}'), "{:?}", finished.stderr);
        // The terminal itself adds one to the end of each line.
        assert!(!finished.stderr.replace("\r\n", "\n").contains('\r'), "{:?}", finished.stderr);
        assert_eq!(finished.stderr.lines().count(), 10, "{finished}");
    }
}

#[test]
fn off_is_off_on_a_terminal_too() {
    let program = progress("--blocks 100 --work 100").env("WORKYARD_PROGRESS", "off");
    let Some(finished) = shown(program) else { return };
    assert_eq!(finished.stderr, "");
}

#[test]
fn redraws_are_at_most_ten_a_second() {
    // A single bar, so each redraw has its name once.
    let Some(finished) = shown(progress("--batches 1 --blocks 30000 --work 40 --threads 2")) else { return };
    let redraws = finished.stderr.matches("batch 1 [").count();
    let most = usize::try_from(finished.elapsed.as_millis() / 100).unwrap() + 1;
    assert!(finished.elapsed >= Duration::from_millis(500), "{:?}", finished.elapsed);
    assert!((4..=most).contains(&redraws), "{redraws} redraws in {:?}", finished.elapsed);
}

#[test]
fn logs_stand_above_the_bars() {
    let Some(finished) = shown(progress("--batches 2 --blocks 200 --work 500 --threads 1 --bad-every 20 --log")) else {
        return;
    };
    let mut expected = Vec::new();
    for batch in [1, 2] {
        expected.extend((1..=10).map(|bad| format!("block {} of batch {batch} is bad", bad * 20)));
        expected.push(format!("batch {batch} has 10 bad blocks"));
        expected.push(format!("batch {batch}: done, 200 of 200, 10 failed, in "));
    }
    expected.push("batches: done, 2 of 2, 2 failed, in ".to_owned());
    let left = screen(&finished.stderr, COLUMNS);
    assert_eq!(left.len(), expected.len(), "{left:#?}");
    for (line, expected) in left.iter().zip(&expected) {
        assert!(line.starts_with(expected), "{expected:?} in {left:#?}");
    }
    for lines in moments(&finished.stderr, COLUMNS) {
        let first_bar = lines.iter().position(|line| is_bar(line)).unwrap_or(lines.len());
        let below = lines[first_bar..].iter().filter(|line| !is_bar(line) && !line.is_empty()).count();
        assert_eq!(below, 0, "{lines:#?}");
    }
    assert!(finished.stdout.contains("batch 2: "), "{finished}");
}

#[test]
fn a_panic_leaves_whole_lines() {
    let args = "--batches 2 --blocks 300 --work 1000 --threads 1 --panic-at 250";
    if let Err(why) = has_terminals() {
        return not_run(&format!("no pseudo-terminals: {why}"));
    }
    let finished = progress(args).stderr_on_terminal(COLUMNS, ROWS).run_within(crate::program::SOON);
    assert_eq!(finished.code, Some(101), "{finished}");
    let left = screen(&finished.stderr, COLUMNS);
    for last in ["batch 1: stopped at 249 of 300, 0 failed, after ", "batches: stopped at 0 of 2, 0 failed, after "] {
        assert_eq!(left.iter().filter(|line| line.starts_with(last)).count(), 1, "{left:#?}");
    }
    assert!(left.iter().any(|line| line.ends_with("block 250 of batch 1 is cursed")), "{left:#?}");
}

#[test]
fn a_narrow_terminal_shows_words_and_no_bar() {
    if let Err(why) = has_terminals() {
        return not_run(&format!("no pseudo-terminals: {why}"));
    }
    for columns in [1, 20, 40] {
        let program = progress("--batches 1 --blocks 300 --work 1000").stderr_on_terminal(columns, 24);
        let finished = run(program);
        assert!(finished.stderr.contains("batch 1: done, 300 of 300, 0 failed"), "{finished}");
        assert!(!finished.stderr.contains("[=") && !finished.stderr.contains("[>"), "{finished}");
        assert!(columns < 20 || finished.stderr.contains("batch 1 0 of 300"), "{finished}");
    }
}
