//! What the program is told: its list, its help, nonsense, and an output that nobody reads.

use workyard_testkit::Program;

use crate::common::{SOON, tutorial};

/// The first row of each program, from `list`.
pub(crate) fn rows() -> Vec<String> {
    let finished = tutorial("list", &[]).run_within(SOON);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished}");
    let (lines, note) = finished.stdout.split_once("\n\n").unwrap();
    assert_eq!(note, "* in threads, where Python has worker processes; those are not built yet\n");
    lines.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn the_list_has_a_line_for_each_and_no_row_twice() {
    let finished = tutorial("list", &[]).run_within(SOON);
    let mut rows = Vec::new();
    for line in finished.stdout.lines().take_while(|line| !line.is_empty()) {
        let (names, said) = line.split_at(21);
        assert!(said.len() > 10 && !said.starts_with(' '), "{line:?}");
        rows.extend(names.split_whitespace().map(str::to_owned));
    }
    assert!(rows.iter().all(|row| row.len() == 3 && row.starts_with('s')), "{rows:?}");
    let mut once = rows.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), rows.len(), "{rows:?}");
}

/// Each of the 64 rows is a program, or says why it is none.
#[test]
fn every_row_of_the_tutorials_has_a_program_or_a_reason() {
    for row in 1..=64 {
        let finished = tutorial(&format!("s{row:02}"), &["--help"]).run_within(SOON);
        let (told, is_program) = (format!("{}{}", finished.stdout, finished.stderr), finished.code == Some(0));
        assert!(is_program || told.contains(" is about worker processes") || told.contains(" is an import"), "{told}");
    }
}

#[test]
fn each_program_tells_its_options() {
    for row in rows() {
        let finished = tutorial(&row, &["--help"]).run_within(SOON);
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished}");
        assert!(finished.stdout.starts_with(&row) && finished.stdout.contains("--unit-ms N"), "{finished}");
    }
}

#[test]
fn nonsense_is_one_line_and_exit_code_2() {
    let told = |args: &[&str]| {
        let program = args.iter().fold(Program::example("tutorials"), Program::arg);
        let finished = program.run_within(SOON);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{args:?}: {finished}");
        assert_eq!(finished.stderr.lines().count(), 1, "{args:?}: {finished}");
        finished.stderr.strip_prefix("tutorials: ").unwrap().trim_end().to_owned()
    };
    assert_eq!(told(&[]), "name a program, such as s28; 'list' names them all");
    assert_eq!(told(&["s99"]), "there is no program 's99'; 'list' names them all");
    let open = "is about worker processes, which are not built yet; 'list' names them all";
    assert_eq!(told(&["S01"]), format!("S01 {open}"));
    assert_eq!(told(&["--forever"]), "name a program before '--forever'; 'list' names them all");
    assert_eq!(told(&["s28", "s29"]), "one program at a time, not also 's29'");
    assert_eq!(told(&["list", "s29"]), "nothing can follow here, so 's29' cannot");
    assert_eq!(told(&["s28", "--consumers=2"]), "s28 has no option '--consumers'; 's28 --help' has those that it has");
    assert_eq!(told(&["s28", "-x"]), "s28 has no option '-x'; 's28 --help' has those that it has");
    assert_eq!(told(&["s28", "--repeat"]), "--repeat needs a number");
    for nonsense in ["0", "-1", "1.5", "many", "99999999999999999999", ""] {
        let option = format!("--repeat={nonsense}");
        assert_eq!(told(&["s28", &option]), format!("--repeat: '{nonsense}' is not a whole number from 1 to 1000000"));
    }
    told(&["s28", "--forever=3"]);
    told(&["line\nfeed"]);
}

#[test]
fn the_largest_and_the_smallest_numbers_are_taken() {
    for (row, options) in [
        ("s04", &["--unit-ms=0"][..]),
        ("s28", &["--tasks=1", "--window=0"]),
        ("s12", &["--unit-ms=0", "--repeat=2"]),
        ("s56", &["--unit-ms=0", "--producers=1000", "--consumers=1000"]),
    ] {
        let finished = tutorial(row, options).run_within(SOON);
        assert_eq!(finished.code, Some(0), "{row}: {finished}");
    }
}
