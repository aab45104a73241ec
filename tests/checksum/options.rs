//! The command line: what is wrong is told in one line, before anything is read.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::common::{Folder, run};

#[test]
fn wrong_options_are_told() {
    let folder = Folder::new();
    folder.file(b"a", b"");
    let wrong: [(&[&str], &str); 9] = [
        (&[], "no PATH"),
        (&["--threads=2"], "no PATH"),
        (&["-"], "`-` is not a PATH"),
        (&["a", "-"], "`-` is not a PATH"),
        (&["--threads", "0", "a"], "\"0\" is not a whole number from 1 to 256"),
        (&["--threads=257", "a"], "\"257\" is not"),
        (&["--threads"], "missing argument"),
        (&["--sha1\n", "a"], "invalid option '--sha1\u{fffd}'"),
        (&["-c", "a"], "invalid option '-c'"),
    ];
    for (args, what) in wrong {
        let ran = run(&folder, args);
        assert_eq!((ran.code, ran.out.as_slice()), (Some(2), &b""[..]), "{args:?}");
        assert!(ran.err.starts_with("checksum: ") && ran.err.contains(what), "{args:?}: {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{args:?}: {}", ran.err);
    }
    let odd = run(&folder, &[OsStr::from_bytes(b"--threads=\xff"), OsStr::new("a")]);
    assert_eq!(odd.code, Some(2), "{}", odd.err);
}

#[test]
fn what_looks_like_an_option_may_be_a_path() {
    let folder = Folder::new();
    folder.file(b"--help", b"");
    folder.file(b"-", b"");
    let ran = run(&folder, &["--threads", "256", "--", "--help", "./-"]);
    assert_eq!((ran.code, ran.text().lines().count()), (Some(0), 2), "{}", ran.err);
    assert!(ran.text().ends_with("  ./-\n") || ran.text().ends_with("  --help\n"), "{}", ran.text());
}

#[test]
fn help_goes_to_the_output() {
    let ran = run(&Folder::new(), &["nowhere", "--help", "--oh"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.text().starts_with("usage: checksum ") && ran.text().contains("--threads"), "{}", ran.text());
}
