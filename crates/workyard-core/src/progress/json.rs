//! Owns the words that programs read: one JSON object a line. Never a line break within one, whatever the name.

use std::fmt::Write;

use super::{State, View};

/// A JSON object about a piece of work, without the end of the line. All fields are always there, in this order.
///
/// | field | type | meaning |
/// |---|---|---|
/// | `progress` | string | its name |
/// | `id` | integer | a number that no other progress of the process has |
/// | `state` | string | `running`, `done`, or `stopped`; one of the last two comes once, as its last line |
/// | `done` | integer | items that ended well |
/// | `failed` | integer | items that did not |
/// | `total` | integer or null | how many there are to be; null if that is unknown |
/// | `elapsed_s` | number | seconds since it began |
/// | `per_s` | number or null | items a second; null if that is unknown |
/// | `eta_s` | number or null | seconds that the rest will take; null if that cannot be said |
///
/// ```text
/// {"progress":"resize","id":1,"state":"running","done":38,"failed":2,"total":100,"elapsed_s":0.768,"per_s":52.1,"eta_s":null}
/// ```
pub fn json_line(id: u64, name: &str, view: &View) -> String {
    let state = match view.state {
        State::Running => "running",
        State::Done => "done",
        State::Stopped => "stopped",
    };
    let (done, failed) = (view.tally.done, view.tally.failed);
    let total = view.tally.total.map_or_else(null, |total| total.to_string());
    let (elapsed, rate) = (number(view.elapsed.as_secs_f64()), view.per_second.map_or_else(null, number));
    let eta = view.eta.map_or_else(null, |eta| number(eta.as_secs_f64()));
    let name = escaped(name);
    format!(
        "{{\"progress\":\"{name}\",\"id\":{id},\"state\":\"{state}\",\"done\":{done},\"failed\":{failed},\
         \"total\":{total},\"elapsed_s\":{elapsed},\"per_s\":{rate},\"eta_s\":{eta}}}"
    )
}

/// In at most three decimals. JSON knows no infinity.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return null();
    }
    let rounded = (value * 1_000.0).round() / 1_000.0;
    if rounded.is_finite() { rounded.to_string() } else { value.to_string() }
}

fn null() -> String {
    "null".to_owned()
}

/// The inside of a JSON string.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for symbol in text.chars() {
        match symbol {
            '"' | '\\' => escaped.extend(['\\', symbol]),
            // Writing to a string cannot fail.
            '\0'..='\u{1f}' | '\u{7f}' => write!(escaped, "\\u{:04x}", u32::from(symbol)).unwrap_or_default(),
            _ => escaped.push(symbol),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Tally;
    use super::*;

    fn view() -> View {
        View {
            tally: Tally { done: 38, failed: 2, total: Some(100) },
            state: State::Running,
            elapsed: Duration::from_micros(768_400),
            per_second: Some(52.08),
            eta: Some(Duration::from_secs(12)),
        }
    }

    #[test]
    fn every_field_is_there_in_order() {
        assert_eq!(
            json_line(1, "resize", &view()),
            r#"{"progress":"resize","id":1,"state":"running","done":38,"failed":2,"total":100,"elapsed_s":0.768,"per_s":52.08,"eta_s":12}"#
        );
        let tally = Tally { done: u64::MAX, failed: 0, total: None };
        let unknown = View { tally, state: State::Stopped, elapsed: Duration::ZERO, per_second: None, eta: None };
        assert_eq!(
            json_line(7, "", &unknown),
            r#"{"progress":"","id":7,"state":"stopped","done":18446744073709551615,"failed":0,"total":null,"elapsed_s":0,"per_s":null,"eta_s":null}"#
        );
    }

    #[test]
    fn names_are_escaped() {
        let line = json_line(1, "a\"b\\c\n\u{1b}é", &view());
        assert!(line.starts_with(r#"{"progress":"a\"b\\c\u000a\u001bé","id":1,"#), "{line}");
        assert!(!line.contains(char::is_control), "{line:?}");
    }

    #[test]
    fn numbers_are_json() {
        assert_eq!([0.0, 1.0, 0.1234, 1e15].map(number), ["0", "1", "0.123", "1000000000000000"]);
        assert_eq!((number(f64::INFINITY), number(f64::NAN)), (null(), null()));
        assert!(number(f64::MAX).parse::<f64>().is_ok());
    }
}
