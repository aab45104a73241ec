//! Owns what one run of the command found: its steps, their seconds, the tests they counted. Never starts anything.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::harness::Tests;

/// What the steps so far have come to.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Step>,
    tests: Option<Tests>,
}

struct Step {
    name: &'static str,
    took: Duration,
    passed: bool,
}

impl Steps {
    /// Runs one step, and says so. A step that fails does not keep the next from running: one run tells all there is.
    pub(crate) fn run(&mut self, name: &'static str, body: impl FnOnce() -> bool) -> bool {
        println!("==> {name}");
        let start = Instant::now();
        let passed = body();
        self.done.push(Step { name, took: start.elapsed(), passed });
        passed
    }

    /// Whether a step of this name has been run: no check need be made twice.
    pub(crate) fn did(&self, name: &str) -> bool {
        self.done.iter().any(|step| step.name == name)
    }

    /// Keeps the counts of the tests for the last line.
    pub(crate) fn count(&mut self, tests: Tests) {
        self.tests = Some(tests);
    }

    /// Prints the seconds of each step, what could not run, and the counts as the last line.
    pub(crate) fn finish(self) -> ExitCode {
        println!();
        for step in &self.done {
            let verdict = if step.passed { "ok" } else { "FAILED" };
            println!("{:>7.1} s  {:<6}  {}", step.took.as_secs_f64(), verdict, step.name);
        }
        if let Some(tests) = &self.tests {
            println!();
            for reason in &tests.not_run {
                println!("not run: {reason}");
            }
            println!("{}", summary(tests, self.failed()));
        }
        if self.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn failed(&self) -> usize {
        self.done.iter().filter(|step| !step.passed).count()
    }
}

/// The one line that scripts read. `failed_steps` that no failed test explains (what did not build, what is untidy) count
/// as failures too, so that "0 failed" always means success.
fn summary(tests: &Tests, failed_steps: usize) -> String {
    let failed = tests.failed + failed_steps - usize::from(tests.failed > 0).min(failed_steps);
    format!("{} passed, {failed} failed, {} skipped", tests.passed, tests.skipped())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests(failed: usize) -> Tests {
        Tests { passed: 7, failed, ignored: 1, not_run: vec!["needs root".to_owned()] }
    }

    #[test]
    fn the_last_line_has_one_form() {
        assert_eq!(summary(&tests(0), 0), "7 passed, 0 failed, 2 skipped");
    }

    #[test]
    fn a_step_that_fails_without_a_failed_test_is_a_failure() {
        assert_eq!(summary(&tests(0), 1), "7 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn a_step_whose_tests_failed_is_not_counted_on_top_of_them() {
        assert_eq!(summary(&tests(3), 1), "7 passed, 3 failed, 2 skipped");
        assert_eq!(summary(&tests(3), 2), "7 passed, 4 failed, 2 skipped");
    }
}
