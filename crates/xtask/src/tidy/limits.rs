//! Rule: everything has a limit; what has none says why, on its line or in the comment right above.

use super::finding::Findings;
use crate::source::Source;

pub(super) fn check(source: &Source<'_>, found: &mut Findings) {
    for (index, line) in source.lines.iter().enumerate() {
        let code = line.code.trim_start();
        let is_import = code.starts_with("use ") || code.starts_with("pub use ");
        let above = index.checked_sub(1).map(|above| &source.lines[above]);
        let is_reasoned = !line.comment.is_empty() || above.is_some_and(|above| !above.comment.is_empty());
        if !is_import && uses_unbounded(code) && !is_reasoned {
            found.add(source.path, index, "`unbounded` needs a reason in a comment, here or on the line above");
        }
    }
}

/// Whether a name starts with the word, and is not the name of a function being defined: a test may be called so.
fn uses_unbounded(code: &str) -> bool {
    let lower = code.to_lowercase();
    lower.match_indices("unbounded").any(|(at, _)| {
        let before = &lower[..at];
        !before.ends_with(|symbol: char| symbol.is_alphanumeric() || symbol == '_') && !before.ends_with("fn ")
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::broken;
    use super::check;

    fn lines(text: &str) -> Vec<usize> {
        broken(check, "a.rs", text)
    }

    #[test]
    fn a_reason_is_asked_for() {
        assert_eq!(lines("f();\nlet a = mpsc::unbounded_channel();\n"), [2]);
        assert_eq!(lines("struct A { tx: UnboundedSender<u8> }\n"), [1]);
        assert_eq!(lines("unbounded()\n"), [1]);
    }

    #[test]
    fn a_reason_stands_on_the_line_or_above() {
        assert_eq!(lines("// At most one message each.\nlet a = unbounded();\n"), [0; 0]);
        assert_eq!(lines("let a = unbounded(); // One a worker.\n"), [0; 0]);
        assert_eq!(lines("// Too far.\nf();\nlet a = unbounded();\n"), [3]);
    }

    #[test]
    fn words_are_not_uses() {
        assert_eq!(lines("use tokio::sync::mpsc::unbounded_channel;\n"), [0; 0]);
        assert_eq!(lines("let a = \"unbounded\";\n"), [0; 0]);
        assert_eq!(lines("fn unbounded_is_refused() {}\n"), [0; 0]);
    }
}
