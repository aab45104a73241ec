//! Rule: who may depend on whom among the crates of this repository. A new edge is a decision, so it is written here.

use super::finding::Findings;
use super::manifest::{self, Dependency};
use crate::tree::File;

/// A crate, and the crates of this repository that it may use: in its code, and in its tests besides.
struct Edges {
    from: &'static str,
    to: &'static [&'static str],
    dev: &'static [&'static str],
}

/// Arrows point down. Nothing depends on the benches, the examples, the tests or xtask, so they are on no right-hand side.
const EDGES: [Edges; 8] = [
    Edges { from: "workyard-core", to: &[], dev: &["workyard-testkit"] },
    Edges { from: "workyard-sys", to: &[], dev: &[] },
    Edges { from: "workyard-testkit", to: &["workyard"], dev: &[] },
    Edges { from: "workyard", to: &["workyard-core", "workyard-sys"], dev: &["workyard-testkit"] },
    Edges { from: "workyard-bench", to: &["workyard"], dev: &[] },
    Edges { from: "workyard-examples", to: &["workyard"], dev: &[] },
    Edges { from: "workyard-tests", to: &["workyard", "workyard-testkit"], dev: &[] },
    Edges { from: "xtask", to: &[], dev: &[] },
];

/// Crates that use the standard library and nothing else: the decisions, so that they stay pure, and this command, so that
/// it is built in a second.
const PURE: [&str; 2] = ["workyard-core", "xtask"];

pub(super) fn check(files: &[File], found: &mut Findings) {
    let manifests = files.iter().filter(|file| file.path.rsplit('/').next() == Some("Cargo.toml"));
    let crates: Vec<_> =
        manifests.filter_map(|file| manifest::read(&file.text).map(|(name, needs)| (file, name, needs))).collect();
    let names: Vec<&str> = crates.iter().map(|(_, name, _)| *name).collect();
    for (file, name, needs) in &crates {
        let Some(edges) = EDGES.iter().find(|edges| edges.from == *name) else {
            found.add(&file.path, 0, format!("say in xtask's tidy/edges.rs what `{name}` may depend on"));
            continue;
        };
        for need in needs {
            if let Some(what) = judge(edges, need, &names) {
                found.add(&file.path, need.line, what);
            }
        }
    }
}

fn judge(edges: &Edges, need: &Dependency<'_>, ours: &[&str]) -> Option<String> {
    let Edges { from, to, dev } = edges;
    let name = need.name;
    if PURE.contains(from) && !need.is_dev {
        return Some(format!("`{from}` depends on nothing, so not on `{name}`"));
    }
    let is_allowed = to.contains(&name) || (need.is_dev && dev.contains(&name));
    let is_new = ours.contains(&name) && !is_allowed;
    is_new.then(|| format!("`{from}` may not depend on `{name}`; if it should, say so in xtask's tidy/edges.rs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(name: &str, dependencies: &str) -> Vec<usize> {
        let manifest = |name: &str, rest: &str| File {
            path: format!("crates/{name}/Cargo.toml"),
            text: format!("[package]\nname = \"{name}\"\n{rest}"),
        };
        let files = [manifest(name, dependencies), manifest("xtask", ""), manifest("workyard-testkit", "")];
        let mut found = Findings::default();
        check(&files, &mut found);
        found.lines()
    }

    #[test]
    fn known_edges_and_foreign_crates_pass() {
        assert_eq!(lines("workyard", "[dependencies]\nworkyard-core.workspace = true\ntokio = \"1\"\n"), [0; 0]);
        assert_eq!(lines("workyard", "[dev-dependencies]\nworkyard-testkit.workspace = true\n"), [0; 0]);
        assert_eq!(lines("workyard-core", "[dev-dependencies]\nproptest = \"1\"\n"), [0; 0]);
    }

    #[test]
    fn new_edges_do_not() {
        assert_eq!(lines("workyard", "[dependencies]\nxtask.workspace = true\n"), [4]);
        assert_eq!(lines("workyard", "[dependencies]\nworkyard-testkit.workspace = true\n"), [4]);
        assert_eq!(lines("workyard", "[dev-dependencies]\nxtask.workspace = true\n"), [4]);
    }

    #[test]
    fn the_core_depends_on_nothing() {
        assert_eq!(lines("workyard-core", "[dependencies]\nserde = \"1\"\n"), [4]);
    }

    #[test]
    fn a_new_crate_is_placed() {
        assert_eq!(lines("workyard-new", ""), [1]);
    }
}
