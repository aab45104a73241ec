//! Owns how the example program is run. Never asserts what it shows.

use std::env;
use std::time::Duration;

use workyard_testkit::{Finished, Program};

/// Far more than any run takes.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// The example with these arguments, in surroundings that do not depend on those of the test run.
pub(crate) fn progress(args: &str) -> Program {
    let program = Program::example("progress");
    let program = program.env("WORKYARD_PROGRESS", "").env("TERM", "xterm-256color").env("NO_COLOR", "");
    args.split_whitespace().fold(program, Program::arg)
}

/// Runs it to its end, which has to be a good one.
#[track_caller]
pub(crate) fn run(program: Program) -> Finished {
    let finished = program.run_within(SOON);
    assert_eq!(finished.code, Some(0), "{finished}");
    finished
}

/// The lines of stderr that are about this progress, without its name.
pub(crate) fn lines_of<'a>(finished: &'a Finished, name: &str) -> Vec<&'a str> {
    let of_name = |line: &'a str| line.strip_prefix(name)?.strip_prefix(": ");
    finished.stderr.lines().filter_map(of_name).collect()
}

/// Runs the body of this test in a process of its own, in the form of progress that is asked for. There it gives nothing; to the
/// test it gives what that process wrote, once its body has passed.
#[track_caller]
pub(crate) fn apart(test: &str, setting: &str, body: impl FnOnce()) -> Option<Finished> {
    const IS_APART: &str = "WORKYARD_TEST_IS_APART";
    if env::var_os(IS_APART).is_some() {
        body();
        return None;
    }
    let program = Program::new(env::current_exe().unwrap()).arg("--exact").arg(test).arg("--nocapture");
    let program = program.env(IS_APART, "").env("WORKYARD_PROGRESS", setting).env("TERM", "xterm").env("NO_COLOR", "");
    let finished = run(program);
    assert!(finished.stdout.contains("1 passed"), "no such test: {finished}");
    Some(finished)
}
