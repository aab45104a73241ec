//! Owns the table of a lane's live tasks: small records under dense, reused numbers. Never decides about them.

use crate::order::{Dated, Link, Linked};
use crate::{Moment, Priority, TaskState};

/// What the lane's policy knows of one task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) state: TaskState,
    pub(crate) priority: Priority,
    pub(crate) accepted_at: Moment,
    pub(crate) started_at: Moment,
    /// Slots that a runner has beside the one of its seat.
    pub(crate) more_slots: u32,
    pub(crate) seat: Seat,
    pub(crate) holds: Holds,
}

impl Record {
    /// Whether it stands for a task, and not for a runner.
    pub(crate) const fn is_task(&self) -> bool {
        matches!(self.holds, Holds::OneTask | Holds::TaskAgain)
    }

    /// How many items a runner can run at once, while it runs.
    pub(crate) const fn at_once(&self) -> usize {
        match self.holds {
            Holds::OneTask | Holds::TaskAgain | Holds::OverrunningItem => 0,
            Holds::Items => 1 + self.more_slots as usize,
        }
    }
}

/// What a record stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Holds {
    /// A task, which the ledger counts.
    OneTask,
    /// As `OneTask`; it ran before, and is tried again.
    TaskAgain,
    /// A runner, which works through items: those are counted, it is not.
    Items,
    /// As `Items`; its item was answered, and runs on.
    OverrunningItem,
}

/// What a started body has of the lane's `limit`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Seat {
    /// Not started, or its slot is lent out while it waits for another task.
    None,
    /// A slot.
    Held,
    /// It lent its slot, wants one back, and stands in line for it.
    Awaited,
}

/// Live tasks by slot number. A number is reused after [`remove`](Self::remove), so the table is as long as the most
/// tasks that were ever live at once.
///
/// All that is known of a task stands in one entry, and is kept small: it goes from the CPU that submits to the one that runs the body,
/// and back, and there may be millions.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    entries: Vec<Entry<T>>,
    /// The number that became free last; each that is free names the one before.
    free: Option<u32>,
}

#[derive(Debug)]
struct Entry<T> {
    record: Option<Record>,
    link: Link,
    kept: Option<T>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), free: None }
    }
}

impl<T> Slots<T> {
    /// `None` if all numbers are taken, which the bounds on `limit` and `queue` rule out.
    #[inline]
    pub(crate) fn insert(&mut self, record: Record) -> Option<u32> {
        if let Some(slot) = self.free {
            let entry = self.entries.get_mut(slot as usize)?;
            self.free = entry.link.after();
            entry.record = Some(record);
            return Some(slot);
        }
        let slot = u32::try_from(self.entries.len()).ok().filter(|&slot| slot < u32::MAX)?;
        self.entries.push(Entry { record: Some(record), link: Link::NOWHERE, kept: None });
        Some(slot)
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<&Record> {
        self.entries.get(slot as usize)?.record.as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut Record> {
        self.entries.get_mut(slot as usize)?.record.as_mut()
    }

    #[inline]
    pub(crate) fn remove(&mut self, slot: u32) -> Option<Record> {
        let entry = self.entries.get_mut(slot as usize)?;
        let record = entry.record.take()?;
        entry.link = Link::to(self.free.replace(slot));
        Some(record)
    }

    /// Keeps a value under this number, whether a task is there or not.
    #[inline]
    pub(crate) fn keep(&mut self, slot: u32, value: T) {
        if let Some(entry) = self.entries.get_mut(slot as usize) {
            entry.kept = Some(value);
        }
    }

    #[inline]
    pub(crate) fn kept(&self, slot: u32) -> Option<&T> {
        self.entries.get(slot as usize)?.kept.as_ref()
    }

    pub(crate) fn all_kept(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().filter_map(|entry| entry.kept.as_ref())
    }

    #[inline]
    pub(crate) fn let_go(&mut self, slot: u32) -> Option<T> {
        self.entries.get_mut(slot as usize)?.kept.take()
    }
}

impl<T> Linked for Slots<T> {
    #[expect(clippy::indexing_slicing, reason = "lists are made of numbers that were given out")]
    #[inline]
    fn link(&mut self, slot: u32) -> &mut Link {
        &mut self.entries[slot as usize].link
    }
}

impl<T> Dated for Slots<T> {
    fn waits_since(&self, slot: u32) -> Moment {
        self.get(slot).map_or_else(Moment::default, |task| task.accepted_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_small() {
        assert_eq!(size_of::<Entry<std::sync::Arc<dyn Send>>>(), 48);
    }
}
