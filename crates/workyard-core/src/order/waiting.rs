//! Owns the tasks that wait for a slot, in the discipline that the lane was built with.

use super::fifo::Fifo;
use super::lifo::Lifo;
use super::links::{Dated, Linked};
use super::priority::ByPriority;
use crate::{Ageing, Order, Priority};

/// The waiting tasks of one lane.
#[derive(Debug)]
pub(crate) struct Waiting {
    discipline: Discipline,
}

#[derive(Debug)]
enum Discipline {
    Fifo(Fifo),
    Lifo(Lifo),
    /// Apart: it is some cache lines long, and rare.
    Priority(Box<ByPriority>),
}

impl Waiting {
    pub(crate) fn new(order: Order, ageing: Ageing) -> Self {
        let discipline = match order {
            Order::Fifo => Discipline::Fifo(Fifo::new()),
            Order::Lifo => Discipline::Lifo(Lifo::new()),
            Order::Priority => Discipline::Priority(Box::new(ByPriority::new(ageing))),
        };
        Self { discipline }
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        match &self.discipline {
            Discipline::Fifo(fifo) => fifo.len(),
            Discipline::Lifo(lifo) => lifo.len(),
            Discipline::Priority(levels) => levels.len(),
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, links: &mut impl Linked, slot: u32, priority: Priority) {
        match &mut self.discipline {
            Discipline::Fifo(fifo) => fifo.push(links, slot),
            Discipline::Lifo(lifo) => lifo.push(links, slot),
            Discipline::Priority(levels) => levels.push(links, slot, priority),
        }
    }

    /// As [`push`](Self::push), behind all others of its priority, also where the last that comes is the next.
    pub(crate) fn push_behind(&mut self, links: &mut impl Linked, slot: u32, priority: Priority) {
        match &mut self.discipline {
            Discipline::Fifo(fifo) => fifo.push(links, slot),
            Discipline::Lifo(lifo) => lifo.push_behind(links, slot),
            Discipline::Priority(levels) => levels.push(links, slot, priority),
        }
    }

    /// Takes out the one that is next.
    #[inline]
    pub(crate) fn pop(&mut self, links: &mut impl Dated) -> Option<u32> {
        match &mut self.discipline {
            Discipline::Fifo(fifo) => fifo.pop(links),
            Discipline::Lifo(lifo) => lifo.pop(links),
            Discipline::Priority(levels) => levels.pop(links),
        }
    }

    /// Takes out `slot`, which waits here, whatever its place.
    pub(crate) fn remove(&mut self, links: &mut impl Linked, slot: u32, priority: Priority) {
        match &mut self.discipline {
            Discipline::Fifo(fifo) => fifo.remove(links, slot),
            Discipline::Lifo(lifo) => lifo.remove(links, slot),
            Discipline::Priority(levels) => levels.remove(links, slot, priority),
        }
    }
}
