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
    /// By number.
    places: Vec<Numbered>,
    free: Vec<u32>,
    pub(super) aside: usize,
}

/// Who has a number.
#[derive(Clone, Copy, Debug)]
struct Numbered {
    turn: u32,
    /// `None` while the number is free.
    place: Option<Place>,
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
        let number = self.free.pop().unwrap_or_else(|| {
            self.places.push(Numbered { turn: 0, place: None });
            u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX - 1)
        });
        self.line.push(&mut self.links, number);
        let turn = self.places.get_mut(number as usize).map_or(0, |numbered| {
            *numbered = Numbered { turn: numbered.turn.wrapping_add(1), place: Some(Place::InLine) };
            numbered.turn
        });
        Ticket { number, turn }
    }

    pub(super) fn is_promised(&self, ticket: Ticket) -> bool {
        self.place(ticket) == Some(Place::Promised)
    }

    #[inline]
    pub(super) fn promise_first(&mut self) -> Option<Ticket> {
        let number = self.line.pop_first(&mut self.links)?;
        let numbered = self.places.get_mut(number as usize)?;
        numbered.place = Some(Place::Promised);
        self.promises += 1;
        Some(Ticket { number, turn: numbered.turn })
    }

    fn place(&self, ticket: Ticket) -> Option<Place> {
        self.places.get(ticket.number as usize).filter(|numbered| numbered.turn == ticket.turn)?.place
    }

    /// Where its place is kept; `None` if it has left.
    fn kept(&mut self, ticket: Ticket) -> Option<&mut Option<Place>> {
        let numbered = self.places.get_mut(ticket.number as usize).filter(|numbered| numbered.turn == ticket.turn)?;
        numbered.place.is_some().then_some(&mut numbered.place)
    }

    pub(super) fn step_aside(&mut self, ticket: Ticket) -> bool {
        let Some(Some(place @ Place::Promised)) = self.kept(ticket) else { return false };
        *place = Place::Aside;
        self.promises -= 1;
        self.aside += 1;
        true
    }

    /// Puts a submitter that stepped aside before all others. `false` if it did not.
    pub(super) fn come_back(&mut self, ticket: Ticket) -> bool {
        let Some(Some(place @ Place::Aside)) = self.kept(ticket) else { return false };
        *place = Place::InLine;
        self.aside -= 1;
        self.line.push_first(&mut self.links, ticket.number);
        true
    }

    pub(super) fn leave(&mut self, ticket: Ticket) {
        match self.kept(ticket).and_then(Option::take) {
            Some(Place::Promised) => self.promises -= 1,
            Some(Place::InLine) => self.line.remove(&mut self.links, ticket.number),
            Some(Place::Aside) => self.aside -= 1,
            None => return,
        }
        self.free.push(ticket.number);
    }
}
