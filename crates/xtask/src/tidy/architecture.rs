//! Rule: what docs/ARCHITECTURE.md names exists, so that the map cannot outlive the land.

use super::finding::Findings;
use crate::tree::File;

const MAP: &str = "docs/ARCHITECTURE.md";

/// Folders at the root: what starts with one of them is a path.
const TOP: [&str; 8] = ["crates/", "docs/", "examples/", "tests/", ".ci/", ".cargo/", ".config/", ".github/"];

/// What files here are called: what ends like that is a path.
const ENDINGS: [&str; 4] = [".rs", ".md", ".toml", ".sh"];

pub(super) fn check(files: &[File], found: &mut Findings) {
    let Some(map) = files.iter().find(|file| file.path == MAP) else { return };
    let mut in_code = false;
    for (index, line) in map.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        // Between backticks: every second piece. Within a fenced block there are none.
        for name in line.split('`').skip(1).step_by(2).filter(|name| !in_code && looks_like_path(name)) {
            if !exists(name, files) {
                found.add(MAP, index, format!("`{name}` does not exist"));
            }
        }
    }
}

fn looks_like_path(name: &str) -> bool {
    let is_plain = name.chars().all(|symbol| symbol.is_ascii_alphanumeric() || "-_./".contains(symbol));
    is_plain
        && (TOP.iter().any(|top| name.starts_with(top)) || ENDINGS.iter().any(|ending| name.ends_with(ending)))
        && !ENDINGS.contains(&name)
}

/// Whether a file or a folder is called so: from the root, or, where a chapter is about one crate, from the end of a path.
fn exists(name: &str, files: &[File]) -> bool {
    let name = name.trim_end_matches('/');
    let is_whole = TOP.iter().any(|top| format!("{name}/").starts_with(top));
    let folder = format!("{name}/");
    files.iter().any(|file| {
        let path = &file.path;
        let from_root = path == name || path.starts_with(&folder);
        let from_end = path.ends_with(&format!("/{name}")) || path.contains(&format!("/{folder}"));
        from_root || (from_end && !is_whole)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(map: &str) -> Vec<usize> {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let files = [
            file(MAP, map),
            file("crates/workyard/src/lane/io.rs", ""),
            file("crates/workyard/tests/a.rs", ""),
            file("Cargo.toml", ""),
            file(".ci/run", ""),
        ];
        let mut found = Findings::default();
        check(&files, &mut found);
        found.lines()
    }

    #[test]
    fn what_exists_may_be_named_from_the_root_or_its_crate() {
        assert_eq!(
            lines(
                "`crates/workyard/src/lane/io.rs`, `lane/io.rs`, `io.rs`, `Cargo.toml`, `.ci/run`, `crates/workyard/`"
            ),
            [0; 0]
        );
    }

    #[test]
    fn what_does_not_exist_is_found() {
        assert_eq!(
            lines("# Map\n`crates/gone/src/lib.rs`\n`lane/gone.rs` and `lane/io.rs`\n`docs/gone`\n`tests/a.rs`\n"),
            [2, 3, 4, 5]
        );
    }

    #[test]
    fn other_words_are_not_paths() {
        assert_eq!(lines("`I/O`, `tokio/signal`, `a::b`, `.rs`, `cargo run x.rs`\n```\n`crates/gone`\n```\n"), [0; 0]);
    }
}
