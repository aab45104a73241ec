//! Owns what this process holds of the system: its threads and open files. Never ends a thread or closes a file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::wait::holds_within;

/// The threads and open file descriptors of this process at one moment, to be compared with a later one.
///
/// It is of the whole process, so what other tests do at the same time counts too: put a test that uses it in a test
/// binary of its own, or run it by `cargo nextest`, which gives each test a process. Outside Linux it knows nothing.
///
/// # Examples
/// ```
/// use std::{thread, time::Duration};
/// use workyard_testkit::Residue;
///
/// let before = Residue::now();
/// thread::spawn(|| {}).join().unwrap();
/// before.assert_back(Duration::from_secs(10));
/// ```
#[derive(Clone, Debug)]
pub struct Residue {
    threads: Option<BTreeMap<String, String>>,
    fds: Option<BTreeMap<String, String>>,
}

impl Residue {
    /// What this process holds now.
    pub fn now() -> Self {
        Self { threads: threads(), fds: fds() }
    }

    /// How many threads there were, the main one included; `None` outside Linux.
    pub fn threads(&self) -> Option<usize> {
        self.threads.as_ref().map(BTreeMap::len)
    }

    /// How many file descriptors were open; `None` outside Linux.
    pub fn fds(&self) -> Option<usize> {
        self.fds.as_ref().map(BTreeMap::len)
    }

    /// Waits until this process holds no more threads and no more file descriptors than it did then.
    ///
    /// Threads that were joined and runtimes that were dropped may take a moment to leave, hence the deadline. Outside
    /// Linux this returns at once.
    ///
    /// # Panics
    /// When there is still more at the deadline: with the names of the threads and the targets of the descriptors that
    /// are new.
    #[track_caller]
    pub fn assert_back(&self, deadline: Duration) {
        let mut now = Self::now();
        let back = holds_within(deadline, || {
            now = Self::now();
            now.threads() <= self.threads() && now.fds() <= self.fds()
        });
        assert!(back, "still there after {deadline:?}:{}", self.news(&now));
    }

    /// What there is now and was not then, a line each.
    fn news(&self, now: &Self) -> String {
        let held = [("thread", &self.threads, &now.threads), ("fd", &self.fds, &now.fds)];
        let new = held.into_iter().flat_map(|(kind, before, now)| {
            let is_new = move |held: &(&String, &String)| before.as_ref().is_none_or(|b| b.get(held.0) != Some(held.1));
            now.iter().flatten().filter(is_new).map(move |(id, name)| format!("\n  {kind} {id} ({name})"))
        });
        new.collect()
    }
}

/// The names of this process's threads that begin with `prefix`, sorted; `None` outside Linux.
///
/// Linux keeps 15 bytes of a thread's name, so of a longer prefix only that much is compared. The main thread goes by
/// the name of the program's file.
///
/// # Examples
/// ```
/// let left = workyard_testkit::threads_named("workyard-");
/// assert!(left.is_none_or(|names| names.is_empty()));
/// ```
pub fn threads_named(prefix: &str) -> Option<Vec<String>> {
    let prefix = &prefix[..prefix.floor_char_boundary(NAME_BYTES)];
    let mut names: Vec<String> = threads()?.into_values().filter(|name| name.starts_with(prefix)).collect();
    names.sort_unstable();
    Some(names)
}

/// Names by thread id.
fn threads() -> Option<BTreeMap<String, String>> {
    // A thread that ends while this looks is not there any more.
    entries("/proc/self/task", |task| Some(fs::read_to_string(task.join("comm")).ok()?.trim_end().to_owned()))
}

/// What each descriptor leads to, by number.
fn fds() -> Option<BTreeMap<String, String>> {
    // The descriptor of this very listing is closed before its link is read, and so falls out.
    entries("/proc/self/fd", |fd| Some(fs::read_link(fd).ok()?.display().to_string()))
}

fn entries(dir: &str, value: impl Fn(&Path) -> Option<String>) -> Option<BTreeMap<String, String>> {
    let paths: Vec<_> = fs::read_dir(dir).ok()?.flatten().map(|entry| entry.path()).collect();
    let name = |path: &Path| Some(path.file_name()?.to_string_lossy().into_owned());
    Some(paths.iter().filter_map(|path| Some((name(path)?, value(path)?))).collect())
}

/// `TASK_COMM_LEN` of the kernel, without the closing NUL.
const NAME_BYTES: usize = 15;
