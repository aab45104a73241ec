//! What these tests share: a folder of their own, the program with its exact output, GNU's `wc`, and the lines of the toy
//! program read back. Never decides what is right.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use workyard_testkit::Program;

/// Longer than anything here takes on a machine however busy.
pub(crate) const SOON: Duration = Duration::from_mins(1);

/// A folder that is removed when this is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("producer_consumer-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: impl AsRef<Path>, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays is in the folder for temporary files.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// The program of this build.
pub(crate) fn program() -> Program {
    Program::example("producer_consumer")
}

pub(crate) fn program_path() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    this.parent().and_then(Path::parent).unwrap().join("examples").join("producer_consumer")
}

/// Exit code, and both outputs byte for byte; the name of the program in front of its messages is left out.
pub(crate) fn run_exactly<S: AsRef<OsStr>>(
    program: &Path,
    args: &[S],
    folder: &Folder,
) -> (Option<i32>, Vec<u8>, String) {
    let out = folder.path().join(".out");
    let script = "exec \"$0\" \"$@\" > \"$OUT\"";
    let mut shell = Program::new("/bin/sh").arg("-c").arg(script).arg(program).env("OUT", &out).env("LC_ALL", "C");
    for arg in args {
        shell = shell.arg(arg);
    }
    let finished = shell.run_within(SOON);
    let messages = finished.stderr.lines().map(|line| line.split_once(": ").map_or(line, |(_, what)| what));
    (finished.code, fs::read(out).unwrap(), messages.collect::<Vec<_>>().join("\n"))
}

/// GNU's `wc`, if it is here and has the rule for words that the program has: later ones count bytes that cannot be printed
/// as parts of words.
pub(crate) fn gnu_wc() -> Result<PathBuf, &'static str> {
    let path = ["/usr/bin/wc", "/bin/wc"].map(PathBuf::from).into_iter().find(|path| path.exists());
    let path = path.ok_or("there is no wc")?;
    let version = Program::new(&path).arg("--version").run_within(SOON);
    if !version.stdout.contains("GNU coreutils") {
        return Err("wc is not GNU's");
    }
    let probe = Program::new(&path).arg("-w").env("LC_ALL", "C").stdin(b"\x01 \xff".to_vec()).run_within(SOON);
    if probe.stdout.trim() == "0" { Ok(path) } else { Err("this wc counts unprintable bytes as words") }
}

/// What the lines of the toy program say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) put: BTreeSet<String>,
    pub(crate) refused: BTreeSet<String>,
    pub(crate) consumed: BTreeSet<String>,
    pub(crate) left_over: BTreeSet<String>,
    pub(crate) producers_ended: usize,
    pub(crate) consumers_ended: usize,
    pub(crate) failures: Vec<String>,
    /// Whatever comes after the last line about an item or a task.
    pub(crate) end: Vec<String>,
}

impl Told {
    /// Reads all lines; every line must be one that the program writes, whole, and every item may be told of once on each
    /// side.
    pub(crate) fn of(output: &str) -> Self {
        let mut told = Self::default();
        assert!(output.is_empty() || output.ends_with('\n'), "the last line is torn: {output:?}");
        for line in output.lines() {
            told.line(line);
        }
        told
    }

    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let (items, item) = match words[..] {
            ["producer", _, "put", "item", item] => (&mut self.put, item),
            ["producer", _, "kept", "item", item, "the", "queue", "is", "closed"] => (&mut self.refused, item),
            ["consumer", _, "consumed", "item", item] => (&mut self.consumed, item),
            ["consumer", _, "left", "item", item, "unfinished"]
            | ["item", item, "was", "left", "in", "the", "queue"] => (&mut self.left_over, item),
            ["producer", _, "has", "ended"] => return self.producers_ended += 1,
            ["consumer", _, "has", "ended"] => return self.consumers_ended += 1,
            ["task", ..] => return self.failures.push(line.to_owned()),
            ["made" | "put" | "accepted", ..] => return self.end.push(line.to_owned()),
            _ => panic!("a torn line: {line:?}"),
        };
        let item = item.trim_end_matches(':');
        let (producer, number) = item.split_once('.').unwrap_or_else(|| panic!("a torn line: {line:?}"));
        assert!(producer.parse::<u32>().is_ok() && number.parse::<u64>().is_ok(), "a torn line: {line:?}");
        assert!(items.insert(item.to_owned()), "twice: {line:?}");
    }

    /// Every item that was put went to one consumer or came back, and no other did.
    pub(crate) fn assert_nothing_lost(&self) {
        let both: Vec<_> = self.consumed.intersection(&self.left_over).collect();
        assert!(both.is_empty(), "consumed and left over: {both:?}");
        let out: BTreeSet<_> = self.consumed.union(&self.left_over).cloned().collect();
        assert_eq!(self.put, out, "put, and consumed or left over");
        assert!(self.put.is_disjoint(&self.refused), "put and refused: {self:?}");
    }

    /// Made, put, refused, consumed, left over.
    pub(crate) fn counts(&self) -> [u64; 5] {
        let [put, refused, consumed, left_over] =
            [&self.put, &self.refused, &self.consumed, &self.left_over].map(|items| items.len() as u64);
        [put + refused, put, refused, consumed, left_over]
    }
}
