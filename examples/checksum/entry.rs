//! Owns one thing that was found, from the walk to its line, and what became of it. Never reads or prints.

use std::io;
use std::ops::Range;

/// One path that was found.
#[derive(Debug)]
pub(crate) struct Entry {
    /// As it is printed.
    pub(crate) path: Vec<u8>,
    pub(crate) fate: Fate,
}

/// What became of an entry so far.
#[derive(Debug)]
pub(crate) enum Fate {
    /// A file that nobody has opened.
    Unread,
    /// A file whose whole content is there in the batch's buffer.
    Read(Range<usize>),
    /// A file that did not fit into the batch's buffer, to be read piece by piece.
    Long,
    /// Hashed: one end of three.
    Sum([u8; 32]),
    /// Not a file, and why: another end.
    Skipped(&'static str),
    /// Why it could not be read: the last one.
    Failed(String),
}

impl Fate {
    /// What the system said, without its number.
    pub(crate) fn failed(error: &io::Error) -> Self {
        let what = error.to_string();
        let number = error.raw_os_error().map(|code| format!(" (os error {code})"));
        Self::Failed(number.map_or(what.clone(), |number| what.replace(&number, "")))
    }
}
