//! Rule: a Rust file opens with `//!`, saying what it owns and what it never does.

use super::finding::Findings;
use crate::source::Source;

pub(super) fn check(source: &Source<'_>, found: &mut Findings) {
    let opens = source.lines.first().is_some_and(|line| line.raw.starts_with("//!"));
    if !opens {
        found.add(source.path, 0, "does not open with `//!`: say what this file owns and what it never does");
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::broken;
    use super::check;

    #[test]
    fn the_first_line_is_documentation() {
        assert_eq!(broken(check, "a.rs", "//! Owns a.\nuse b;\n"), [0; 0]);
        assert_eq!(broken(check, "a.rs", "use b;\n//! Owns a.\n"), [1]);
        assert_eq!(broken(check, "a.rs", "// Owns a.\n"), [1]);
        assert_eq!(broken(check, "a.rs", ""), [1]);
    }
}
