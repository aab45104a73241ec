//! Owns the doubly linked lists that all disciplines are made of. Never decides which end is served.
//!
//! The links of all lists of a lane stand in one table, indexed by the slot of the task: an index takes part in at most
//! one list at a time, and joining or leaving allocates only when the table grows.

/// The end of a list.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Link {
    before: u32,
    after: u32,
}

/// The table of links.
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
    pub(crate) fn push(&mut self, links: &mut Links, slot: u32) {
        links.hold(slot);
        *links.at(slot) = Link { before: self.last, after: NONE };
        match self.last {
            NONE => self.first = slot,
            last => links.at(last).after = slot,
        }
        self.last = slot;
        self.len += 1;
    }

    /// Puts `slot`, which is in no list, before the first.
    pub(crate) fn push_first(&mut self, links: &mut Links, slot: u32) {
        links.hold(slot);
        *links.at(slot) = Link { before: NONE, after: self.first };
        match self.first {
            NONE => self.last = slot,
            first => links.at(first).before = slot,
        }
        self.first = slot;
        self.len += 1;
    }

    /// Takes `slot`, which is in this list, out of it.
    pub(crate) fn remove(&mut self, links: &mut Links, slot: u32) {
        let Link { before, after } = *links.at(slot);
        match before {
            NONE => self.first = after,
            before => links.at(before).after = after,
        }
        match after {
            NONE => self.last = before,
            after => links.at(after).before = before,
        }
        self.len -= 1;
    }

    pub(crate) fn pop_first(&mut self, links: &mut Links) -> Option<u32> {
        let slot = self.first()?;
        self.remove(links, slot);
        Some(slot)
    }
}

impl Links {
    pub(crate) const fn new() -> Self {
        Self { links: Vec::new() }
    }

    fn hold(&mut self, slot: u32) {
        let needed = slot as usize + 1;
        if self.links.len() < needed {
            self.links.resize(needed, Link { before: NONE, after: NONE });
        }
    }

    #[expect(clippy::indexing_slicing, reason = "push made room for every slot that a list holds")]
    fn at(&mut self, slot: u32) -> &mut Link {
        &mut self.links[slot as usize]
    }
}
