//! Owns `cargo xtask test`: every test of the repository, with nothing but cargo, rustc and a C linker. Warnings are not
//! errors here, so that a newer toolchain than ours passes.

use crate::command::{cargo, stream};
use crate::harness::Harness;
use crate::steps::Steps;
use crate::{rows, tidy};

/// One build for all of it. Cargo builds every target before it runs the first, so the example programs that tests start
/// are in `<target>/debug/examples` by then. They are built in the dev profile and with the features of the tests, since
/// another profile or set of features would build every dependency a second time, and double a cold run on two cores.
///
/// Then the harness is told to print what passing tests wrote, since that is where a test says that it was not run, and
/// to print it plain, one test to a line, since it is read here: so a user's own `term.quiet` has no say.
const TESTS: [&str; 8] =
    ["test", "--workspace", "--all-features", "--no-fail-fast", "--", "--show-output", "--color", "never"];

/// Builds the programs and the tests, runs the tests and the doc tests, tidies, and looks whether what the rows of the tutorials rest
/// on has passed.
pub(crate) fn run(steps: &mut Steps) {
    let mut harness = Harness::default();
    steps.run("programs, tests and doc tests", || {
        let ran = stream(cargo(&TESTS).env("CARGO_TERM_QUIET", "false"), |line| harness.line(line));
        let succeeded = ran.unwrap_or_else(|error| {
            println!("cannot run the tests: {error}");
            false
        });
        let lost = harness.lost();
        if lost > 0 {
            println!("{lost} tests were started and have no result: their process ended first");
        }
        succeeded && lost == 0
    });
    tidy::run(steps);
    rows::run(steps, harness.take_passed());
    steps.count(harness.into_tests());
}
