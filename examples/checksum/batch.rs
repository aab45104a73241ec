//! Owns a batch of entries and the buffer with what short files hold: how it is read, and how it is hashed. Never waits for
//! anything but the disk.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use crate::buffers::Buffers;
use crate::entry::{Entry, Fate};
use crate::path::path;

/// Some neighbours in the order, which go through the lanes together: what a file of a few KiB costs by itself is small beside what
/// it would cost to hand it from lane to lane.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) entries: Vec<Entry>,
    /// None while nothing is read.
    buffer: Option<Vec<u8>>,
}

impl Batch {
    pub(crate) fn of(entries: Vec<Entry>) -> Self {
        Self { entries, buffer: None }
    }

    /// Reads the files one after the other into one buffer; those that do not fit are left for later. On a thread that may block.
    pub(crate) fn read(mut self, buffers: &Buffers) -> Self {
        let mut filled = 0;
        for Entry { path: bytes, fate } in &mut self.entries {
            if !matches!(fate, Fate::Unread) {
                continue;
            }
            let buffer = self.buffer.get_or_insert_with(|| buffers.take());
            *fate = match read_whole(bytes, buffer, filled) {
                Ok(Some(at)) => {
                    filled = at.end;
                    Fate::Read(at)
                }
                Ok(None) => Fate::Long,
                Err(error) => Fate::failed(&error),
            };
        }
        self
    }

    /// Hashes what was read, and gives the buffer back. On a thread that computes.
    pub(crate) fn hash(mut self, buffers: &Buffers) -> Self {
        let Some(buffer) = self.buffer.take() else { return self };
        for Entry { fate, .. } in &mut self.entries {
            if let Fate::Read(at) = fate {
                *fate = Fate::Sum(Sha256::digest(&buffer[at.clone()]).into());
            }
        }
        buffers.give(buffer);
        self
    }
}

/// Where in the buffer the file is, from `filled` on; `None` if it is long, or there is not enough room.
fn read_whole(name: &[u8], buffer: &mut [u8], filled: usize) -> io::Result<Option<Range<usize>>> {
    let mut file = File::open(path(name))?;
    let room = buffer.len().min(filled + SHORT_BYTES);
    let mut end = filled;
    // With the room full it is not known whether there is more, so a file that just fits counts as too long.
    while end < room {
        match file.read(&mut buffer[end..room]) {
            Ok(0) => return Ok(Some(filled..end)),
            Ok(more) => end += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// What is read of a long file here is read again, so this should be little beside it.
const SHORT_BYTES: usize = 128 << 10;
