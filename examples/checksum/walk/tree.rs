//! Owns the walk below one PATH: where it is, and what comes next. Never goes into a folder by itself: who walks says when.

use std::fs::metadata;
use std::io;

use super::folder::Folder;
use super::kind::Kind;
use crate::path::path;

/// The folders on the way from a PATH to where the walk is, each with the names that are still to come.
#[derive(Debug, Default)]
pub(super) struct Tree {
    way: Vec<Folder>,
}

impl Tree {
    /// What is at the PATH itself, behind a link as well.
    pub(super) fn look(at: &[u8]) -> io::Result<Kind> {
        metadata(path(at)).map(|found| Kind::of(found.file_type()).unwrap_or(Kind::Other))
    }

    /// Goes into a folder: what is in it comes next. The error is about the folder, of which a part may be known nevertheless.
    pub(super) fn go_into(&mut self, mut at: Vec<u8>) -> Option<io::Error> {
        if !at.ends_with(b"/") {
            at.push(b'/');
        }
        let (folder, error) = Folder::list(at);
        self.way.push(folder);
        error
    }
}

impl Iterator for Tree {
    /// As that of [`Folder`]; each is after the one before it, by their bytes.
    type Item = (Vec<u8>, Kind);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = self.way.last_mut()?.next();
            if next.is_some() {
                return next;
            }
            self.way.pop();
        }
    }
}
