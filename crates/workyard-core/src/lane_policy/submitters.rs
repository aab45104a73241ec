//! Owns the line of submitters that wait for room, and who of them was promised some. Never knows how much room there is.

use super::policy::Ticket;
use crate::order::{Line, Links};

/// Submitters that wait for room, first come first served.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Submitters {
    pub(super) line: Line,
    pub(super) promises: usize,
    links: Links,
    /// By ticket. `None` is a free number.
    places: Vec<Option<Place>>,
    free: Vec<u32>,
    pub(super) aside: usize,
}

/// Where a submitter stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    InLine,
    /// It is to come and take its room.
    Promised,
    /// It was promised room that it cannot take yet. Room goes to others until it comes.
    Aside,
}

impl Submitters {
    pub(super) const fn new() -> Self {
        Self { links: Links::new(), line: Line::new(), places: Vec::new(), free: Vec::new(), promises: 0, aside: 0 }
    }

    pub(super) fn line_up(&mut self) -> Ticket {
        let ticket = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX - 1)
        });
        if let Some(place) = self.places.get_mut(ticket as usize) {
            *place = Some(Place::InLine);
        }
        self.line.push(&mut self.links, ticket);
        Ticket(ticket)
    }

    pub(super) fn is_promised(&self, ticket: Ticket) -> bool {
        self.place(ticket) == Some(Place::Promised)
    }

    pub(super) fn promise_first(&mut self) -> Option<Ticket> {
        let first = self.line.pop_first(&mut self.links)?;
        *self.places.get_mut(first as usize)? = Some(Place::Promised);
        self.promises += 1;
        Some(Ticket(first))
    }

    fn place(&self, ticket: Ticket) -> Option<Place> {
        self.places.get(ticket.0 as usize).copied().flatten()
    }

    pub(super) fn step_aside(&mut self, ticket: Ticket) -> bool {
        let Some(Some(place @ Place::Promised)) = self.places.get_mut(ticket.0 as usize) else { return false };
        *place = Place::Aside;
        self.promises -= 1;
        self.aside += 1;
        true
    }

    /// Puts a submitter that stepped aside before all others. `false` if it did not.
    pub(super) fn come_back(&mut self, ticket: Ticket) -> bool {
        if self.place(ticket) != Some(Place::Aside) {
            return false;
        }
        if let Some(place) = self.places.get_mut(ticket.0 as usize) {
            *place = Some(Place::InLine);
        }
        self.aside -= 1;
        self.line.push_first(&mut self.links, ticket.0);
        true
    }

    pub(super) fn leave(&mut self, ticket: Ticket) {
        let Some(place) = self.places.get_mut(ticket.0 as usize) else { return };
        match place.take() {
            Some(Place::Promised) => self.promises -= 1,
            Some(Place::InLine) => self.line.remove(&mut self.links, ticket.0),
            Some(Place::Aside) => self.aside -= 1,
            None => return,
        }
        self.free.push(ticket.0);
    }
}
