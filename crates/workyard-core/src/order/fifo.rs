//! Owns "the one that waited longest goes first".

use super::{Line, Linked};

#[derive(Debug)]
pub(super) struct Fifo(Line);

impl Fifo {
    pub(super) const fn new() -> Self {
        Self(Line::new())
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub(super) fn push(&mut self, links: &mut impl Linked, slot: u32) {
        self.0.push(links, slot);
    }

    #[inline]
    pub(super) fn pop(&mut self, links: &mut impl Linked) -> Option<u32> {
        self.0.pop_first(links)
    }

    pub(super) fn remove(&mut self, links: &mut impl Linked, slot: u32) {
        self.0.remove(links, slot);
    }
}
