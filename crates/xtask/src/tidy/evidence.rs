//! Rule: what docs/reliability.md gives as evidence exists, and each of its hazards has some.

use super::finding::Findings;
use crate::tree::File;

const PAGE: &str = "docs/reliability.md";

/// What the path of a test's file ends with.
const ENDING: &str = ".rs";

/// What may stand in the last cell of a hazard, in the place of a test or after one.
const WORDS: [&str; 3] = ["cannot occur: ", "not built", "open: "];

pub(super) fn check(files: &[File], found: &mut Findings) {
    let Some(page) = files.iter().find(|file| file.path == PAGE) else { return };
    let mut ids = Vec::new();
    for (index, line) in page.text.lines().enumerate() {
        for (path, test) in references(line) {
            if let Some(what) = missing(path, test, files) {
                found.add(PAGE, index, what);
            }
        }
        let Some(id) = hazard(line) else { continue };
        if ids.contains(&id) {
            found.add(PAGE, index, format!("`{id}` is there twice"));
        }
        ids.push(id);
        let evidence = line.trim_end().trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        if references(evidence).next().is_none() && !WORDS.iter().any(|word| evidence.contains(word)) {
            found.add(PAGE, index, format!("`{id}` names no test, and does not say why"));
        }
    }
}

/// What stands between backticks as `path/to/file.rs: name`.
fn references(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let spans = line.split('`').skip(1).step_by(2);
    spans.filter_map(|span| span.split_once(": ")).filter(|(path, _)| path.ends_with(ENDING))
}

/// What is wrong with a reference to `test` in the file at `path`.
fn missing(path: &str, test: &str, files: &[File]) -> Option<String> {
    let Some(file) = files.iter().find(|file| file.path == path) else {
        return Some(format!("`{path}` does not exist"));
    };
    let start = format!("fn {test}(");
    let is_there = file.text.lines().any(|line| {
        let code = line.trim_start().trim_start_matches("pub ").trim_start_matches("async ");
        code.starts_with(&start)
    });
    (!is_there).then(|| format!("`{path}` has no `fn {test}`"))
}

/// The id, if `line` is a row of a table that begins with one: a capital and a number.
fn hazard(line: &str) -> Option<&str> {
    let id = line.strip_prefix('|')?.split('|').next()?.trim();
    let number = id.strip_prefix(|symbol: char| symbol.is_ascii_uppercase())?;
    (!number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(page: &str) -> Vec<usize> {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let tests = "#[test]\nfn one() {}\n    async fn inside(a: u8) {}\n// fn two() {}\nlet a = \"fn three()\";\n";
        let files = [file(PAGE, page), file("tests/a.rs", tests)];
        let mut found = Findings::default();
        check(&files, &mut found);
        found.lines()
    }

    #[test]
    fn a_test_that_exists_may_be_named() {
        assert_eq!(lines("`tests/a.rs: one`, and `tests/a.rs: inside`\n| S1 | a | b | `tests/a.rs: one` |\n"), [0; 0]);
    }

    #[test]
    fn a_test_or_file_that_does_not_exist_is_found() {
        assert_eq!(lines("`tests/b.rs: one`\n`tests/a.rs: on`\n`tests/a.rs: two` `tests/a.rs: three`\n"), [1, 2, 3, 3]);
    }

    #[test]
    fn a_hazard_has_evidence_or_a_reason() {
        assert_eq!(lines("| S1 | a | b | by hand |\n| S2 | open: a | b | |\n| S3 | a | b | not built |\n"), [1, 2]);
        assert_eq!(lines("| S1 | a | b | cannot occur: c |\n| S2 | a | b | `tests/a.rs: one`; open: d |\n"), [0; 0]);
    }

    #[test]
    fn an_id_is_there_once() {
        assert_eq!(lines("| S1 | a | b | not built |\n| S1 | a | b | not built |\n"), [2]);
    }

    #[test]
    fn other_tables_and_words_are_none_of_its_business() {
        assert_eq!(
            lines("| id | a |\n|---|---|\n| S | a |\n| io1 | a |\n`a: b`, `tests/a.rs`, tests/b.rs: one\n"),
            [0; 0]
        );
    }
}
