//! Counting files as a user does: the same bytes as GNU's `wc` on files that are odd in every way, and on paths that cannot be
//! read.

#![cfg(unix)]

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use workyard_testkit::{Program, Rng, SeedOnPanic, not_run, seeds};

use crate::common::{Folder, SOON, gnu_wc, program, program_path, run_exactly};

/// The size of a piece: contents around it straddle.
const PIECE: usize = 256 << 10;

/// Files that are odd in every way; where a name is odd, the content is not.
fn odd_files(folder: &Folder, rng: &mut Rng) -> Vec<OsString> {
    let mut words = Vec::new();
    for n in 0..10_000 {
        words.extend(format!("w{n}").bytes());
        words.push(*rng.pick(b" \n\t\r\x0b\x0c"));
    }
    let any: Vec<u8> = (0..PIECE * 2 + 77).map(|_| rng.next_u64().to_le_bytes()[0]).collect();
    // Words that lie across the border of two pieces, at each offset from it.
    let mut across = vec![b'x'; PIECE - 3];
    across.extend(b" ab\0cd e\n");
    let mut spaces = vec![b' '; PIECE];
    spaces.extend(b"a");
    let contents: Vec<(&[u8], Vec<u8>)> = vec![
        (b"empty", Vec::new()),
        (b"no newline", b"the last line has no end".to_vec()),
        (b"only newlines", vec![b'\n'; 1_000]),
        (b"long line", vec![b'x'; 3 * PIECE]),
        (b"nul", b"a\0b \0 \0\0c\n\0".to_vec()),
        (b"not utf-8", b"\xff\xfe a\x80b \xc3\x28 \xe9\n".to_vec()),
        (b"words", words),
        (b"any bytes", any),
        (b"across", across),
        (b"exact", vec![b'y'; PIECE]),
        (b"spaces", spaces),
        (b"crlf", b"a b\r\nc\r\n".to_vec()),
        (b"name\nwith a line feed", b"1\n".to_vec()),
        (b"\xff\x80name", b"2 2\n".to_vec()),
        (b"\xff\n\x01'name", b"3 3 3\n".to_vec()),
        (b"-dash", b"4\n".to_vec()),
        (b"it's; $(a) \"name\"", b"5\n".to_vec()),
    ];
    contents.into_iter().map(|(name, content)| folder.file(OsStr::from_bytes(name), &content).into()).collect()
}

/// Both programs on the same arguments, three times over: what depends on timing shows.
fn assert_as_wc(wc: &std::path::Path, args: &[OsString], folder: &Folder) {
    let expected = run_exactly(wc, args, folder);
    for _ in 0..3 {
        let ours = run_exactly(&program_path(), args, folder);
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(shown(&ours.1), shown(&expected.1), "{args:?}");
        assert_eq!(ours, expected, "{args:?}");
    }
}

#[test]
fn odd_files_are_counted_as_wc_does() {
    let wc = match gnu_wc() {
        Ok(wc) => wc,
        Err(why) => return not_run(why),
    };
    for seed in seeds(3) {
        let _told = SeedOnPanic::new(seed);
        let (folder, mut rng) = (Folder::new(), Rng::new(seed));
        let mut files = odd_files(&folder, &mut rng);
        for file in &files {
            assert_as_wc(&wc, std::slice::from_ref(file), &folder);
        }
        rng.shuffle(&mut files);
        assert_as_wc(&wc, &files, &folder);
        // Few of everything, and more than there is work for.
        for tasks in ["1", "7"] {
            let workers = [format!("--producers={tasks}"), format!("--consumers={tasks}"), "--queue=1".to_owned()];
            let args: Vec<OsString> = workers.iter().map(OsString::from).chain(files.iter().cloned()).collect();
            assert_eq!(run_exactly(&program_path(), &args, &folder), run_exactly(&wc, &files, &folder), "{tasks}");
        }
    }
}

#[test]
fn paths_that_cannot_be_read_are_told_as_wc_does() {
    let wc = match gnu_wc() {
        Ok(wc) => wc,
        Err(why) => return not_run(why),
    };
    let folder = Folder::new();
    let good = folder.file("good", b"a b\nc\n");
    let closed = folder.file("closed", b"secret\n");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    symlink("loop", folder.path().join("loop")).unwrap();
    let path = |name: &str| folder.path().join(name).into_os_string();
    let good = good.into_os_string();
    let odd = [
        path("missing"),
        path("missing\nwith a line feed"),
        path("it's missing"),
        path("good/not a folder"),
        path("loop"),
        path(&"long".repeat(100)),
        folder.path().into(),
        closed.into(),
        OsString::new(),
        "/dev/null".into(),
    ];
    for path in &odd {
        assert_as_wc(&wc, std::slice::from_ref(path), &folder);
        assert_as_wc(&wc, &[good.clone(), path.clone()], &folder);
        assert_as_wc(&wc, &[path.clone(), good.clone(), path.clone()], &folder);
    }
    assert_as_wc(&wc, &odd, &folder);
}

/// What must come out where there is no `wc` to ask.
#[test]
fn the_layout_is_that_of_wc() {
    let folder = Folder::new();
    let a = folder.file("a", b"one two\nthree\n");
    let b = folder.file("b", b"a\0b \xff\n");
    let (dir, missing) = (folder.path().display(), folder.path().join("missing"));
    let run = |args: &[&OsStr], stdin: &str| {
        let program = args.iter().fold(program(), Program::arg);
        let finished = program.stdin(stdin).run_within(SOON);
        (finished.code, finished.stdout, finished.stderr)
    };
    let (code, out, _) = run(&[a.as_ref()], "");
    assert_eq!((code, out), (Some(0), format!(" 2  3 14 {dir}/a\n")));
    let (code, out, err) = run(&[a.as_ref(), missing.as_ref(), b.as_ref()], "");
    assert_eq!((code, out), (Some(1), format!(" 2  3 14 {dir}/a\n 1  1  6 {dir}/b\n 3  4 20 total\n")));
    assert_eq!(err, format!("producer_consumer: {dir}/missing: No such file or directory\n"));
    let (code, out, _) = run(&["-".as_ref(), a.as_ref()], "x y");
    let lines = format!("      0       2       3 -\n      2       3      14 {dir}/a\n      2       5      17 total\n");
    assert_eq!((code, out), (Some(0), lines));
    let (code, out, err) = run(&[folder.path().as_ref()], "");
    assert_eq!((code, out), (Some(1), format!("      0       0       0 {dir}\n")));
    assert_eq!(err, format!("producer_consumer: {dir}: Is a directory\n"));
    let (code, out, err) = run(&["--report".as_ref(), "--".as_ref(), a.as_ref()], "");
    assert_eq!((code, out), (Some(0), format!(" 2  3 14 {dir}/a\n")));
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(err.starts_with("producer_consumer: accepted ") && err.ends_with(" completed; stuck: none\n"), "{err}");
}

/// Thousands of files in one command line, with few open at once: the limit for open files is far below their number.
#[test]
fn thousands_of_files_are_never_open_at_once() {
    let folder = Folder::new();
    let mut expected = Vec::new();
    let files: Vec<OsString> = (0..3_000)
        .map(|n| {
            let file = folder.file(format!("{n}"), "w ".repeat(n % 10).as_bytes());
            expected.extend(format!("{:>5} {:>5} {:>5} {}\n", 0, n % 10, n % 10 * 2, file.display()).bytes());
            file.into()
        })
        .collect();
    expected.extend(format!("{:>5} {:>5} {:>5} total\n", 0, 13_500, 27_000).bytes());
    let mut shell = Program::new("/bin/sh").arg("-c").arg("ulimit -n 40; exec \"$0\" \"$@\"").arg(program_path());
    for file in &files {
        shell = shell.arg(file);
    }
    let finished = shell.run_within(SOON);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished}");
    assert_eq!(finished.stdout, String::from_utf8(expected).unwrap());
}

/// A file larger than the memory that is allowed, without a line feed. For one of 1 GiB, by hand:
/// `truncate -s 1G /tmp/large; command time -v target/release/examples/producer_consumer /tmp/large`.
#[test]
fn a_large_file_without_a_line_takes_little_memory() {
    let folder = Folder::new();
    let (path, bytes) = (folder.path().join("large"), 128_u64 << 20);
    File::create(&path).unwrap().set_len(bytes).unwrap();
    let finished = program().arg("--report").arg(&path).run_within(SOON);
    assert_eq!(finished.code, Some(0), "{finished}");
    let width = bytes.to_string().len();
    assert_eq!(finished.stdout, format!("{:>width$} {:>width$} {bytes} {}\n", 0, 0, path.display()));
    let peak = finished.peak_rss_kib;
    assert!(peak.is_none_or(|kib| kib < 100 << 10), "{peak:?} KiB: {finished}");
}
