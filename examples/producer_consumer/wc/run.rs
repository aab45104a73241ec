//! Owns a run over all files: starts the readers and counters, and writes the lines in the order of the arguments. Never
//! holds more of the files than the buffers it makes.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::sync::Arc;

use workyard::queue::{self, Consumer};
use workyard::{BoxError, Group, Scheduler};

use super::super::lines::Lines;
use super::super::stop::Stop;
use super::count::Totals;
use super::counter::{Counter, Done};
use super::layout;
use super::quote::quoted;
use super::reader::{End, Reader};

/// How many tasks read and count, and how many pieces wait between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workers {
    pub(crate) readers: usize,
    pub(crate) counters: usize,
    pub(crate) queue: usize,
}

impl Workers {
    /// Each buffer is in the hands of a reader or a counter, or waits in the queue.
    fn buffers(self) -> usize {
        self.readers + self.counters + self.queue
    }
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Counted {
    /// Files that could not be read, or not to their end.
    pub(crate) failures: usize,
}

/// Counts the files and writes a line for each, and one more for the total if there are several. Once the program stops,
/// every file that was begun gets a line with what was counted of it.
///
/// # Errors
/// When the yard takes no tasks.
///
/// # Cancel safety
/// Dropping the future cancels the tasks.
pub(crate) async fn run(
    yard: &Scheduler,
    names: Arc<[OsString]>,
    workers: Workers,
    stop: &Stop,
    lines: &Lines,
) -> Result<Counted, BoxError> {
    let asked = Arc::clone(&names);
    let width = yard.blocking().task("look at the files").run(move || layout::width_of(&asked)).await?;
    let (tasks, done) = start(yard, &names, workers, stop).await?;
    let mut failures = write_lines(&names, width, &done, lines).await;
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            failures += 1;
            complain(&error.to_string());
        }
    }
    Ok(Counted { failures })
}

/// Starts everybody; what is done comes out of the queue until all have ended.
async fn start(
    yard: &Scheduler,
    names: &Arc<[OsString]>,
    workers: Workers,
    stop: &Stop,
) -> Result<(Group<()>, Consumer<Done>), BoxError> {
    let (buffers, empty) = queue::bounded(workers.buffers());
    for _ in 0..workers.buffers() {
        // Grows to its size when it is first read into.
        buffers.try_put(Vec::new())?;
    }
    let (pieces, read) = queue::bounded(workers.queue);
    let (counted, done) = queue::bounded(workers.counters);
    let reader = Reader {
        names: Arc::clone(names),
        next: Arc::default(),
        lane: yard.blocking().clone(),
        buffers: empty,
        pieces,
        stop: stop.clone(),
    };
    let counter = Counter { pieces: read, lane: yard.cpu().clone(), buffers, open: Arc::default(), done: counted };
    let tasks = yard.group();
    for id in 1..=workers.counters {
        let count = counter.clone().count_pieces();
        tasks.task(yard.io().task(format!("counter {id}"))).submit(count).await?;
    }
    for id in 1..=workers.readers.min(names.len()) {
        let read = reader.clone().read_files();
        tasks.task(yard.io().task(format!("reader {id}"))).submit(read).await?;
    }
    Ok((tasks, done))
}

/// Writes what is done in the order of the arguments; gives the number of files that failed.
async fn write_lines(names: &[OsString], width: usize, done: &Consumer<Done>, lines: &Lines) -> usize {
    let (mut early, mut next) = (BTreeMap::new(), 0);
    let (mut sum, mut failures) = (Totals::default(), 0);
    while let Some(file) = done.get().await {
        early.insert(file.file, file);
        while let Some(file) = early.remove(&next) {
            next += 1;
            sum += file.totals;
            failures += usize::from(write_line(names, width, file, lines).await);
        }
    }
    // What is left stands behind a file that has no end, because its reader had none.
    for file in early.into_values() {
        sum += file.totals;
        failures += usize::from(write_line(names, width, file, lines).await);
    }
    if names.len() > 1 {
        lines.line(layout::line(sum, width, OsStr::new("total"))).await;
    }
    failures
}

/// Writes the line of one file, and complains about it if it failed.
async fn write_line(names: &[OsString], width: usize, done: Done, lines: &Lines) -> bool {
    let name = &names[done.file];
    let (error, is_counted) = match done.end {
        End::Complete | End::Stopped => (None, true),
        End::NotOpened(error) => (Some(error), false),
        End::Failed(error) => (Some(error), true),
    };
    if let Some(error) = &error {
        complain(&about(name, error));
    }
    if is_counted {
        lines.line(layout::line(done.totals, width, name)).await;
    }
    error.is_some()
}

/// What is wrong with a file, in one line.
fn about(name: &OsStr, error: &io::Error) -> String {
    if name.is_empty() {
        return "invalid zero-length file name".to_owned();
    }
    let mut what = error.to_string();
    if let Some(code) = error.raw_os_error() {
        what = what.replace(&format!(" (os error {code})"), "");
    }
    format!("{}: {what}", quoted(name.as_encoded_bytes()))
}

/// One line on stderr; when there is none to take it, nobody is there to tell.
fn complain(what: &str) {
    let line = format!("producer_consumer: {what}\n");
    drop(io::stderr().lock().write_all(line.as_bytes()));
}

/// How much of a file is read at once.
pub(super) const PIECE_BYTES: usize = 256 << 10;
