//! Owns one consumer: it takes pieces of whichever files, has them counted on the cpu lane, and tells when a file is
//! complete. Never keeps a piece once it is counted.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use workyard::CpuLane;
use workyard::queue::{Consumer, Producer};

use super::count::{Count, Totals};
use super::in_order::InOrder;
use super::reader::{End, Piece};

/// A file that was counted as far as it could be.
#[derive(Debug)]
pub(super) struct Done {
    /// The file's place among the arguments.
    pub(super) file: usize,
    pub(super) totals: Totals,
    pub(super) end: End,
}

/// What the consumers share.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    pub(super) pieces: Consumer<Piece>,
    pub(super) lane: CpuLane,
    /// Where empty buffers go back to.
    pub(super) buffers: Producer<Vec<u8>>,
    pub(super) open: Arc<Mutex<HashMap<usize, Open>>>,
    pub(super) done: Producer<Done>,
}

/// A file of which some pieces were counted.
#[derive(Debug, Default)]
pub(super) struct Open {
    counts: InOrder,
    /// How many pieces the file has, and how it ended, once its last piece was counted.
    end: Option<(u64, End)>,
}

impl Counter {
    /// Counts pieces until the last reader has ended and none are left.
    ///
    /// # Cancel safety
    /// The piece that is being counted is lost.
    pub(super) async fn count_pieces(self) {
        while let Some(Piece { file, number, buffer, len, end }) = self.pieces.get().await {
            let counted = self.lane.task("count").run(move || (Count::of(&buffer[..len]), buffer)).await;
            let (count, buffer, end) = match counted {
                Ok((count, buffer)) => (count, buffer, end),
                // The lane is closed before its time: the file ends here, and says why.
                Err(error) => (Count::default(), Vec::new(), Some(End::Failed(io::Error::other(error)))),
            };
            // There is room for every buffer; only when the readers are gone nobody wants it.
            drop(self.buffers.try_put(buffer));
            if let Some(done) = self.add(file, number, count, end)
                && self.done.put(done).await.is_err()
            {
                return;
            }
        }
    }

    /// Adds one count, and gives the file if it was the last one missing.
    fn add(&self, file: usize, number: u64, count: Count, end: Option<End>) -> Option<Done> {
        // Nothing that is left half way by a panic could be seen here: none can happen.
        let mut all = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let open = all.entry(file).or_default();
        open.counts.add(number, count);
        if let Some(end) = end {
            open.end = Some((number + 1, end));
        }
        let (pieces, _) = open.end.as_ref()?;
        let count = open.counts.whole(*pieces)?;
        let (_, end) = all.remove(&file)?.end?;
        Some(Done { file, totals: count.totals, end })
    }
}
