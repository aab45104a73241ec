//! Owns how the output of Rust's test harness is read: what passed, what did not, and what said that it was not run.
//! Never runs a test.

use std::collections::BTreeMap;

/// What a test prints, at the start of a line, when it lacks a tool or a right and returns.
const NOT_RUN: &str = "not run: ";

/// Counts over all test binaries and doc tests of a run.
#[derive(Default, Debug, PartialEq)]
pub(crate) struct Tests {
    /// Passed, without those that said that they were not run.
    pub(crate) passed: usize,
    /// Failed, and those whose process ended before they did.
    pub(crate) failed: usize,
    pub(crate) ignored: usize,
    /// The reasons, one for each line that gave one.
    pub(crate) not_run: Vec<String>,
}

/// The names of the tests that passed and did not say that they were not run, and in how many binaries each did.
#[derive(Default, Debug)]
pub(crate) struct Passed(BTreeMap<String, usize>);

impl Passed {
    /// In how many binaries a test of this name passed.
    pub(crate) fn times(&self, name: &str) -> usize {
        self.0.get(name).copied().unwrap_or(0)
    }

    fn add(&mut self, name: &str) {
        *self.0.entry(name.to_owned()).or_default() += 1;
    }

    /// One binary for each time that a name is given.
    #[cfg(test)]
    pub(crate) fn of(names: &[&str]) -> Self {
        let mut passed = Self::default();
        for name in names {
            passed.add(name);
        }
        passed
    }
}

impl Tests {
    pub(crate) fn skipped(&self) -> usize {
        self.ignored + self.not_run.len()
    }
}

/// Reads the output line by line.
///
/// With `--show-output` a test binary prints, in this order: a line for each test; `successes:` and what each passing test
/// wrote; `successes:` again and their names; `failures:` and the same of those that failed; `test result:`. What a test wrote is
/// searched for reasons and for nothing else, so a test may write anything, the output of another harness included.
#[derive(Default)]
pub(crate) struct Harness {
    place: Place,
    tests: Tests,
    /// What the binaries said that they would run, and what their results add up to.
    started: usize,
    ended: usize,
    /// Passing tests that gave a reason; one that gives two is still one test.
    passed_not_run: usize,
    gave_a_reason: bool,
    /// Whose output is read.
    current: String,
    /// Of this binary, the tests that gave a reason.
    gave_reasons: Vec<String>,
    passed: Passed,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Place {
    #[default]
    Results,
    SuccessOutput,
    SuccessNames,
    FailureOutput,
    FailureNames,
}

impl Harness {
    /// Reads one line; whether to show it. What passing tests wrote is not shown, as `cargo test` would not.
    pub(crate) fn line(&mut self, line: &str) -> bool {
        match self.place {
            Place::Results | Place::SuccessNames | Place::FailureNames => self.harness_line(line),
            Place::SuccessOutput => self.success_line(line),
            Place::FailureOutput if line == "failures:" => self.place = Place::FailureNames,
            Place::FailureOutput => {}
        }
        !matches!(self.place, Place::SuccessOutput | Place::SuccessNames)
    }

    /// Tests that were started and have no result, since their process ended first.
    pub(crate) fn lost(&self) -> usize {
        self.started.saturating_sub(self.ended)
    }

    /// Whose names passed so far.
    pub(crate) fn take_passed(&mut self) -> Passed {
        std::mem::take(&mut self.passed)
    }

    pub(crate) fn into_tests(self) -> Tests {
        Tests {
            passed: self.tests.passed.saturating_sub(self.passed_not_run),
            failed: self.tests.failed + self.lost(),
            ..self.tests
        }
    }

    fn harness_line(&mut self, line: &str) {
        if line == "successes:" {
            self.place = Place::SuccessOutput;
        } else if line == "failures:" {
            self.place = Place::FailureOutput;
        } else if let Some(counts) = line.strip_prefix("test result: ") {
            self.place = Place::Results;
            self.gave_reasons.clear();
            self.add(counts);
        } else if self.place == Place::SuccessNames {
            self.passed_name(line);
        } else if let Some(started) = line.strip_prefix("running ").and_then(started) {
            self.started += started;
        } else if let Some((name, reason)) = uncaptured(line) {
            self.gave_a_reason = false;
            name.clone_into(&mut self.current);
            self.not_run(reason);
        }
    }

    /// Doc tests are named with blanks, and are nobody's evidence by name.
    fn passed_name(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("    ")
            && !self.gave_reasons.iter().any(|gave| gave == name)
        {
            self.passed.add(name);
        }
    }

    fn success_line(&mut self, line: &str) {
        if line == "successes:" {
            self.place = Place::SuccessNames;
        } else if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            self.gave_a_reason = false;
            name.clone_into(&mut self.current);
        } else if let Some(reason) = line.strip_prefix(NOT_RUN) {
            self.not_run(reason);
        }
    }

    fn not_run(&mut self, reason: &str) {
        self.tests.not_run.push(reason.to_owned());
        self.gave_reasons.push(self.current.clone());
        self.passed_not_run += usize::from(!self.gave_a_reason);
        self.gave_a_reason = true;
    }

    fn add(&mut self, counts: &str) {
        let count = |what| count_before(counts, what).unwrap_or(0);
        let (passed, failed, ignored) =
            (count(" passed;") + count(" measured;"), count(" failed;"), count(" ignored;"));
        self.tests.passed += passed;
        self.tests.failed += failed;
        self.tests.ignored += ignored;
        self.ended += passed + failed + ignored;
    }
}

/// The number before `what`: 12 for ` passed;` in `ok. 12 passed; 0 failed;`.
fn count_before(counts: &str, what: &str) -> Option<usize> {
    counts.split_once(what)?.0.rsplit(' ').next()?.parse().ok()
}

/// The number in `running 3 tests`.
fn started(rest: &str) -> Option<usize> {
    match rest.split_once(' ')? {
        (number, "test" | "tests") => number.parse().ok(),
        _ => None,
    }
}

/// A reason that reached stdout past the harness, from a process that a test started, say. With a single test thread the harness
/// has already written `test <name> ... ` on that line, which tells whose it is.
fn uncaptured(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")).unwrap_or(("", line));
    Some((name, rest.strip_prefix(NOT_RUN)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The counts of `output`, and the lines that would be shown of it.
    fn read(output: &str) -> (Tests, Vec<&str>) {
        let mut harness = Harness::default();
        let shown = output.lines().filter(|line| harness.line(line)).collect();
        (harness.into_tests(), shown)
    }

    fn counts(output: &str) -> (usize, usize, usize) {
        let tests = read(output).0;
        (tests.passed, tests.failed, tests.skipped())
    }

    const PLAIN: &str = "
running 4 tests
test a ... ok
test b ... FAILED
test c ... ignored
test d ... ok

successes:

---- a stdout ----
successes are many
not run: needs a right to signal


successes:
    a
    d

failures:

---- b stdout ----
not run: this one did run, and failed

failures:
    b

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.00s
";

    #[test]
    fn a_reason_makes_a_passing_test_a_skipped_one() {
        let (tests, _) = read(PLAIN);
        assert_eq!(tests.not_run, ["needs a right to signal"]);
        assert_eq!(counts(PLAIN), (1, 1, 2));
    }

    #[test]
    fn what_passing_tests_wrote_is_not_shown_and_the_rest_is() {
        let (_, shown) = read(PLAIN);
        assert!(!shown.contains(&"successes are many") && !shown.contains(&"    a"));
        assert!(shown.contains(&"test a ... ok") && shown.contains(&"---- b stdout ----"));
        assert!(shown.iter().any(|line| line.starts_with("test result: FAILED")));
    }

    #[test]
    fn who_passed_is_known_by_name_and_who_gave_a_reason_did_not_run() {
        let mut harness = Harness::default();
        for line in format!("{PLAIN}{PLAIN}").lines() {
            harness.line(line);
        }
        let passed = harness.take_passed();
        assert_eq!(["a", "b", "c", "d"].map(|name| passed.times(name)), [0, 0, 0, 2]);
    }

    #[test]
    fn a_reason_counts_for_its_own_binary() {
        let mut harness = Harness::default();
        let other = PLAIN.replace("not run: needs a right to signal", "");
        for line in format!("{PLAIN}{other}").lines() {
            harness.line(line);
        }
        let passed = harness.take_passed();
        assert_eq!((passed.times("a"), passed.times("d")), (1, 2));
    }

    #[test]
    fn binaries_add_up() {
        let twice = format!("{PLAIN}{PLAIN}");
        assert_eq!(counts(&twice), (2, 2, 4));
    }

    #[test]
    fn a_test_may_print_what_another_harness_prints() {
        let inner = "running 9 tests\ntest result: ok. 9 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        let output = PLAIN.replace("successes are many", inner).replace("not run: this one did run", inner);
        assert_eq!(counts(&output), (1, 1, 2));
    }

    #[test]
    fn a_test_that_gives_two_reasons_is_one_test() {
        let output = PLAIN.replace("successes are many", "not run: needs two processors");
        assert_eq!(counts(&output), (1, 1, 3));
    }

    #[test]
    fn a_reason_past_the_capture_counts() {
        let result = "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        let output = format!("running 3 tests\nnot run: one\ntest b ... not run: two\nok\ntest c ... ok\n{result}");
        assert_eq!(counts(&output), (1, 0, 2));
    }

    #[test]
    fn tests_whose_process_ended_first_have_failed() {
        let (tests, _) = read(&format!("running 3 tests\ntest a ... ok\n{PLAIN}"));
        assert_eq!((tests.passed, tests.failed), (1, 4));
    }
}
