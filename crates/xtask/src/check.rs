//! Owns `cargo xtask check`: what is asked of the code beside its tests, cheapest first. Needs rustfmt and clippy.

use crate::command::{cargo, succeeds};
use crate::steps::Steps;
use crate::tidy;

/// Formatting, tidiness, lints in both ends of the feature set, documentation.
pub(crate) fn run(steps: &mut Steps) {
    steps.run("rustfmt", || has("fmt", "rustfmt") && succeeds(&mut cargo(&["fmt", "--all", "--", "--check"])));
    tidy::run(steps);
    let clippy = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    steps.run("clippy", || has("clippy", "clippy") && succeeds(&mut cargo(&clippy)));
    let bare = ["clippy", "--package", "workyard", "--no-default-features", "--", "-D", "warnings"];
    steps.run("clippy, workyard without features", || has("clippy", "clippy") && succeeds(&mut cargo(&bare)));
    let doc = ["doc", "--workspace", "--no-deps", "--all-features", "--document-private-items"];
    steps.run("rustdoc", || succeeds(cargo(&doc).env("RUSTDOCFLAGS", "-D warnings")));
}

/// Whether a subcommand of cargo is installed; says how to get it where it is not, and leaves that to the user.
fn has(subcommand: &str, component: &str) -> bool {
    let found = cargo(&[subcommand, "--version"]).output().is_ok_and(|output| output.status.success());
    if !found {
        println!("{component} is missing, and this check needs it: rustup component add {component}");
    }
    found
}
