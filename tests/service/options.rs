//! What the program says of options: what there is, and what is wrong, in one line.

use workyard_testkit::{Finished, Program};

use crate::SOON;

fn run(args: &[&str]) -> Finished {
    args.iter().fold(Program::example("service"), Program::arg).run_within(SOON)
}

#[test]
fn wrong_options_are_refused_in_one_line() {
    let wrong: [&[&str]; 16] = [
        &["--listen"],
        &["--listen", "localhost"],
        &["--threads", "0"],
        &["--threads", "1025"],
        &["--cpu-queue=-1"],
        &["--foreground=yes"],
        &["--deadline-ms=0"],
        &["--drain-s=1s"],
        &["--clients=1"],
        &["serve"],
        &["--a\nb"],
        &["load"],
        &["load", "--target=127.0.0.1"],
        &["load", "--target=192.0.2.1:80"],
        &["load", "--clients=0", "--target=127.0.0.1:1"],
        &["check", "--listen=127.0.0.1:0"],
    ];
    for args in wrong {
        let finished = run(args);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{finished}");
        let lines: Vec<_> = finished.stderr.lines().collect();
        assert!(matches!(lines[..], [line] if line.starts_with("service: ")), "{finished}");
    }
}

#[test]
fn help_is_given() {
    for args in [&["--help"][..], &["-h"], &["load", "--help"]] {
        let help = run(args);
        assert!(help.code == Some(0) && help.stdout.contains("\nusage: service "), "{help}");
    }
}

#[test]
fn load_without_a_service_says_so() {
    // Port 0 is nobody's.
    let finished = run(&["load", "--target", "127.0.0.1:0"]);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{finished}");
    assert!(finished.stderr.contains("cannot connect to 127.0.0.1:0: "), "{finished}");
}
