//! Whole trees: which files are found, in which order, and that their sums are those of `sha256sum`.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use workyard_testkit::{Rng, SeedOnPanic, not_run, seeds};

use crate::common::{Folder, lines, reference, run, run_script};
use crate::odd_tree;

/// The names in lines, without what escapes them.
fn names(lines: &[u8]) -> Vec<Vec<u8>> {
    let plain = |line: &[u8]| {
        let Some(escaped) = line.strip_prefix(b"\\") else { return line[66..].to_vec() };
        let mut bytes = escaped[66..].iter();
        let mut name = Vec::new();
        while let Some(&byte) = bytes.next() {
            name.push(match byte {
                b'\\' => match bytes.next() {
                    Some(b'n') => b'\n',
                    Some(b'r') => b'\r',
                    Some(b'\\') => b'\\',
                    other => panic!("an escape of {other:?}"),
                },
                byte => byte,
            });
        }
        name
    };
    let lines = lines.strip_suffix(b"\n").expect("lines");
    lines.split(|&byte| byte == b'\n').map(plain).collect()
}

/// Both texts are large: the first line that differs says more.
#[track_caller]
fn assert_same_lines(ours: &[u8], theirs: &[u8]) {
    let [mut ours, mut theirs] = [ours, theirs].map(|lines| lines.split(|&byte| byte == b'\n'));
    let text = |line: Option<&[u8]>| line.map(|line| line.escape_ascii().to_string());
    for number in 1.. {
        let (line, expected) = (ours.next(), theirs.next());
        assert_eq!(text(line), text(expected), "line {number}");
        if line.is_none() {
            return;
        }
    }
}

#[test]
fn an_odd_tree_of_many_files_is_summed_as_sha256sum_does() {
    for seed in seeds(1) {
        let _told = SeedOnPanic::new(seed);
        let folder = Folder::new();
        let paths = odd_tree::grow(&folder, &mut Rng::new(seed), 20_000);
        let ours = lines(&folder, &["t"]);
        assert!(names(&ours) == paths, "each file once, in the order of the bytes");
        assert_same_lines(&lines(&folder, &["--threads=1", "t"]), &ours);
        match reference(&folder, &["t"]) {
            Ok(theirs) => assert_same_lines(&ours, &theirs),
            Err(why) => not_run(&why),
        }
    }
}

#[test]
fn small_odd_trees_are_summed_as_sha256sum_does() {
    for seed in seeds(8) {
        let _told = SeedOnPanic::new(seed);
        let (folder, mut rng) = (Folder::new(), Rng::new(seed));
        let files = 10 + rng.below(300);
        let paths = odd_tree::grow(&folder, &mut rng, files);
        let ours = lines(&folder, &["t"]);
        assert_eq!(names(&ours), paths);
        match reference(&folder, &["t"]) {
            Ok(theirs) => assert_same_lines(&ours, &theirs),
            Err(why) => return not_run(&why),
        }
    }
}

/// A slash comes after some bytes and before others, so a folder's files do not stand where its name would.
#[test]
fn the_order_is_that_of_whole_paths() {
    let folder = Folder::new();
    let paths = ["t/a b", "t/a!/z", "t/a-b", "t/a.b", "t/a.b-/y", "t/a/b-", "t/a/b/c", "t/a0", "t/ab/c", "t/b"];
    for path in paths.iter().rev() {
        folder.file(path.as_bytes(), b"");
    }
    assert_eq!(names(&lines(&folder, &["t"])), paths.map(|path| path.as_bytes().to_vec()));
}

#[test]
fn several_paths_are_merged_and_what_is_found_twice_is_printed_twice() {
    let folder = Folder::new();
    for path in ["a/2", "a/b/1", "a/b/3", "a.x", "c"] {
        folder.file(path.as_bytes(), path.as_bytes());
    }
    let given: [&[&str]; 6] = [
        &["a", "a.x", "c"],
        &["c", "a.x", "a"],
        &["a/b", "a", "a"],
        &["a/", "./a", "a//", "a/b/../b", "a"],
        &["c", "c", "./c"],
        &["."],
    ];
    for paths in given {
        let ours = lines(&folder, paths);
        match reference(&folder, paths) {
            Ok(theirs) => assert_same_lines(&ours, &theirs),
            Err(why) => not_run(&why),
        }
    }
    let expected = ["a/2", "a/2", "a/b/1", "a/b/1", "a/b/1", "a/b/3", "a/b/3", "a/b/3"];
    assert_eq!(names(&lines(&folder, &["a/b", "a", "a"])), expected.map(|path| path.as_bytes().to_vec()));
    assert_eq!(names(&lines(&folder, &["a//", "a/"]))[..2], [b"a//2".to_vec(), b"a//b/1".to_vec()]);
}

#[test]
fn links_are_followed_where_they_are_given_and_nowhere_else() {
    let folder = Folder::new();
    folder.file(b"real/file", b"");
    for (target, link) in [("real", "dir"), ("real/file", "one"), ("nowhere", "dangling"), ("loop", "loop")] {
        symlink(target, folder.path().join(link)).unwrap();
        symlink(folder.path().join(target), folder.path().join("real").join(link)).unwrap();
    }
    symlink("..", folder.path().join("real/up")).unwrap();
    let found = names(&lines(&folder, &["dir", "one", "real"]));
    assert_eq!(found, [b"dir/file".to_vec(), b"one".to_vec(), b"real/file".to_vec()]);
    let ran = run(&folder, &["dangling", "loop", "one"]);
    assert_eq!((ran.code, names(&ran.out)), (Some(1), vec![b"one".to_vec()]));
    let lines: Vec<_> = ran.err.lines().collect();
    assert_eq!(lines[0], "checksum: dangling: No such file or directory");
    assert!(lines[1].starts_with("checksum: loop: Too many "), "{lines:?}");
    assert_eq!(lines.len(), 2, "{lines:?}");
}

/// To open a pipe would wait for ever.
#[test]
fn what_is_not_a_file_is_skipped_and_told() {
    let folder = Folder::new();
    folder.file(b"t/file", b"abc");
    let _socket = UnixListener::bind(folder.path().join("t/socket")).unwrap();
    let made = run_script(&folder, "mkfifo 't/a pipe'", &[] as &[&str]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let ran = run(&folder, &["t", "/dev/null"]);
    assert_eq!((ran.code, names(&ran.out)), (Some(0), vec![b"t/file".to_vec()]), "{}", ran.err);
    let told = "checksum: /dev/null: skipped: a device\n\
                checksum: 't/a pipe': skipped: a pipe\n\
                checksum: t/socket: skipped: a socket\n";
    assert_eq!(ran.err, told);
}

#[test]
fn empty_folders_print_nothing() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path().join("a/b/c")).unwrap();
    assert_eq!(lines(&folder, &["a"]), b"");
}
