//! Owns one line of waiters: who came first, who was given the right to go on, and their wakers. Never wakes anybody,
//! and never knows what the right is for.

use std::mem;
use std::task::Waker;

/// A place in a [`Line`]. Only its owner frees the place, so a ticket is good until it is handed back to
/// [`Line::leave`].
#[derive(Debug)]
pub(super) struct Ticket(Index);

/// Waiters in order of arrival. Enter, leave and grant are O(1); the places are reused, and given back to the
/// allocator once nobody is left.
///
/// What an operation looks at when nobody waits comes first, and together.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Line {
    /// The waiter that came first, or `NONE`.
    first: Index,
    /// Rights given to waiters that have not used them yet.
    granted: Index,
    /// The waiter that came last, or `NONE`.
    last: Index,
    /// The first place not in use, or `NONE`.
    free: Index,
    /// Places in use: waiting, granted or released.
    occupied: Index,
    places: Vec<Place>,
}

#[derive(Debug)]
struct Place {
    phase: Phase,
    /// Neighbour that came earlier, while waiting.
    previous: Index,
    /// Neighbour that came later, while waiting; the next free place, while free.
    next: Index,
}

#[derive(Debug)]
enum Phase {
    Free,
    /// In line.
    Waiting(Waker),
    /// Out of the line with one right in hand; woken.
    Granted,
    /// Out of the line with nothing, to see for itself that the wait is over; woken.
    Released,
}

/// What a waiter had when it left.
#[derive(Debug)]
pub(super) enum Left {
    /// Nothing yet. The waker is handed out because dropping it is foreign code.
    Waiting(Waker),
    /// A right, which its owner must use or pass on.
    Granted,
    Released,
}

impl Line {
    pub(super) const fn new() -> Self {
        Self { first: NONE, granted: 0, last: NONE, free: NONE, occupied: 0, places: Vec::new() }
    }

    /// Goes to the end of the line.
    pub(super) fn enter(&mut self, waker: Waker) -> Ticket {
        let place = Place { phase: Phase::Waiting(waker), previous: self.last, next: NONE };
        let index = if self.free == NONE {
            let index = Index::try_from(self.places.len()).expect("fewer waiters than places can be counted");
            self.places.push(place);
            index
        } else {
            let index = self.free;
            self.free = self.place(index).next;
            *self.place_mut(index) = place;
            index
        };
        match self.last {
            NONE => self.first = index,
            last => self.place_mut(last).next = index,
        }
        self.last = index;
        self.occupied += 1;
        Ticket(index)
    }

    /// Gives the right to go on to who came first, whom the caller wakes. `None` when nobody waits.
    #[inline]
    pub(super) fn grant(&mut self) -> Option<Waker> {
        if self.first == NONE {
            return None;
        }
        let waker = self.call(Phase::Granted)?;
        self.granted += 1;
        Some(waker)
    }

    /// Tells who came first that the wait is over; the caller wakes it. `None` when nobody waits.
    pub(super) fn release(&mut self) -> Option<Waker> {
        self.call(Phase::Released)
    }

    /// Frees a place, wherever in the line it is.
    pub(super) fn leave(&mut self, Ticket(index): Ticket) -> Left {
        let phase = mem::replace(&mut self.place_mut(index).phase, Phase::Free);
        let left = match phase {
            Phase::Waiting(waker) => {
                self.unlink(index);
                Left::Waiting(waker)
            }
            Phase::Granted => {
                self.granted -= 1;
                Left::Granted
            }
            Phase::Released | Phase::Free => Left::Released,
        };
        self.place_mut(index).next = self.free;
        self.free = index;
        self.occupied -= 1;
        if self.occupied == 0 && self.places.capacity() > PLACES_KEPT {
            self.places = Vec::new();
            self.free = NONE;
        }
        left
    }

    /// Takes the waker of the latest poll for a waiter, and gives back the one it replaces.
    pub(super) fn replace_waker(&mut self, ticket: &Ticket, waker: Waker) -> Waker {
        match &mut self.place_mut(ticket.0).phase {
            Phase::Waiting(old) => mem::replace(old, waker),
            Phase::Granted | Phase::Released | Phase::Free => waker,
        }
    }

    /// Whether the waiter is registered with a waker that does what `waker` does.
    pub(super) fn would_wake(&self, ticket: &Ticket, waker: &Waker) -> bool {
        matches!(&self.place(ticket.0).phase, Phase::Waiting(own) if own.will_wake(waker))
    }

    pub(super) fn is_granted(&self, ticket: &Ticket) -> bool {
        matches!(self.place(ticket.0).phase, Phase::Granted)
    }

    pub(super) fn is_released(&self, ticket: &Ticket) -> bool {
        matches!(self.place(ticket.0).phase, Phase::Released)
    }

    /// Rights given and not used yet.
    #[inline]
    pub(super) const fn granted(&self) -> usize {
        self.granted as usize
    }

    fn place(&self, index: Index) -> &Place {
        &self.places[index as usize]
    }

    fn place_mut(&mut self, index: Index) -> &mut Place {
        &mut self.places[index as usize]
    }

    fn call(&mut self, phase: Phase) -> Option<Waker> {
        if self.first == NONE {
            return None;
        }
        let index = self.first;
        self.unlink(index);
        match mem::replace(&mut self.place_mut(index).phase, phase) {
            Phase::Waiting(waker) => Some(waker),
            Phase::Granted | Phase::Released | Phase::Free => None,
        }
    }

    fn unlink(&mut self, index: Index) {
        let &Place { previous, next, .. } = self.place(index);
        match previous {
            NONE => self.first = next,
            previous => self.place_mut(previous).next = next,
        }
        match next {
            NONE => self.last = previous,
            next => self.place_mut(next).previous = previous,
        }
    }
}

/// Where a place is, and how many there are: four thousand million waiters need more memory than there is.
type Index = u32;

/// No place.
const NONE: Index = Index::MAX;

/// Places that an empty line keeps for the next waiters.
const PLACES_KEPT: usize = 32;

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
