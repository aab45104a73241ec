//! Rule: whoever may drop a future is told what that loses: a `pub async fn` has a `# Cancel safety` section.

use super::finding::Findings;
use crate::source::{Line, Source};

pub(super) fn check(source: &Source<'_>, found: &mut Findings) {
    if source.is_test_file() {
        return;
    }
    for (index, line) in source.lines.iter().enumerate().filter(|(_, line)| !line.test) {
        let code = line.code.trim_start();
        let is_public_async = code.starts_with("pub async fn ") || code.starts_with("pub async unsafe fn ");
        if is_public_async && !documented(&source.lines[..index]) {
            found.add(source.path, index, "a `pub async fn` without a `# Cancel safety` section");
        }
    }
}

/// Whether the documentation that ends just above has the section. Attributes may stand between.
fn documented(above: &[Line<'_>]) -> bool {
    let belongs = |line: &&Line<'_>| {
        let code = line.code.trim();
        let ends_an_item = code.ends_with(['}', ';', '{']) || code.ends_with("*/");
        !line.raw.trim().is_empty() && !ends_an_item
    };
    above.iter().rev().take_while(belongs).any(|line| line.doc() == Some(" # Cancel safety"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::broken;
    use super::check;

    fn lines(text: &str) -> Vec<usize> {
        broken(check, "crates/x/src/a.rs", text)
    }

    #[test]
    fn the_section_is_asked_for() {
        assert_eq!(lines("/// Docs.\npub async fn f() {}\n"), [2]);
        assert_eq!(
            lines(
                "impl A {\n    /// # Cancel safety\n    /// Yes.\n    #[must_use]\n    #[cfg(\n        unix\n    )]\n    pub async fn f() {}\n}\n"
            ),
            [0; 0]
        );
    }

    #[test]
    fn the_section_of_a_neighbour_does_not_count() {
        assert_eq!(lines("/// # Cancel safety\npub async fn f() {}\n/// Docs.\npub async fn g() {}\n"), [4]);
        assert_eq!(lines("/// # Cancel safety\npub struct F;\n\npub async fn g() {}\n"), [4]);
    }

    #[test]
    fn the_section_of_the_file_does_not_count() {
        assert_eq!(lines("//! # Cancel safety\n\npub async fn f() {}\n"), [3]);
    }

    #[test]
    fn what_users_do_not_see_is_not_asked() {
        assert_eq!(lines("pub(crate) async fn f() {}\nasync fn g() {}\n"), [0; 0]);
        assert_eq!(lines("#[cfg(test)]\nmod tests {\n    pub async fn f() {}\n}\n"), [0; 0]);
        assert_eq!(broken(check, "tests/a.rs", "pub async fn f() {}\n"), [0; 0]);
    }
}
