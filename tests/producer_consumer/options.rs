//! The command line: what is wrong is told in one line with exit code 2, and nothing is run.

use workyard_testkit::Program;

use crate::common::{SOON, program};

fn refused(args: &[&str]) -> String {
    let finished = args.iter().fold(program(), Program::arg).run_within(SOON);
    assert_eq!(finished.code, Some(2), "{args:?}: {finished}");
    assert_eq!(finished.stdout, "", "{args:?}: {finished}");
    assert_eq!(finished.stderr.lines().count(), 1, "{args:?}: {finished}");
    finished.stderr
}

#[test]
fn numbers_out_of_their_range_are_refused() {
    for option in ["--producers", "--consumers", "--queue", "--fail-producer", "--panic-producer"] {
        for value in ["0", "-1", "1.5", "NaN", "", "many", "99999999999999999999999", "1000001"] {
            let told = refused(&[&format!("{option}={value}")]);
            assert!(told.contains(option) && told.contains("a whole number from 1 to "), "{told}");
        }
    }
    assert!(refused(&["--items=-1"]).contains("from 0 to 1000000000"));
}

#[test]
fn times_that_are_none_are_refused() {
    for option in ["--stop-after", "--produce-ms", "--consume-ms"] {
        for value in ["NaN", "-1", "inf", "-inf", "1e300", "", "soon", "86400.1s", "ms", "s"] {
            let told = refused(&[&format!("{option}={value}")]);
            assert!(told.contains(option) && told.contains("is not a time from 0 to 86400s"), "{told}");
        }
    }
}

#[test]
fn what_is_not_known_or_not_complete_is_refused() {
    for args in [&["--nonsense"][..], &["-x"], &["--producers"], &["--report=yes"], &["--fail-producer=3"]] {
        refused(args);
    }
    assert!(refused(&["--items", "3", "file"]).contains("--items is for the program without files"));
    assert!(refused(&["--queue"]).contains("--queue needs a value"));
    assert!(refused(&["--fail-producer", "3", "--producers", "2"]).contains("there are 2 producers"));
}

#[test]
fn help_is_no_error() {
    for help in ["--help", "-h"] {
        let finished = program().arg(help).run_within(SOON);
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished}");
        assert!(finished.stdout.contains("--fail-producer"), "{finished}");
        assert!(finished.stdout.lines().all(|line| line.len() <= 120), "{finished}");
    }
}

#[test]
fn the_ends_of_the_ranges_are_allowed() {
    let finished = program().arg("--items=0").arg("--queue=1000000").arg("--stop-after=86400s").run_within(SOON);
    assert_eq!(finished.code, Some(0), "{finished}");
    assert!(finished.stdout.contains("\nmade 0 = 0 put + 0 refused\n"), "{finished}");
}
