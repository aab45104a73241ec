//! One command for the checks of this repository: `cargo xtask <test | tidy | rows | check | loom | shuttle | mutants | ci>`.
//!
//! Owns which checks there are and in which order they run. It never changes a file and never installs anything, and it
//! has no dependencies, so that it is built in a second and never rebuilt by a change of features.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command speaks through stdout")]

mod check;
mod command;
mod harness;
mod loom;
mod mutants;
mod rows;
mod shuttle;
mod source;
mod steps;
mod test;
mod tidy;
mod tree;

use std::process::ExitCode;

use steps::Steps;

const USAGE: &str = "\
usage: cargo xtask <command>

  test    build everything, run every test and doc test, tidy, rows; needs cargo, rustc and a C linker
  tidy    the rules of this repository that are read from its text
  rows    each row of the Python tutorials, and what shows that it holds here; builds the tests to see which there are
  check   rustfmt, tidy, clippy, rustdoc: everything but the tests
  loom    models of what threads may do to one another, in every order; needs a build of its own
  shuttle models of whole yards, in orders that are drawn; needs a build of its own
  mutants faults that are planted in the library, each with the test that has to find it; a build of its own
  ci      check, loom, shuttle, mutants, then test";

fn main() -> ExitCode {
    let mut steps = Steps::default();
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["test"] => test::run(&mut steps),
        ["tidy"] => tidy::run(&mut steps),
        ["rows"] => rows::print(&mut steps),
        ["check"] => check::run(&mut steps),
        ["loom"] => loom::run(&mut steps),
        ["shuttle"] => shuttle::run(&mut steps),
        ["mutants"] => mutants::run(&mut steps),
        ["ci"] => {
            check::run(&mut steps);
            loom::run(&mut steps);
            shuttle::run(&mut steps);
            mutants::run(&mut steps);
            test::run(&mut steps);
        }
        _ => {
            println!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    steps.finish()
}
