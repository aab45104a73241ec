//! Owns the words that people read, one line at a time. Never holds a line break, a carriage return or an escape code,
//! whatever the name.

use std::fmt::Write;

use super::units::{PerTime, Span};
use super::{State, Tally, View};
use crate::Grouped;

/// A whole line about a piece of work, without its end: how it goes, or how it ended.
///
/// ```text
/// resize: 40 of 100 (40%), 2 failed, 52.1/s, ETA 12s
/// scan: 1_234 items, 0 failed, 52.1/s
/// resize: done, 100 of 100, 2 failed, in 2.1s, 47.6/s
/// resize: stopped at 34 of 100, 2 failed, after 1.4s
/// ```
pub fn line(name: &str, view: &View) -> String {
    let name = shown_name(name);
    let separator = if name.is_empty() { "" } else { ": " };
    format!("{name}{separator}{}", words(view))
}

/// What stands beside a bar, which shows the name itself.
pub fn beside_bar(view: &View) -> String {
    words(view)
}

/// The name without what would move a cursor.
pub fn shown_name(name: &str) -> String {
    name.replace(char::is_control, "\u{fffd}")
}

fn words(view: &View) -> String {
    let View { tally, state, elapsed, per_second, eta } = view;
    let before = match state {
        State::Running => "",
        State::Done => "done, ",
        State::Stopped => "stopped at ",
    };
    let mut words = format!("{before}{}", counted(tally));
    if let (State::Running, Some(percent)) = (state, tally.percent()) {
        push(&mut words, format_args!(" ({percent}%)"));
    }
    // Also when there are none: who reads it need not wonder whether they would be told.
    push(&mut words, format_args!(", {} failed", Grouped(tally.failed)));
    match state {
        State::Running => {}
        State::Done => push(&mut words, format_args!(", in {}", Span(*elapsed))),
        State::Stopped => push(&mut words, format_args!(", after {}", Span(*elapsed))),
    }
    if let Some(per_second) = per_second {
        push(&mut words, format_args!(", {}", PerTime(*per_second)));
    }
    if let Some(eta) = eta {
        // Never less than a second: there still is something to come.
        push(&mut words, format_args!(", ETA {}", Span((*eta).max(ETA_LEAST))));
    }
    words
}

fn counted(tally: &Tally) -> String {
    let ended = Grouped(tally.ended());
    match tally.total {
        Some(total) => format!("{ended} of {}", Grouped(total)),
        None if tally.ended() == 1 => format!("{ended} item"),
        None => format!("{ended} items"),
    }
}

/// Writing to a string cannot fail.
fn push(words: &mut String, piece: std::fmt::Arguments<'_>) {
    words.write_fmt(piece).ok();
}

const ETA_LEAST: std::time::Duration = std::time::Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn view(state: State) -> View {
        View {
            tally: Tally { done: 38, failed: 2, total: Some(100) },
            state,
            elapsed: Duration::from_millis(2_140),
            per_second: None,
            eta: None,
        }
    }

    #[test]
    fn what_goes_on() {
        let plain = view(State::Running);
        assert_eq!(line("resize", &plain), "resize: 40 of 100 (40%), 2 failed");
        let known = View { per_second: Some(52.14), eta: Some(Duration::from_millis(12_900)), ..plain };
        assert_eq!(line("resize", &known), "resize: 40 of 100 (40%), 2 failed, 52.1/s, ETA 12s");
        assert_eq!(beside_bar(&known), "40 of 100 (40%), 2 failed, 52.1/s, ETA 12s");
        let soon = View { eta: Some(Duration::from_millis(3)), ..plain };
        assert_eq!(line("", &soon), "40 of 100 (40%), 2 failed, ETA 1.0s");
    }

    #[test]
    fn an_unknown_total_is_no_share() {
        let tally = Tally { done: 1_234, failed: 0, total: None };
        let unknown = View { tally, per_second: Some(52.14), ..view(State::Running) };
        assert_eq!(line("scan", &unknown), "scan: 1_234 items, 0 failed, 52.1/s");
        let one = View { tally: Tally { done: 1, failed: 0, total: None }, ..unknown };
        assert_eq!(line("scan", &one), "scan: 1 item, 0 failed, 52.1/s");
    }

    #[test]
    fn what_ended() {
        let per_second = Some(18.69);
        let done = View { per_second, ..view(State::Done) };
        assert_eq!(line("resize", &done), "resize: done, 40 of 100, 2 failed, in 2.1s, 18.7/s");
        let stopped = View { per_second, ..view(State::Stopped) };
        assert_eq!(line("resize", &stopped), "resize: stopped at 40 of 100, 2 failed, after 2.1s, 18.7/s");
        let tally = Tally { total: Some(0), ..Tally::default() };
        assert_eq!(line("none", &View { tally, ..view(State::Done) }), "none: done, 0 of 0, 0 failed, in 2.1s");
    }

    #[test]
    fn a_total_that_was_too_low_shows() {
        let tally = Tally { done: 105, failed: 0, total: Some(100) };
        assert_eq!(line("a", &View { tally, ..view(State::Running) }), "a: 105 of 100 (105%), 0 failed");
    }

    #[test]
    fn no_name_moves_the_cursor() {
        let line = line("a\r\nb\u{1b}[2Kc\t", &view(State::Running));
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(line.starts_with("a\u{fffd}\u{fffd}b\u{fffd}[2Kc\u{fffd}: 40 of 100"), "{line}");
    }
}
