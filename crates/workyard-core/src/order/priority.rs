//! Owns "the most urgent goes first, and waiting makes urgent": a line a level, the smallest [`Ageing`] rank of the heads wins.
//!
//! Because urgency grows linearly, the order of two tasks never changes while both wait (see [`Ageing`]); within a level
//! it is the order of submission, so only the heads need comparing: O(levels), which is a constant.

use std::time::Duration;

use super::{Dated, Line, Linked};
use crate::{Ageing, Priority};

#[derive(Debug)]
pub(super) struct ByPriority {
    ageing: Ageing,
    /// From the least to the most urgent level.
    levels: [Line; Priority::LEVELS],
    len: usize,
}

impl ByPriority {
    pub(super) const fn new(ageing: Ageing) -> Self {
        Self { ageing, levels: [Line::new(); Priority::LEVELS], len: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, links: &mut impl Linked, slot: u32, priority: Priority) {
        self.line(priority).push(links, slot);
        self.len += 1;
    }

    pub(super) fn pop(&mut self, links: &mut impl Dated) -> Option<u32> {
        let mut best: Option<(Duration, Priority, u32)> = None;
        for (line, priority) in self.levels.iter().zip(Priority::ALL).rev() {
            let Some(slot) = line.first() else { continue };
            let rank = self.ageing.rank(priority, links.waits_since(slot).since_start());
            // Of equal ranks the higher level stays.
            if best.is_none_or(|(smallest, ..)| rank < smallest) {
                best = Some((rank, priority, slot));
            }
        }
        let (_, priority, slot) = best?;
        self.remove(links, slot, priority);
        Some(slot)
    }

    pub(super) fn remove(&mut self, links: &mut impl Linked, slot: u32, priority: Priority) {
        self.line(priority).remove(links, slot);
        self.len -= 1;
    }

    #[expect(clippy::indexing_slicing, reason = "a level is always below LEVELS")]
    fn line(&mut self, priority: Priority) -> &mut Line {
        &mut self.levels[priority.level()]
    }
}
