//! Owns which futures share a waker while they wait for the first time, and whether that pays. Never polls one.
//!
//! A future that yields, or waits for what comes at once, is woken a moment after its first poll, and so are those that were started
//! with it. For each of them a waker would be cloned, a bit set, and the clone dropped: three locked instructions. So the futures of a
//! batch share one at first, that of their *round*: tokio keeps one wake-up where a waker is followed by itself, and one bit has all of
//! them polled.
//!
//! It costs where futures of a batch do not wait for the same: when one is woken, the others are polled for nothing. Each is so only
//! once, since from its second poll on it has a waker of its own. And if most of those that were polled for their round wait on, then no
//! rounds are made for a while, which is longer each time.

use std::task::Waker;

use crate::map::inbox::Inbox;

/// Fewer futures than these are better off with wakers of their own.
const LEAST: usize = 8;

/// For how many batches there are no rounds, after some that did not pay: at first, and at most.
const PAUSES: (u32, u32) = (16, 1_024);

/// By how many the futures that did not end when they were polled for their round may be more than those that did: at first, and at
/// most, if more of them have before.
const CREDIT: (i32, i32) = (16, 64);

/// The rounds of one runner.
#[derive(Debug)]
pub(super) struct Rounds {
    all: Vec<Round>,
    free: Vec<u32>,
    /// How many there may be.
    most: u32,
    /// The number by which the inbox knows the first of them.
    base: u32,
    credit: i32,
    /// Batches until the next round.
    pause: u32,
    next_pause: u32,
}

/// Places that are polled together.
#[derive(Debug)]
struct Round {
    waker: Waker,
    /// Until the round is woken.
    members: Vec<u32>,
    /// How many of them were neither polled since nor cleared.
    waiting: u32,
}

impl Rounds {
    pub(super) fn new(inbox: &Inbox) -> Self {
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            all: Vec::new(),
            free: Vec::new(),
            most: number(inbox.rounds()),
            base: number(inbox.places()),
            credit: CREDIT.0,
            pause: 0,
            next_pause: PAUSES.0,
        }
    }

    /// A round for a batch of so many futures, if that pays and one is free. Its waker is made by its number.
    pub(super) fn open(&mut self, futures: usize, waker: impl FnOnce(u32) -> Waker) -> Option<u32> {
        if futures < LEAST {
            return None;
        }
        if self.pause > 0 {
            self.pause -= 1;
            return None;
        }
        if let Some(free) = self.free.pop() {
            return Some(free);
        }
        let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        (next < self.most).then(|| {
            self.all.push(Round { waker: waker(self.base + next), members: Vec::new(), waiting: 0 });
            next
        })
    }

    /// The waker of the members.
    #[inline]
    pub(super) fn waker(&self, round: u32) -> Option<&Waker> {
        self.all.get(round as usize).map(|round| &round.waker)
    }

    /// The future in this place waits with the waker of the round.
    #[inline]
    pub(super) fn join(&mut self, round: u32, place: u32) {
        if let Some(round) = self.all.get_mut(round as usize) {
            round.members.push(place);
            round.waiting += 1;
        }
    }

    /// The batch was started.
    pub(super) fn close(&mut self, round: u32) {
        if self.all.get(round as usize).is_some_and(|round| round.waiting == 0) {
            self.free.push(round);
        }
    }

    /// A member is polled once more, with a waker of its own, or cleared.
    #[inline]
    pub(super) fn leave(&mut self, round: u32) {
        let Some(kept) = self.all.get_mut(round as usize) else { return };
        kept.waiting -= 1;
        if kept.waiting == 0 {
            kept.members.clear();
            self.free.push(round);
        }
    }

    /// Whether that poll was of use.
    #[inline]
    pub(super) fn learn(&mut self, ended: bool) {
        if self.pause > 0 {
            return;
        }
        self.credit = (self.credit + if ended { 1 } else { -1 }).min(CREDIT.1);
        if self.credit < 0 {
            (self.credit, self.pause) = (CREDIT.0, self.next_pause);
            self.next_pause = (self.next_pause * 2).min(PAUSES.1);
        } else if self.credit == CREDIT.1 {
            self.next_pause = PAUSES.0;
        }
    }

    /// The places that the inbox meant by this number: one, or those of a round. Some may hold another item by now, or none.
    #[inline]
    pub(super) fn expand(&mut self, number: u32, into: &mut Vec<u32>) {
        match number.checked_sub(self.base) {
            None => into.push(number),
            Some(round) => {
                if let Some(round) = self.all.get_mut(round as usize) {
                    into.append(&mut round.members);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has so many batches of eight wait, of which each is polled for its round. How many of the batches had one.
    fn batches(rounds: &mut Rounds, inbox: &std::sync::Arc<Inbox>, batches: u32, ended: bool) -> u32 {
        let mut opened = 0;
        for _ in 0..batches {
            let Some(round) = rounds.open(LEAST, |number| inbox.waker(number)) else { continue };
            opened += 1;
            (0..8).for_each(|place| rounds.join(round, place));
            rounds.close(round);
            let mut woken = Vec::new();
            rounds.expand(64 + round, &mut woken);
            assert_eq!(woken, [0, 1, 2, 3, 4, 5, 6, 7]);
            for _ in woken {
                rounds.leave(round);
                rounds.learn(ended);
            }
        }
        opened
    }

    #[test]
    fn rounds_that_do_not_pay_become_rare_and_come_back_when_they_do() {
        let inbox = Inbox::new(64);
        let mut rounds = Rounds::new(&inbox);
        assert_eq!(batches(&mut rounds, &inbox, 100, true), 100);
        let few = batches(&mut rounds, &inbox, 100_000, false);
        assert!(few < 500, "{few}");
        let again = batches(&mut rounds, &inbox, 10_000, true);
        assert!(again > 8_000, "{again}");
    }

    #[test]
    fn a_round_is_free_once_nobody_waits_with_it() {
        let inbox = Inbox::new(64);
        let mut rounds = Rounds::new(&inbox);
        let mut open = || rounds.open(LEAST, |number| inbox.waker(number));
        assert_eq!((open(), open()), (Some(0), None), "one for 64 places");
        rounds.close(0);
        let round = rounds.open(LEAST, |_| unreachable!("it has a waker")).unwrap();
        rounds.join(round, 1);
        rounds.join(round, 2);
        rounds.close(round);
        rounds.leave(round);
        assert!(rounds.open(LEAST, |_| unreachable!("there is no other")).is_none());
        let mut woken = Vec::new();
        rounds.expand(5, &mut woken);
        assert_eq!(woken, [5], "a place means itself");
        rounds.leave(round);
        rounds.expand(64, &mut woken);
        assert_eq!(woken, [5], "those that were cleared are not polled");
        assert_eq!(rounds.open(LEAST, |_| unreachable!("it is free")), Some(0));
        assert!(rounds.open(LEAST - 1, |_| unreachable!("too few")).is_none());
    }
}
