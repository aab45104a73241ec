//! Owns the names in one folder, in order. Never looks into the folders among them.
//!
//! All names stand in one piece of memory: a folder of millions of files costs their names, one more byte and eight besides for each.

use std::fs::{DirEntry, read_dir};
use std::io;
use std::vec;

use super::kind::Kind;
use crate::path::path;

/// The names in one folder that were not taken yet.
#[derive(Debug)]
pub(super) struct Folder {
    /// The folder's own path, with a slash at the end.
    path: Vec<u8>,
    names: Vec<u8>,
    entries: vec::IntoIter<Entry>,
}

/// Eight bytes, since there may be millions.
#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    len: u16,
    kind: Kind,
}

impl Folder {
    /// Lists a folder, whose path ends with a slash. What was listed before an error stays.
    pub(super) fn list(at: Vec<u8>) -> (Self, Option<io::Error>) {
        let (mut names, mut entries) = (Vec::new(), Vec::new());
        let listed = read_dir(path(&at)).and_then(|mut listing| {
            listing.try_for_each(|entry| {
                entries.extend(enter(&mut names, &entry?)?);
                Ok(())
            })
        });
        // A folder's name has its slash at the end, which is what brings all that is below it to its place in the order: behind
        // `a.b`, and before `ab`.
        entries.sort_unstable_by(|a: &Entry, b: &Entry| a.name(&names).cmp(b.name(&names)));
        (Self { path: at, names, entries: entries.into_iter() }, listed.err())
    }
}

impl Iterator for Folder {
    /// The path, which for a folder ends with a slash, and what is there.
    type Item = (Vec<u8>, Kind);

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?;
        Some(([&self.path, entry.name(&self.names)].concat(), entry.kind))
    }
}

impl Entry {
    fn name(self, names: &[u8]) -> &[u8] {
        let start = self.start as usize;
        &names[start..start + usize::from(self.len)]
    }
}

/// Adds a name; no entry for a symbolic link. What cannot be told apart counts as a file: to open it will say why.
fn enter(names: &mut Vec<u8>, entry: &DirEntry) -> io::Result<Option<Entry>> {
    let Some(kind) = entry.file_type().map_or(Some(Kind::File), Kind::of) else { return Ok(None) };
    let start = names.len();
    names.extend(entry.file_name().as_encoded_bytes());
    if kind == Kind::Folder {
        names.push(b'/');
    }
    let placed = (u32::try_from(start), u16::try_from(names.len() - start));
    let (Ok(start), Ok(len)) = placed else {
        return Err(io::Error::other("the names in it take more than 4 GiB"));
    };
    Ok(Some(Entry { start, len, kind }))
}
