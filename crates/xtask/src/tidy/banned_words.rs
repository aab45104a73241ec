//! Rule: what is left to do is done or in the tracker, and no path of one machine is in the text.

use super::finding::Findings;
use crate::tree::File;

/// The word, and what to do instead. In pieces, since this file is read as well.
const WORDS: [(&str, &str); 4] = [
    (concat!("TO", "DO"), "do it, or say in prose what is missing and why that is right"),
    (concat!("FIX", "ME"), "fix it"),
    (concat!("XX", "X"), "say what is odd, and why it is so"),
    (concat!("/wo", "rk/"), "a path of one machine: make it relative to the repository"),
];

/// What is written by hand. A log or a dump that lies about in a checkout is none of our business.
const ENDINGS: [&str; 7] = ["rs", "md", "toml", "yml", "yaml", "sh", "py"];

pub(super) fn check(files: &[File], found: &mut Findings) {
    let is_written = |file: &&File| file.path.starts_with(".ci/") || ENDINGS.contains(&file.ending());
    for file in files.iter().filter(is_written) {
        for (index, line) in file.text.lines().enumerate() {
            for (word, instead) in WORDS.iter().filter(|(word, _)| holds(line, word)) {
                found.add(&file.path, index, format!("`{word}`: {instead}"));
            }
        }
    }
}

/// Whether `line` has `word` by itself and not as a part of another word or path.
fn holds(line: &str, word: &str) -> bool {
    let is_word = |symbol: char| symbol.is_alphanumeric() || matches!(symbol, '_' | '.');
    line.match_indices(word).any(|(at, _)| {
        let after = &line[at + word.len()..];
        let runs_on = !word.ends_with('/') && after.starts_with(is_word) && !after.starts_with('.');
        !line[..at].ends_with(is_word) && !runs_on
    })
}

#[cfg(test)]
mod tests {
    use super::{WORDS, check, holds};
    use crate::tidy::finding::Findings;
    use crate::tree::File;

    #[test]
    fn each_word_is_found_in_any_file() {
        let text = WORDS.map(|(word, _)| format!("// {word}: later")).join("\n");
        let mut found = Findings::default();
        check(&[File { path: "docs/a.md".to_owned(), text }], &mut found);
        assert_eq!(found.lines(), [1, 2, 3, 4]);
    }

    #[test]
    fn logs_are_not_read() {
        let mut found = Findings::default();
        check(&[File { path: "run.log".to_owned(), text: WORDS[0].0.to_owned() }], &mut found);
        assert_eq!(found.lines(), [0; 0]);
    }

    #[test]
    fn parts_of_words_and_paths_are_not() {
        let [(to_do, _), _, (odd, _), (path, _)] = WORDS;
        assert!(holds(&format!("see {path}notes"), path) && holds(&format!("\"{path}\""), path));
        assert!(!holds(&format!("src{path}map.rs"), path) && !holds(&format!("..{path}map.rs"), path));
        assert!(holds(&format!("{to_do}."), to_do) && !holds(&format!("{to_do}S"), to_do));
        assert!(!holds(&format!("{odd}L"), odd));
    }
}
