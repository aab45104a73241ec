//! Rule: a file that does not fit into a reader's head owns more than one thing.

use super::finding::Findings;
use crate::source::Source;

/// Lines, without tests. 400 are usual.
const LINES_MAX: usize = 600;

pub(super) fn check(source: &Source<'_>, found: &mut Findings) {
    let lines = source.lines.iter().filter(|line| !line.test).count();
    if lines > LINES_MAX && !source.is_test_file() {
        found.add(source.path, 0, format!("has {lines} lines without tests, of {LINES_MAX}: split it by what it owns"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::broken;
    use super::{LINES_MAX, check};

    #[test]
    fn tests_do_not_count() {
        let full = "//! Docs.\n".repeat(LINES_MAX);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "fn f() {}\n".repeat(99));
        assert_eq!(broken(check, "a.rs", &format!("{full}{tests}")), [0; 0]);
        assert_eq!(broken(check, "a.rs", &format!("{full}fn g() {{}}\n{tests}")), [1]);
        assert_eq!(broken(check, "tests/a.rs", &format!("{full}fn g() {{}}\n")), [0; 0]);
    }
}
