//! Owns which submitters that wait inside of bodies were promised room. Never gives room, nor takes it back.

use std::collections::BTreeMap;

use workyard_core::Ticket;

/// By lane and number in its line, what submitters were promised. `L` is what leads to a lane.
///
/// Who is told of a promise, and of its end, is told after the lane's lock, and so in any order: by then another may have the number.
pub(super) struct Promises<L> {
    known: BTreeMap<(usize, u32), Promise<L>>,
}

struct Promise<L> {
    /// In whose body the submitter waits.
    task: u64,
    lane: L,
    ticket: Ticket,
}

impl<L> Default for Promises<L> {
    fn default() -> Self {
        Self { known: BTreeMap::new() }
    }
}

impl<L> Promises<L> {
    /// A submitter in the body of `task` was promised room in the lane with this number.
    pub(super) fn add(&mut self, task: u64, number: usize, lane: L, ticket: Ticket) {
        let key = (number, ticket.number);
        if self.known.get(&key).is_none_or(|known| is_later(ticket, known.ticket)) {
            self.known.insert(key, Promise { task, lane, ticket });
        }
    }

    /// A submitter took its room, or left.
    pub(super) fn end(&mut self, number: usize, ticket: Ticket) {
        let key = (number, ticket.number);
        if self.known.get(&key).is_some_and(|known| !is_later(known.ticket, ticket)) {
            self.known.remove(&key);
        }
    }

    /// Takes what was promised to submitters in the body of a task.
    pub(super) fn take(&mut self, task: u64) -> Vec<(L, Ticket)> {
        let taken = self.known.extract_if(.., |_, promise| promise.task == task);
        taken.map(|(_, Promise { lane, ticket, .. })| (lane, ticket)).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }
}

/// Of two tickets with the same number. Turns go on at zero after the last one.
const fn is_later(ticket: Ticket, than: Ticket) -> bool {
    ticket.turn != than.turn && ticket.turn.wrapping_sub(than.turn) <= u32::MAX / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANE: usize = 3;

    fn ticket(turn: u32) -> Ticket {
        Ticket { number: 0, turn }
    }

    #[test]
    fn an_end_that_is_told_late_is_not_that_of_the_next_who_has_the_number() {
        for turn in [1, u32::MAX] {
            let mut promises = Promises::default();
            let next = ticket(turn.wrapping_add(1));
            promises.add(1, LANE, (), ticket(turn));
            promises.add(2, LANE, (), next);
            promises.end(LANE, ticket(turn));
            assert_eq!(promises.take(2), [((), next)], "it may have to step aside");
            assert_eq!(promises.len(), 0);
        }
    }

    #[test]
    fn a_promise_that_is_told_late_does_not_hide_that_of_the_next_who_has_the_number() {
        let mut promises = Promises::default();
        promises.end(LANE, ticket(1));
        promises.add(2, LANE, (), ticket(2));
        promises.add(1, LANE, (), ticket(1));
        assert_eq!((promises.take(1), promises.take(2)), (vec![], vec![((), ticket(2))]));
    }

    #[test]
    fn a_promise_is_known_until_its_end_and_by_lane_and_number() {
        let mut promises = Promises::default();
        promises.add(1, LANE, (), ticket(1));
        promises.end(LANE + 1, ticket(1));
        promises.end(LANE, Ticket { number: 1, turn: 1 });
        assert_eq!(promises.len(), 1);
        promises.end(LANE, ticket(2));
        assert_eq!(promises.len(), 0, "what is over before it is over now as well");
    }
}
