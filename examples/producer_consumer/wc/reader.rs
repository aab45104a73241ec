//! Owns one producer: it takes the next file that nobody has, reads it piece by piece on the blocking lane, and puts the
//! pieces on the queue. Never holds more than one open file and one buffer.

use std::ffi::OsString;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use workyard::queue::{Consumer, Producer};
use workyard::{BlockingLane, TaskError};

use super::super::stop::Stop;
use super::run::PIECE_BYTES;
use super::source::Source;

/// A piece of a file.
#[derive(Debug)]
pub(super) struct Piece {
    /// The file's place among the arguments.
    pub(super) file: usize,
    /// The piece's place in the file.
    pub(super) number: u64,
    pub(super) buffer: Vec<u8>,
    /// How much of the buffer is of the file.
    pub(super) len: usize,
    /// In the last piece of a file only.
    pub(super) end: Option<End>,
}

/// How the reading of a file ended.
#[derive(Debug)]
pub(super) enum End {
    /// There was no more.
    Complete,
    /// The program was asked to stop.
    Stopped,
    /// It could not be opened, so there is nothing to count.
    NotOpened(io::Error),
    /// It could not be read any further.
    Failed(io::Error),
}

/// What the readers share.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) names: Arc<[OsString]>,
    /// The first file that nobody has taken.
    pub(super) next: Arc<AtomicUsize>,
    pub(super) lane: BlockingLane,
    /// Empty buffers. There are only so many, whatever the files are: that is the bound of the program's memory.
    pub(super) buffers: Consumer<Vec<u8>>,
    pub(super) pieces: Producer<Piece>,
    pub(super) stop: Stop,
}

impl Reader {
    /// Reads files until there are no more, or the program stops.
    ///
    /// # Cancel safety
    /// A file that is dropped half way has no end: nobody will hear of it.
    pub(super) async fn read_files(self) {
        while !self.stop.is_asked() {
            // Relaxed: a file needs to be taken once, nothing more.
            let file = self.next.fetch_add(1, Ordering::Relaxed);
            if file >= self.names.len() || !self.read_file(file).await {
                return;
            }
        }
    }

    /// `false` when nobody counts any more.
    async fn read_file(&self, file: usize) -> bool {
        let (mut source, mut number) = (None, 0);
        loop {
            let Some(buffer) = self.buffers.get().await else { return false };
            let (buffer, len, end) = self.read_piece(file, buffer, &mut source).await;
            let ended = end.is_some();
            if self.pieces.put(Piece { file, number, buffer, len, end }).await.is_err() || ended {
                return ended;
            }
            number += 1;
        }
    }

    /// Opens the file if it is not open yet, and reads. A read that waits for its input when the program stops is left
    /// behind: nothing can end it.
    async fn read_piece(
        &self,
        file: usize,
        buffer: Vec<u8>,
        source: &mut Option<Source>,
    ) -> (Vec<u8>, usize, Option<End>) {
        let (names, opened) = (Arc::clone(&self.names), source.take());
        let read = self.lane.task("read").run(move || read(&names[file], opened, buffer));
        let read = tokio::select! {
            biased;
            () = self.stop.asked() => return (Vec::new(), 0, Some(End::Stopped)),
            read = read => read,
        };
        match read {
            Ok((opened, buffer, len, end)) => {
                *source = opened;
                (buffer, len, end)
            }
            Err(error) => (Vec::new(), 0, Some(End::Failed(as_io_error(error)))),
        }
    }
}

/// On a thread that may block.
fn read(name: &OsString, opened: Option<Source>, mut buffer: Vec<u8>) -> (Option<Source>, Vec<u8>, usize, Option<End>) {
    let mut source = match opened.map_or_else(|| Source::open(name), Ok) {
        Ok(source) => source,
        Err(error) => return (None, buffer, 0, Some(End::NotOpened(error))),
    };
    // Zeroed once, when the buffer is first used.
    buffer.resize(PIECE_BYTES, 0);
    let (len, end) = match source.read(&mut buffer) {
        Ok((len, is_end)) => (len, is_end.then_some(End::Complete)),
        Err(error) => (0, Some(End::Failed(error))),
    };
    (Some(source), buffer, len, end)
}

fn as_io_error(error: TaskError) -> io::Error {
    io::Error::other(error)
}
