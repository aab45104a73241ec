//! Rule: a `mod.rs` is a table of contents: documentation, `mod`, `use` without globs, attributes.

use super::finding::Findings;
use crate::source::Source;

pub(super) fn check(source: &Source<'_>, found: &mut Findings) {
    if source.path.rsplit('/').next() != Some("mod.rs") {
        return;
    }
    let mut statement = String::new();
    let mut start = 0;
    for (index, line) in source.lines.iter().enumerate() {
        let code = line.code.trim();
        if statement.is_empty() {
            start = index;
        }
        statement.push_str(code);
        statement.push(' ');
        if ends(statement.trim()) {
            if let Some(what) = judge(statement.trim()) {
                found.add(source.path, start, what);
                // Whatever follows is most likely the rest of the same item.
                return;
            }
            statement.clear();
        }
    }
    if !statement.trim().is_empty() {
        found.add(source.path, start, LOGIC);
    }
}

const LOGIC: &str = "a mod.rs holds documentation, `mod` and `use` only: move this to a file that owns it";

/// Attributes end with `]`, items with `;`; anything with a body is judged as soon as the body opens.
fn ends(statement: &str) -> bool {
    let is_use = bare(statement).starts_with("use ");
    statement.is_empty() || statement.ends_with([';', ']']) || (statement.contains('{') && !is_use)
}

fn judge(statement: &str) -> Option<&'static str> {
    let item = bare(statement);
    if statement.is_empty() || statement.starts_with('#') && statement.ends_with(']') {
        None
    } else if item.starts_with("use ") && item.contains('*') {
        Some("a mod.rs names what it re-exports: no globs")
    } else if (item.starts_with("use ") || item.starts_with("mod ")) && item.ends_with(';') {
        None
    } else {
        Some(LOGIC)
    }
}

/// The item without its visibility.
fn bare(statement: &str) -> &str {
    let Some(rest) = statement.strip_prefix("pub") else { return statement };
    match rest.strip_prefix('(') {
        Some(rest) => rest.split_once(')').map_or(rest, |(_, item)| item.trim_start()),
        None => rest.trim_start(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::broken;
    use super::check;

    fn lines(text: &str) -> Vec<usize> {
        broken(check, "crates/x/src/lane/mod.rs", text)
    }

    #[test]
    fn a_table_of_contents_passes() {
        let good = "//! Docs.\n\n/// More.\n#[cfg(unix)]\nmod a;\n#[cfg(test)]\nmod tests;\npub(crate) mod b; // why\n\
                    pub use a::{\n    One,\n    Two,\n};\npub(in crate::x) use b::C;\nuse d as e;\n";
        assert_eq!(lines(good), [0; 0]);
    }

    #[test]
    fn logic_does_not() {
        assert_eq!(lines("//! Docs.\nmod a;\nfn f() {\n    g();\n}\n"), [3]);
        assert_eq!(lines("//! Docs.\npub struct S;\n"), [2]);
        assert_eq!(lines("//! Docs.\nmacro_rules! m {\n"), [2]);
        assert_eq!(lines("//! Docs.\nconst N: usize = 1;\nmod a;\n"), [2]);
        assert_eq!(lines("//! Docs.\n#[cfg(test)]\nmod tests {\n}\n"), [3]);
        assert_eq!(lines("//! Docs.\nmod a {\n    use b;\n}\n"), [2]);
    }

    #[test]
    fn globs_do_not() {
        assert_eq!(lines("//! Docs.\nmod a;\npub use a::*;\n"), [3]);
    }

    #[test]
    fn other_files_are_not_asked() {
        assert_eq!(broken(check, "crates/x/src/lane/io.rs", "fn f() {}\n"), [0; 0]);
    }
}
