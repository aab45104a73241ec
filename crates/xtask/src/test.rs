//! Owns `cargo xtask test`: every test of the repository, with nothing but cargo, rustc and a C linker. Warnings are not
//! errors here, so that a newer toolchain than ours passes.

use crate::command::{cargo, stream, succeeds};
use crate::harness::Harness;
use crate::steps::Steps;
use crate::tidy;

/// One profile and one set of features for all of it. `--workspace --all-features` builds every dependency once, and the
/// example programs come out of the same build, in `<target>/debug/examples`, before the first test starts one. The dev
/// profile, since a release build of the same crates beside it would double a cold run on two cores.
const EVERYTHING: [&str; 4] = ["test", "--workspace", "--all-features", "--no-fail-fast"];

/// What the test harness is told: to print what passing tests wrote, since that is where a test says that it was not run,
/// and to print it plain, since it is read here.
const HARNESS: [&str; 4] = ["--", "--show-output", "--color", "never"];

/// Builds the programs and the tests, runs the tests, tidies.
pub(crate) fn run(steps: &mut Steps) {
    let mut harness = Harness::default();
    let built = steps.run("build: programs and tests", || succeeds(cargo(&EVERYTHING).arg("--no-run")));
    if built {
        steps.run("test", || {
            let ran = stream(cargo(&EVERYTHING).args(HARNESS), |line| harness.line(line));
            let passed = ran.unwrap_or_else(|error| {
                println!("cannot run the tests: {error}");
                false
            });
            let lost = harness.lost();
            if lost > 0 {
                println!("{lost} tests were started and have no result: their process ended first");
            }
            passed && lost == 0
        });
    }
    tidy::run(steps);
    steps.count(harness.into_tests());
}
