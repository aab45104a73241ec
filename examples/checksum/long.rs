//! Owns how a long file is hashed: piece by piece, the next one read on the blocking lane while the cpu lane hashes the one before. Never holds
//! more of a file than two pieces, nor reads more files at once than it has pairs of buffers.

use std::fs::File;
use std::io::{self, Read};

use futures_util::future::{join, join_all};
use sha2::{Digest as _, Sha256};
use workyard::queue::{self, Consumer, Producer};
use workyard::{BlockingLane, CpuLane, Scheduler, TaskError};

use crate::batch::Batch;
use crate::entry::{Entry, Fate};
use crate::path::path;

/// Hashes long files.
#[derive(Clone, Debug)]
pub(crate) struct Long {
    blocking: BlockingLane,
    cpu: CpuLane,
    free: Consumer<Pair>,
    back: Producer<Pair>,
}

type Pair = [Vec<u8>; 2];

/// A file, as far as it was read.
struct Reading {
    file: File,
    piece: Vec<u8>,
    /// How much of the piece is of the file; less than all of it is the end.
    len: usize,
}

impl Long {
    /// Reads at most so many files at once.
    pub(crate) fn on(yard: &Scheduler, at_once: usize) -> Self {
        let (back, free) = queue::bounded(at_once);
        for _ in 0..at_once {
            // They get their size when they are first used. There is room for each.
            drop(back.try_put(Pair::default()));
        }
        Self { blocking: yard.blocking().clone(), cpu: yard.cpu().clone(), free, back }
    }

    /// Hashes what is left of a batch.
    ///
    /// # Cancel safety
    /// Dropping the future drops the batch. A piece that is being read or hashed is not waited for.
    pub(crate) async fn finish(self, mut batch: Batch) -> Batch {
        let long = batch.entries.iter_mut().filter(|entry| matches!(entry.fate, Fate::Long));
        join_all(long.map(|entry| self.hash(entry))).await;
        batch
    }

    async fn hash(&self, entry: &mut Entry) {
        // This holds a producer, so the queue stays open.
        let Some(mut pair) = self.free.get().await else { return };
        entry.fate = match self.hash_pieces(entry.path.clone(), &mut pair).await {
            Ok(Ok(sum)) => Fate::Sum(sum),
            Ok(Err(error)) => Fate::failed(&error),
            Err(error) => Fate::Failed(error.to_string()),
        };
        drop(self.back.try_put(pair));
    }

    async fn hash_pieces(&self, name: Vec<u8>, pair: &mut Pair) -> Result<io::Result<[u8; 32]>, TaskError> {
        let [mut piece, mut spare] = std::mem::take(pair);
        let open = move || File::open(path(&name)).and_then(|file| Reading::next(file, piece));
        let mut hash = Sha256::new();
        let mut reading = match self.blocking.task("open").run(open).await? {
            Ok(reading) => reading,
            Err(error) => return Ok(Err(error)),
        };
        loop {
            let Reading { file, piece: read, len } = reading;
            let is_end = len < read.len();
            let update = self.cpu.task("hash a piece").run(move || {
                hash.update(&read[..len]);
                (hash, read)
            });
            if is_end {
                (hash, piece) = update.await?;
                *pair = [piece, spare];
                return Ok(Ok(hash.finalize().into()));
            }
            let read_on = self.blocking.task("read a piece").run(move || Reading::next(file, spare));
            let (updated, next) = join(update, read_on).await;
            (hash, spare) = updated?;
            reading = match next? {
                Ok(next) => next,
                Err(error) => return Ok(Err(error)),
            };
        }
    }
}

impl Reading {
    /// Reads until the piece is full or the file at its end.
    fn next(mut file: File, mut piece: Vec<u8>) -> io::Result<Self> {
        piece.resize(PIECE_BYTES, 0);
        let mut len = 0;
        while len < piece.len() {
            match file.read(&mut piece[len..]) {
                Ok(0) => break,
                Ok(more) => len += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { file, piece, len })
    }
}

const PIECE_BYTES: usize = 256 << 10;
