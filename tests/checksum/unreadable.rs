//! What cannot be read: each is told in a line, the others are hashed, and the exit code says that it happened.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use workyard_testkit::not_run;

use crate::common::{Folder, run, run_script};

#[test]
fn a_missing_path_is_told_and_the_others_are_hashed() {
    let folder = Folder::new();
    folder.file(b"t/a", b"1");
    folder.file(b"z", b"2");
    let missing = ["nowhere", "t/a/below a file", "it's\nodd", ""];
    let ran = run(&folder, &[&["t", "z"][..], &missing].concat());
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.text().lines().map(|line| &line[66..]).collect::<Vec<_>>(), ["t/a", "z"], "{}", ran.err);
    let told = "checksum: '': No such file or directory\n\
                checksum: 'it'\\''s'$'\\n''odd': No such file or directory\n\
                checksum: nowhere: No such file or directory\n\
                checksum: 't/a/below a file': Not a directory\n";
    assert_eq!(ran.err, told);
}

#[test]
fn what_may_not_be_read_is_told_and_the_others_are_hashed() {
    let folder = Folder::new();
    for path in ["t/0", "t/closed/1", "t/secret", "t/shut/2", "t/z"] {
        folder.file(path.as_bytes(), path.as_bytes());
    }
    // A folder that may be listed and not entered, one that may not be listed, and a file.
    for (path, mode) in [("t/closed", 0o600), ("t/shut", 0o300), ("t/secret", 0)] {
        fs::set_permissions(folder.path().join(path), Permissions::from_mode(mode)).unwrap();
    }
    // Root may read everything, and may be able to drop that right.
    let drops = "exec setpriv --bounding-set=-all --inh-caps=-all";
    let shell = |what: &str| run_script(&folder, what, &["t"]);
    let is_root = fs::read(folder.path().join("t/secret")).is_ok();
    let is_dropped = || shell(&format!("{drops} cat t/secret")).err.contains("Permission denied");
    let ran = if is_root {
        is_dropped().then(|| shell(&format!("{drops} \"$0\" \"$@\"")))
    } else {
        Some(run(&folder, &["t"]))
    };
    for path in ["t/closed", "t/shut"] {
        fs::set_permissions(folder.path().join(path), Permissions::from_mode(0o700)).unwrap();
    }
    let Some(ran) = ran else { return not_run("root reads everything, and there is no setpriv to do without") };
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert_eq!(ran.text().lines().map(|line| &line[66..]).collect::<Vec<_>>(), ["t/0", "t/z"], "{}", ran.err);
    let told = "checksum: t/closed/1: Permission denied\n\
                checksum: t/secret: Permission denied\n\
                checksum: t/shut: Permission denied\n";
    assert_eq!(ran.err, told);
}
