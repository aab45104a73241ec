//! Owns the table of a lane's live tasks: small records under dense, reused numbers. Never decides about them.

use crate::{Moment, Priority, TaskState};

/// What the lane's policy knows of one task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) state: TaskState,
    pub(crate) priority: Priority,
    pub(crate) accepted_at: Moment,
    pub(crate) started_at: Moment,
    pub(crate) seat: Seat,
    pub(crate) holds: Holds,
    /// Whether it ran before, and is tried again.
    pub(crate) again: bool,
}

/// What a record stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Holds {
    /// A task, which the ledger counts.
    OneTask,
    /// A runner, which works through items: those are counted, it is not.
    Items {
        /// Slots that it has beside the one of its seat.
        more_slots: u32,
        /// Its item was answered, and runs on.
        overruns: bool,
    },
}

impl Holds {
    /// A runner that has nothing but its seat.
    pub(crate) const RUNNER: Self = Self::Items { more_slots: 0, overruns: false };

    /// How many items it can run at once, while it runs.
    pub(crate) const fn at_once(self) -> usize {
        match self {
            Self::OneTask | Self::Items { overruns: true, .. } => 0,
            Self::Items { more_slots, overruns: false } => 1 + more_slots as usize,
        }
    }

    /// The slots beside the one of the seat.
    pub(crate) const fn more_slots(self) -> usize {
        match self {
            Self::OneTask => 0,
            Self::Items { more_slots, .. } => more_slots as usize,
        }
    }
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
#[derive(Debug, Default)]
pub(crate) struct Slots {
    records: Vec<Option<Record>>,
    free: Vec<u32>,
}

impl Slots {
    /// `None` if all numbers are taken, which the bounds on `limit` and `queue` rule out.
    pub(crate) fn insert(&mut self, record: Record) -> Option<u32> {
        if let Some(slot) = self.free.pop() {
            *self.records.get_mut(slot as usize)? = Some(record);
            return Some(slot);
        }
        let slot = u32::try_from(self.records.len()).ok().filter(|&slot| slot < u32::MAX)?;
        self.records.push(Some(record));
        Some(slot)
    }

    pub(crate) fn get(&self, slot: u32) -> Option<&Record> {
        self.records.get(slot as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut Record> {
        self.records.get_mut(slot as usize)?.as_mut()
    }

    pub(crate) fn remove(&mut self, slot: u32) -> Option<Record> {
        let record = self.records.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        Some(record)
    }
}
