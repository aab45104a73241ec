//! What these tests share: a folder of their own, the program run in it with its exact output, and what `sha256sum` makes of the same
//! folder. Never decides what is right.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use workyard_testkit::Program;

/// Longer than anything here takes on a machine however busy.
pub(crate) const SOON: Duration = Duration::from_mins(2);

/// A folder that is removed when this is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("checksum-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn at(&self, name: &[u8]) -> PathBuf {
        self.0.join(OsStr::from_bytes(name))
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn file(&self, name: &[u8], content: &[u8]) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays is in the folder for temporary files.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// What a program left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

/// The program in the folder, with these arguments.
pub(crate) fn run<S: AsRef<OsStr>>(folder: &Folder, args: &[S]) -> Ran {
    run_script(folder, "exec \"$0\" \"$@\"", args)
}

/// As [`run`], of which all must be well.
#[track_caller]
pub(crate) fn lines<S: AsRef<OsStr>>(folder: &Folder, args: &[S]) -> Vec<u8> {
    let ran = run(folder, args);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.text());
    ran.out
}

/// What `sha256sum` prints for what `find` finds in the folder, in the order of the bytes; or why it cannot be asked.
pub(crate) fn reference<S: AsRef<OsStr>>(folder: &Folder, paths: &[S]) -> Result<Vec<u8>, String> {
    let probe = Folder::new();
    probe.file(b"a\r", b"");
    let escapes = run_script(&probe, "sha256sum a?", &[] as &[&str]);
    if escapes.code != Some(0) {
        return Err(format!("there is no sha256sum: {}", escapes.err.trim()));
    }
    if !escapes.out.starts_with(b"\\") {
        return Err("this sha256sum does not escape carriage returns".to_owned());
    }
    let ran = run_script(folder, "find -H \"$@\" -type f -print0 | sort -z | xargs -0r sha256sum", paths);
    if ran.err.is_empty() { Ok(ran.out) } else { Err(ran.err) }
}

/// A script of a shell, in the folder; `$0` is the program, and the standard output is kept byte for byte.
pub(crate) fn run_script<S: AsRef<OsStr>>(folder: &Folder, script: &str, args: &[S]) -> Ran {
    let out = Folder::new();
    let out = out.at(b"out");
    let script = format!("cd \"$DIR\" && {{ {script}; }} > \"$OUT\"");
    let shell = Program::new("/bin/sh").arg("-c").arg(script).arg(program_path());
    let shell = shell.env("DIR", folder.path()).env("OUT", &out).env("LC_ALL", "C");
    let finished = args.iter().fold(shell, Program::arg).run_within(SOON);
    Ran { code: finished.code, out: fs::read(out).unwrap(), err: finished.stderr }
}

/// The program of this build.
pub(crate) fn program_path() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    this.parent().and_then(Path::parent).unwrap().join("examples").join("checksum")
}
