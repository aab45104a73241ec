//! Owns the order over all PATHs: of what comes next below each, the first by its bytes. Never reads a file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;

use super::kind::Kind;
use super::tree::Tree;
use crate::entry::{Entry, Fate};

/// All that is found at and below some PATHs, in the order of the bytes of the paths. What is kept is the names in the folders that are
/// open, and for each PATH one path more.
pub(crate) struct Merged {
    trees: Vec<Tree>,
    next: BinaryHeap<Reverse<Next>>,
}

/// What comes next below one PATH. Its path is never after what is to come below that PATH, so the first of all can go out.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Next {
    path: Vec<u8>,
    tree: usize,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// The PATH itself, at which nobody has looked.
    Root,
    Below(Kind),
}

impl Merged {
    /// Below these PATHs, which are not looked at before their turn.
    pub(crate) fn of(roots: Vec<PathBuf>) -> Self {
        let paths = roots.into_iter().map(|root| root.into_os_string().into_encoded_bytes());
        let next: BinaryHeap<_> =
            paths.enumerate().map(|(tree, path)| Reverse(Next { path, tree, what: What::Root })).collect();
        Self { trees: next.iter().map(|_| Tree::default()).collect(), next }
    }

    /// Takes what comes next below one PATH: an entry, unless it is a folder that can be listed.
    fn take(&mut self, Next { path, tree, what }: Next) -> Option<Entry> {
        let kind = match what {
            What::Below(kind) => Ok(kind),
            What::Root => Tree::look(&path),
        };
        match kind {
            Ok(Kind::File) => Some(Entry { path, fate: Fate::Unread }),
            Ok(Kind::Folder) => {
                let error = self.trees[tree].go_into(path.clone())?;
                // `find` names a folder without the slash, unless it was given with one.
                let path = path.strip_suffix(b"/").filter(|_| what != What::Root).map_or(path.clone(), <[u8]>::to_vec);
                Some(Entry { path, fate: Fate::failed(&error) })
            }
            Ok(special) => Some(Entry { path, fate: Fate::Skipped(special.why_skipped()) }),
            Err(error) => Some(Entry { path, fate: Fate::failed(&error) }),
        }
    }
}

impl Iterator for Merged {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        loop {
            let Reverse(next) = self.next.pop()?;
            let tree = next.tree;
            let entry = self.take(next);
            let after = self.trees[tree].next();
            self.next.extend(after.map(|(path, kind)| Reverse(Next { path, tree, what: What::Below(kind) })));
            if entry.is_some() {
                return entry;
            }
        }
    }
}
