//! Owns the decisions about drivers, which poll the futures of a lane one after the other: when one is woken, when it rests, and
//! when somebody has to look whether they go on. Never polls, never wakes.
//!
//! A driver takes a [`Hand`] of several at once, and answers for them at once.
//!
//! *Liveness*: whenever futures are ready to be polled, a driver is on its way to them, or is at work and not held up, or the guard
//! looks. A driver that is held up tells nobody, so it is the guard that finds nothing was taken, and has the ready
//! go another way. What is in the hand of one that is held up, nobody else would come to, whoever goes on elsewhere: the guard
//! finds that the hand is the one that it saw before, and empties it. A test walks through every order of a few steps.

use crate::mutant;

/// The drivers of one lane.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Drivers {
    /// Futures that are ready to be polled.
    ready: usize,
    /// How many were taken from there.
    taken: u64,
    asleep: usize,
    /// Woken or at work.
    awake: usize,
    is_guarded: bool,
}

/// What one driver has taken and has not answered for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Hand {
    /// How many there are beside the one that it polls.
    spare: usize,
    /// Whether the guard has seen it.
    was_seen: bool,
}

/// Who is to be called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DriverCall {
    /// One of the drivers that sleep.
    Sleeping,
    /// A driver that has to be made first.
    New,
    /// The guard.
    Guard,
}

/// What the guard does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// It looks again later.
    GoesOn,
    /// It ends: there is nothing to look after.
    Ends,
    /// It ends, and the ready are to go another way: the drivers are held up.
    Stuck,
}

impl Drivers {
    /// A future is ready. One for which a driver is woken is looked after; with any other, somebody has to look.
    #[inline]
    pub fn push(&mut self) -> Option<DriverCall> {
        self.ready += 1;
        if self.awake == 0 && !mutant!("driver-not-woken") {
            return Some(self.wake());
        }
        (!std::mem::replace(&mut self.is_guarded, true)).then_some(DriverCall::Guard)
    }

    /// A driver that has answered for what was in its hand takes up to `most` futures into it. Gives how many; with others awake it
    /// leaves them a half.
    #[inline]
    pub fn take(&mut self, hand: &mut Hand, most: usize) -> usize {
        let fair = if self.awake > 1 { self.ready.div_ceil(2) } else { self.ready };
        let taken = fair.min(most);
        self.ready -= taken;
        self.taken += taken as u64;
        *hand = Hand { spare: taken.saturating_sub(1), was_seen: false };
        taken
    }

    /// A driver that has just taken futures wants another one to join in, if there are more.
    #[inline]
    pub fn help(&mut self) -> Option<DriverCall> {
        (self.ready > 0).then(|| self.wake())
    }

    /// A driver found nothing to do, and has nothing in its hand. It sleeps or ends.
    pub const fn rest(&mut self, sleeps: bool) {
        self.awake -= 1;
        self.asleep += sleeps as usize;
    }

    /// All that sleep are woken. Gives how many.
    pub const fn wake_all(&mut self) -> usize {
        let woken = self.asleep;
        self.asleep = 0;
        self.awake += woken;
        woken
    }

    /// A driver is gone for good. `true` if it was the last that was awake, and left futures behind: those are to go another way.
    pub const fn lost(&mut self, slept: bool) -> bool {
        if slept {
            self.asleep -= 1;
        } else {
            self.awake -= 1;
        }
        let leaves = self.awake == 0 && self.ready > 0;
        if leaves {
            self.ready = 0;
        }
        leaves
    }

    /// The guard looks, after it has looked at each [`Hand`]. `seen` is what it saw when it looked last, and is made to be what it sees
    /// now. `in_hand`: whether there is something left in a hand that the guard has to come back for.
    pub const fn look(&mut self, seen: &mut u64, in_hand: bool) -> Look {
        let nothing_moved = *seen == self.taken;
        *seen = self.taken;
        if !nothing_moved || (in_hand && self.ready == 0) {
            return Look::GoesOn;
        }
        self.is_guarded = false;
        if self.ready == 0 {
            return Look::Ends;
        }
        self.ready = 0;
        Look::Stuck
    }

    /// How many were taken so far: what a guard that begins has seen.
    pub const fn taken(&self) -> u64 {
        self.taken
    }

    /// How many drivers are woken or at work.
    #[inline]
    pub const fn awake(&self) -> usize {
        self.awake
    }

    /// Whether a future is ready.
    #[inline]
    pub const fn has_ready(&self) -> bool {
        self.ready > 0
    }

    fn wake(&mut self) -> DriverCall {
        self.awake += 1;
        match self.asleep.checked_sub(1) {
            Some(asleep) => {
                self.asleep = asleep;
                DriverCall::Sleeping
            }
            None => DriverCall::New,
        }
    }
}

impl Hand {
    /// The guard looks at it: whether it is to be emptied, but for the one that is being polled.
    pub const fn look(&mut self) -> bool {
        let is_stuck = self.spare > 0 && self.was_seen;
        self.was_seen = true;
        if is_stuck {
            self.spare = 0;
        }
        is_stuck
    }

    /// Whether the guard has to come back for what is in it.
    pub const fn has_spare(self) -> bool {
        self.spare > 0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{DriverCall, Drivers, Hand, Look};

    /// Everything that decides what may happen next.
    #[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
    struct World {
        drivers: Drivers,
        /// Drivers that are on their way, and those at a future.
        coming: usize,
        polling: Vec<Polling>,
        asleep: usize,
        /// What the guard saw last.
        guard: Option<u64>,
        submitted: usize,
        taken: usize,
        spawned: usize,
        emptied: usize,
    }

    /// A driver at a future.
    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    struct Polling {
        /// By one that never returns.
        held_up: bool,
        /// What is in its hand and was not polled, and what was and is not answered for.
        left: usize,
        unanswered: usize,
        hand: Hand,
    }

    const MOST: usize = 6;
    const IN_HAND: usize = 3;

    impl World {
        fn call(&mut self, call: Option<DriverCall>) {
            match call {
                Some(DriverCall::Sleeping) => {
                    self.asleep = self.asleep.checked_sub(1).expect("it sleeps");
                    self.coming += 1;
                }
                Some(DriverCall::New) => self.coming += 1,
                Some(DriverCall::Guard) => {
                    assert_eq!(self.guard, None, "one guard at a time");
                    self.guard = Some(self.drivers.taken());
                }
                None => {}
            }
        }

        /// A driver with an empty hand asks for more, the first of which may hold it up for ever.
        fn ask(&mut self, helped: bool, held_up: bool) {
            let mut hand = Hand::default();
            let taken = self.drivers.take(&mut hand, IN_HAND);
            if taken == 0 {
                self.drivers.rest(true);
                self.asleep += 1;
                return;
            }
            self.taken += taken;
            let help = if helped { self.drivers.help() } else { None };
            self.call(help);
            self.polling.push(Polling { held_up, left: taken - 1, unanswered: 0, hand });
            self.polling.sort_unstable();
        }

        /// The future that the first driver is at, which is not held up, is over.
        fn go_on(&mut self, helped: bool, held_up: bool) {
            let polling = &mut self.polling[0];
            if polling.left == 0 {
                self.polling.remove(0);
                self.ask(helped, held_up);
            } else {
                polling.left -= 1;
                polling.unanswered += 1;
                polling.held_up = held_up;
                self.polling.sort_unstable();
            }
        }

        fn look(&mut self, mut seen: u64) {
            for polling in &mut self.polling {
                if polling.hand.look() {
                    self.emptied += polling.left + polling.unanswered;
                    (polling.left, polling.unanswered) = (0, 0);
                }
            }
            let in_hand = self.polling.iter().any(|polling| polling.hand.has_spare());
            self.guard = match self.drivers.look(&mut seen, in_hand) {
                Look::GoesOn => Some(seen),
                Look::Ends => None,
                Look::Stuck => {
                    self.spawned = self.submitted - self.taken;
                    None
                }
            };
        }

        /// Every world that one step leads to.
        fn next(&self) -> Vec<Self> {
            let mut next = Vec::new();
            let mut step = |change: &dyn Fn(&mut Self)| {
                let mut world = self.clone();
                change(&mut world);
                next.push(world);
            };
            if self.submitted < MOST {
                step(&|world| {
                    world.submitted += 1;
                    let call = world.drivers.push();
                    world.call(call);
                });
            }
            for (helped, held_up) in [(false, false), (false, true), (true, false), (true, true)] {
                if self.coming > 0 {
                    step(&|world| {
                        world.coming -= 1;
                        world.ask(helped, held_up);
                    });
                }
                if self.polling.first().is_some_and(|polling| !polling.held_up) {
                    step(&|world| world.go_on(helped, held_up));
                }
            }
            if let Some(seen) = self.guard {
                step(&|world| world.look(seen));
            }
            next
        }

        fn check(&self) {
            let waiting = self.submitted - self.taken - self.spawned;
            assert_eq!(self.drivers.has_ready(), waiting > 0, "{self:?}");
            assert_eq!(self.drivers.awake(), self.coming + self.polling.len(), "{self:?}");
            let is_driven = self.coming > 0 || self.polling.iter().any(|polling| !polling.held_up);
            // The guard is for when all that are awake are held up.
            let is_saved = self.polling.iter().any(|polling| polling.held_up) && self.guard.is_some();
            assert!(waiting == 0 || is_driven || is_saved, "nobody comes to those that are ready: {self:?}");
            for polling in self.polling.iter().filter(|polling| polling.held_up) {
                let is_empty = polling.left + polling.unanswered == 0;
                assert!(is_empty || self.guard.is_some(), "nobody comes to what is in a hand: {self:?}");
                assert!(is_empty || polling.hand.has_spare(), "the guard would not empty this hand: {self:?}");
            }
        }
    }

    #[test]
    fn drivers_and_what_they_take_are_counted() {
        let mut drivers = Drivers::default();
        assert!(drivers.push().is_some() && drivers.awake() == 1, "nobody is awake: one is called");
        assert!(drivers.push() == Some(DriverCall::Guard) && drivers.push().is_none(), "the guard is called once");
        assert_eq!(drivers.taken(), 0);
        let mut hand = Hand::default();
        assert_eq!((drivers.take(&mut hand, 2), drivers.take(&mut hand, 2), drivers.take(&mut hand, 2)), (2, 1, 0));
        assert_eq!(drivers.taken(), 3);
        drivers.rest(true);
        assert_eq!((drivers.awake(), drivers.wake_all(), drivers.awake(), drivers.wake_all()), (0, 1, 1, 0));
        drivers.rest(false);
        assert_eq!((drivers.awake(), drivers.wake_all()), (0, 0), "one that has ended is not woken");
    }

    #[test]
    fn in_every_order_of_steps_somebody_comes_to_those_that_are_ready() {
        let (mut seen, mut left) = (HashSet::new(), vec![World::default()]);
        let (mut stuck, mut held_up, mut emptied) = (0, 0, 0);
        while let Some(world) = left.pop() {
            world.check();
            if !seen.insert(world.clone()) {
                continue;
            }
            stuck += usize::from(world.spawned > 0);
            held_up += usize::from(world.polling.iter().any(|polling| polling.held_up));
            emptied += usize::from(world.emptied > 0);
            // What the guard saw grows without end, but only as fast as futures are taken.
            left.extend(world.next());
        }
        let seen = seen.len();
        assert!(seen > 1_000 && stuck > 100 && held_up > 100 && emptied > 100, "{seen}, {stuck}, {held_up}, {emptied}");
    }

    #[test]
    fn a_lane_whose_drivers_are_lost_is_told() {
        let mut drivers = Drivers::default();
        assert_eq!(drivers.push(), Some(DriverCall::New));
        assert!(drivers.lost(false), "the last one leaves a future behind");
        assert!(!drivers.has_ready());
        assert_eq!(drivers.push(), Some(DriverCall::New));
        let mut hand = Hand::default();
        assert_eq!([drivers.take(&mut hand, 8), drivers.take(&mut hand, 8)], [1, 0]);
        drivers.rest(true);
        assert!(!drivers.lost(true));
    }
}
