//! Owns the tasks that wait for a slot, in the discipline that the lane was built with.

use super::fifo::Fifo;
use super::lifo::Lifo;
use super::links::Links;
use super::priority::ByPriority;
use crate::{Ageing, Moment, Order, Priority};

/// The waiting tasks of one lane.
#[derive(Debug)]
pub(crate) struct Waiting {
    links: Links,
    discipline: Discipline,
}

#[derive(Debug)]
enum Discipline {
    Fifo(Fifo),
    Lifo(Lifo),
    Priority(ByPriority),
}

impl Waiting {
    pub(crate) fn new(order: Order, ageing: Ageing) -> Self {
        let discipline = match order {
            Order::Fifo => Discipline::Fifo(Fifo::new()),
            Order::Lifo => Discipline::Lifo(Lifo::new()),
            Order::Priority => Discipline::Priority(ByPriority::new(ageing)),
        };
        Self { links: Links::default(), discipline }
    }

    pub(crate) const fn len(&self) -> usize {
        match &self.discipline {
            Discipline::Fifo(fifo) => fifo.len(),
            Discipline::Lifo(lifo) => lifo.len(),
            Discipline::Priority(levels) => levels.len(),
        }
    }

    pub(crate) fn push(&mut self, slot: u32, priority: Priority) {
        match &mut self.discipline {
            Discipline::Fifo(fifo) => fifo.push(&mut self.links, slot),
            Discipline::Lifo(lifo) => lifo.push(&mut self.links, slot),
            Discipline::Priority(levels) => levels.push(&mut self.links, slot, priority),
        }
    }

    /// As [`push`](Self::push), behind all others of its priority, also where the last that comes is the next.
    pub(crate) fn push_behind(&mut self, slot: u32, priority: Priority) {
        match &mut self.discipline {
            Discipline::Fifo(fifo) => fifo.push(&mut self.links, slot),
            Discipline::Lifo(lifo) => lifo.push_behind(&mut self.links, slot),
            Discipline::Priority(levels) => levels.push(&mut self.links, slot, priority),
        }
    }

    /// Takes out the one that is next. `submitted_at` tells when the task in a slot was accepted.
    pub(crate) fn pop(&mut self, submitted_at: impl Fn(u32) -> Moment) -> Option<u32> {
        match &mut self.discipline {
            Discipline::Fifo(fifo) => fifo.pop(&mut self.links),
            Discipline::Lifo(lifo) => lifo.pop(&mut self.links),
            Discipline::Priority(levels) => levels.pop(&mut self.links, submitted_at),
        }
    }

    /// Takes out `slot`, which waits here, whatever its place.
    pub(crate) fn remove(&mut self, slot: u32, priority: Priority) {
        match &mut self.discipline {
            Discipline::Fifo(fifo) => fifo.remove(&mut self.links, slot),
            Discipline::Lifo(lifo) => lifo.remove(&mut self.links, slot),
            Discipline::Priority(levels) => levels.remove(&mut self.links, slot, priority),
        }
    }
}
