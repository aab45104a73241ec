//! Owns "the one that came last goes first". What came first may starve; who asks for it wants that.

use super::{Line, Linked};

#[derive(Debug)]
pub(super) struct Lifo(Line);

impl Lifo {
    pub(super) const fn new() -> Self {
        Self(Line::new())
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn push(&mut self, links: &mut impl Linked, slot: u32) {
        self.0.push(links, slot);
    }

    pub(super) fn push_behind(&mut self, links: &mut impl Linked, slot: u32) {
        self.0.push_first(links, slot);
    }

    pub(super) fn pop(&mut self, links: &mut impl Linked) -> Option<u32> {
        let slot = self.0.last()?;
        self.0.remove(links, slot);
        Some(slot)
    }

    pub(super) fn remove(&mut self, links: &mut impl Linked, slot: u32) {
        self.0.remove(links, slot);
    }
}
