//! Owns `cargo xtask shuttle`: models of whole yards, each run in some thousand orders of their steps, which shuttle draws. Beside the usual
//! build, since the flag is another for every crate.

use std::path::PathBuf;

use crate::command::{cargo, succeeds};
use crate::steps::Steps;
use crate::tree;

const FLAGS: &str = "--cfg workyard_shuttle";

const MODELS: [&str; 5] = ["test", "--package", "workyard", "--lib", "shuttle_models::"];

/// Builds the models, and runs them.
pub(crate) fn run(steps: &mut Steps) {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| tree::root().join("target"), PathBuf::from);
    steps.run("models of whole yards", || {
        succeeds(cargo(&MODELS).env("RUSTFLAGS", FLAGS).env("CARGO_TARGET_DIR", target.join("shuttle")))
    });
}
