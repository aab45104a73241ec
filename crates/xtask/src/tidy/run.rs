//! Owns which rules there are and what each is shown.

use super::finding::Findings;
use super::{
    architecture, async_fns, banned_words, budget, clippy_rooms, doc_sections, edges, evidence, headers, limits,
    mod_files, pinned, spawning,
};
use crate::source::Source;
use crate::steps::Steps;
use crate::tree::{self, File};

/// A rule about one Rust file.
type RustRule = fn(&Source<'_>, &mut Findings);

const RUST_RULES: [RustRule; 8] = [
    headers::check,
    mod_files::check,
    budget::check,
    doc_sections::check,
    async_fns::check,
    limits::check,
    spawning::check,
    pinned::check,
];

/// A rule about the repository.
type TreeRule = fn(&[File], &mut Findings);

const TREE_RULES: [TreeRule; 5] =
    [edges::check, clippy_rooms::check, architecture::check, evidence::check, banned_words::check];

/// Applies every rule to every file, and prints what is broken. Once in a run is enough.
pub(crate) fn run(steps: &mut Steps) {
    const NAME: &str = "tidy";
    if steps.did(NAME) {
        return;
    }
    steps.run(NAME, || {
        let found = findings(&tree::files(&tree::root()));
        for finding in &found.0 {
            println!("{finding}");
        }
        found.0.is_empty()
    });
}

fn findings(files: &[File]) -> Findings {
    let mut found = Findings::default();
    for file in files.iter().filter(|file| file.ending() == "rs") {
        let source = Source::new(file);
        for rule in RUST_RULES {
            rule(&source, &mut found);
        }
    }
    for rule in TREE_RULES {
        rule(files, &mut found);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program with one breach for each rule about Rust files, in the order of the rules.
    #[test]
    fn every_rule_is_asked() {
        let lib = "\
            /// # Cancel Safety\n\
            pub async fn f() {\n\
                tokio::spawn(g());\n\
                unbounded_channel();\n\
                Arc::get_mut();\n\
            }\n";
        let files = [
            File { path: "crates/workyard/src/mod.rs".to_owned(), text: format!("{lib}{}", "f();\n".repeat(600)) },
            File { path: "crates/new/Cargo.toml".to_owned(), text: "[package]\nname = \"new\"\n".to_owned() },
            File { path: ".clippy.toml".to_owned(), text: "a = 1\n".to_owned() },
            File { path: "tests/.clippy.toml".to_owned(), text: String::new() },
            File { path: "docs/ARCHITECTURE.md".to_owned(), text: "`crates/none.rs`\n".to_owned() },
            File { path: "docs/reliability.md".to_owned(), text: String::new() },
            File { path: "notes.md".to_owned(), text: concat!("TO", "DO\n").to_owned() },
        ];
        let found = findings(&files);
        assert_eq!(found.0.len(), RUST_RULES.len() + TREE_RULES.len(), "{:#?}", found.0);
    }
}
