//! Owns the doubly linked lists that all disciplines are made of. Never decides which end is served.
//!
//! The links stand in a table, beside what else is known of the same number: a number takes part in at most one list at a
//! time, and joining or leaving allocates nothing.

use crate::Moment;

/// The end of a list.
const NONE: u32 = u32::MAX;

/// Between whom a number stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// Of the first, it says nothing.
    before: u32,
    after: u32,
}

/// A table that has a link for each number.
pub(crate) trait Linked {
    fn link(&mut self, number: u32) -> &mut Link;
}

/// A table that also knows since when a number waits.
pub(crate) trait Dated: Linked {
    fn waits_since(&self, number: u32) -> Moment;
}

/// A table of links alone, which grows as numbers come.
#[derive(Debug, Default)]
pub(crate) struct Links {
    links: Vec<Link>,
}

/// One list: its ends and its length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    first: u32,
    last: u32,
    len: usize,
}

impl Line {
    pub(crate) const fn new() -> Self {
        Self { first: NONE, last: NONE, len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn first(&self) -> Option<u32> {
        (self.first != NONE).then_some(self.first)
    }

    pub(crate) fn last(&self) -> Option<u32> {
        (self.last != NONE).then_some(self.last)
    }

    /// Puts `slot`, which is in no list, behind the last.
    pub(crate) fn push(&mut self, links: &mut impl Linked, slot: u32) {
        *links.link(slot) = Link { before: self.last, after: NONE };
        match self.last {
            NONE => self.first = slot,
            last => links.link(last).after = slot,
        }
        self.last = slot;
        self.len += 1;
    }

    /// Puts `slot`, which is in no list, before the first.
    pub(crate) fn push_first(&mut self, links: &mut impl Linked, slot: u32) {
        *links.link(slot) = Link { before: NONE, after: self.first };
        match self.first {
            NONE => self.last = slot,
            first => links.link(first).before = slot,
        }
        self.first = slot;
        self.len += 1;
    }

    /// Takes `slot`, which is in this list, out of it.
    pub(crate) fn remove(&mut self, links: &mut impl Linked, slot: u32) {
        if slot == self.first {
            self.pop_first(links);
            return;
        }
        let Link { before, after } = *links.link(slot);
        links.link(before).after = after;
        match after {
            NONE => self.last = before,
            after => links.link(after).before = before,
        }
        self.len -= 1;
    }

    /// Takes the first out. Whoever follows is not looked at: what stands before the first is never asked for.
    #[inline]
    pub(crate) fn pop_first(&mut self, links: &mut impl Linked) -> Option<u32> {
        let slot = self.first()?;
        self.first = links.link(slot).after;
        if self.first == NONE {
            self.last = NONE;
        }
        self.len -= 1;
        Some(slot)
    }
}

impl Link {
    /// In no list.
    pub(crate) const NOWHERE: Self = Self { before: NONE, after: NONE };

    /// In no list, where it serves as a link of another kind: see [`Slots`](crate::slots::Slots).
    pub(crate) const fn to(after: Option<u32>) -> Self {
        Self {
            before: NONE,
            after: match after {
                Some(after) => after,
                None => NONE,
            },
        }
    }

    pub(crate) fn after(self) -> Option<u32> {
        (self.after != NONE).then_some(self.after)
    }
}

impl Links {
    pub(crate) const fn new() -> Self {
        Self { links: Vec::new() }
    }
}

impl Linked for Links {
    #[expect(clippy::indexing_slicing, reason = "it was just made long enough")]
    fn link(&mut self, number: u32) -> &mut Link {
        let at = number as usize;
        if self.links.len() <= at {
            self.links.resize(at + 1, Link::NOWHERE);
        }
        &mut self.links[at]
    }
}
