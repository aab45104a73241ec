//! Owns `cargo xtask loom`: the models of waiting protocols, each run in every order of its threads' steps. In release, since there
//! are many, and beside the usual build, since the flag is another for every crate.

use std::path::PathBuf;

use crate::command::{cargo, succeeds};
use crate::steps::Steps;
use crate::tree;

/// The flag is our own: with loom's, tokio would be built for models of itself.
const FLAGS: &str = "--cfg workyard_loom";

const MODELS: [&str; 6] = ["test", "--release", "--package", "workyard", "--lib", "loom"];

/// Builds the models, and runs them.
pub(crate) fn run(steps: &mut Steps) {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| tree::root().join("target"), PathBuf::from);
    steps.run("models", || {
        succeeds(cargo(&MODELS).env("RUSTFLAGS", FLAGS).env("CARGO_TARGET_DIR", target.join("loom")))
    });
}
