//! Owns the buffers that batches are read into, from one use to the next. Never makes one that is not needed at once.

use workyard::queue::{self, Consumer, Producer};

/// Buffers that are free. How many there are in all is bounded by the window of the pipeline.
#[derive(Clone, Debug)]
pub(crate) struct Buffers {
    free: Consumer<Vec<u8>>,
    back: Producer<Vec<u8>>,
}

impl Buffers {
    /// Keeps at most so many.
    pub(crate) fn keeping(most: usize) -> Self {
        let (back, free) = queue::bounded(most);
        Self { free, back }
    }

    pub(crate) fn take(&self) -> Vec<u8> {
        // Zeroed by the system, page by page, as far as it is used.
        self.free.try_get().unwrap_or_else(|_| vec![0; BUFFER_BYTES])
    }

    /// One too many is dropped.
    pub(crate) fn give(&self, buffer: Vec<u8>) {
        drop(self.back.try_put(buffer));
    }
}

/// The short files of a batch, together.
const BUFFER_BYTES: usize = 1 << 20;
