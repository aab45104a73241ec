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

pub(super) fn check(files: &[File], found: &mut Findings) {
    for file in files {
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
        let text: String = WORDS.iter().map(|(word, _)| format!("// {word}: later\n")).collect();
        let mut found = Findings::default();
        check(&[File { path: "docs/a.md".to_owned(), text }], &mut found);
        assert_eq!(found.lines(), [1, 2, 3, 4]);
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
