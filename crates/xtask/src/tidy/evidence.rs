//! Rule: what docs/reliability.md gives as evidence exists, and each of its hazards has some.

use super::finding::Findings;
use crate::tree::File;

const PAGE: &str = "docs/reliability.md";

/// What the path of a test's file ends with.
const ENDING: &str = ".rs";

/// The groups of hazards that the page has to list, and how many there are in each. They are those which the design began with; others follow them.
const GROUPS: [(char, usize); 11] =
    [('S', 11), ('Q', 7), ('L', 5), ('C', 10), ('P', 8), ('T', 6), ('D', 10), ('R', 6), ('M', 7), ('Y', 8), ('X', 7)];

/// What may stand in the last cell of a hazard, in the place of a test or after one.
const WORDS: [&str; 3] = ["cannot occur: ", "not built", "open: "];

pub(super) fn check(files: &[File], found: &mut Findings) {
    let Some(page) = files.iter().find(|file| file.path == PAGE) else { return };
    let left_out = not_listed(&check_page(page, files, found));
    if !left_out.is_empty() {
        found.add(PAGE, 0, format!("does not list the hazards {}", left_out.join(", ")));
    }
}

/// Gives the ids of the hazards that the page lists.
fn check_page<'a>(page: &'a File, files: &[File], found: &mut Findings) -> Vec<&'a str> {
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
    ids
}

/// The hazards that have to be listed, and are not among these.
fn not_listed(ids: &[&str]) -> Vec<String> {
    let all = GROUPS.iter().flat_map(|(group, count)| (1..=*count).map(move |number| format!("{group}{number}")));
    all.filter(|id| !ids.contains(&&**id)).collect()
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
        let _ids = check_page(&files[0], &files, &mut found);
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
    fn no_hazard_is_left_out() {
        let all = not_listed(&[]);
        assert_eq!((all.len(), all.first().map(String::as_str)), (85, Some("S1")));
        let but_two: Vec<_> = all.iter().map(String::as_str).filter(|id| !["C9", "X7"].contains(id)).collect();
        assert_eq!(not_listed(&but_two), ["C9", "X7"]);
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
