//! Owns the decisions about drivers, which poll the futures of a lane one after the other: when one is woken, when it rests, and
//! when somebody has to look whether they go on. Never polls, never wakes.
//!
//! A driver takes a [`Hand`] of several at once, and answers for them at once. A future that was not ready at its first poll may be put
//! back, to be polled once more when others on the worker had a turn: it is *again*, and ready once a driver begins its next shift.
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
    /// Futures that will be ready when a driver begins its next shift.
    again: usize,
    /// How many were taken from the ready.
    taken: u64,
    asleep: usize,
    /// Woken or at work.
    awake: usize,
    is_guarded: bool,
}

/// What one driver has taken and has not answered for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Hand {
    /// How many there are beside the one that it polls, or that it polled first.
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
pub struct Look {
    /// The ready are to go another way: the drivers are held up.
    pub are_stuck: bool,
    /// It looks again later. Otherwise it ends: there is nothing to look after.
    pub goes_on: bool,
}

impl Drivers {
    /// A future is ready. One for which a driver is woken is looked after; with any other, somebody has to look.
    #[inline]
    pub fn push(&mut self) -> Option<DriverCall> {
        self.ready += 1;
        if self.awake == 0 && !mutant!("driver-not-woken") {
            return Some(self.wake());
        }
        self.guard_if(true)
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

    /// A driver that has just taken so many futures, or found none, turns aside before it polls them: it does what may hold it up, like whatever
    /// runs when a result is told or dropped. So somebody has to look after those that are ready, and after all in its hand.
    pub fn turn_aside(&mut self, hand: &mut Hand, taken: usize) -> Option<DriverCall> {
        if !mutant!("first-in-hand-forgotten") {
            hand.spare = taken;
        }
        self.guard_if(taken > 0 || self.has_ready())
    }

    /// A driver that is at work puts so many back, to be polled once more. It has another shift, but its worker may be held up before that, so
    /// somebody has to look.
    #[inline]
    pub fn put_back(&mut self, futures: usize) -> Option<DriverCall> {
        self.again += futures;
        self.guard_if(futures > 0)
    }

    /// A driver gives back so many of its hand, which it has not polled. Otherwise as [`put_back`](Self::put_back).
    pub fn give_back(&mut self, hand: &mut Hand, futures: usize) -> Option<DriverCall> {
        self.ready += futures;
        *hand = Hand::default();
        self.guard_if(futures > 0)
    }

    fn guard_if(&mut self, is_needed: bool) -> Option<DriverCall> {
        (is_needed && !std::mem::replace(&mut self.is_guarded, true)).then_some(DriverCall::Guard)
    }

    /// A driver begins a shift: what was put back is ready. Gives how many.
    #[inline]
    pub const fn begin_shift(&mut self) -> usize {
        let again = self.again;
        self.again = 0;
        self.ready += again;
        again
    }

    /// A driver that has just taken futures wants another one to join in, if there are more.
    #[inline]
    pub fn help(&mut self) -> Option<DriverCall> {
        (self.ready > 0).then(|| self.wake())
    }

    /// A driver found nothing to do, has nothing in its hand, and does nothing else before it sleeps or ends.
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
        let leaves = self.awake == 0 && self.has_ready();
        if leaves {
            (self.ready, self.again) = (0, 0);
        }
        leaves
    }

    /// The guard looks, after it has looked at each [`Hand`]. `seen` is what it saw when it looked last, and is made to be what it sees
    /// now. `in_hand`: whether there is something left in a hand that the guard has to come back for.
    pub const fn look(&mut self, seen: &mut u64, in_hand: bool) -> Look {
        let nothing_moved = *seen == self.taken;
        *seen = self.taken;
        let are_stuck = nothing_moved && self.has_ready();
        if are_stuck {
            (self.ready, self.again) = (0, 0);
        }
        self.is_guarded = !nothing_moved || in_hand;
        Look { are_stuck, goes_on: self.is_guarded }
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

    /// Whether a future is ready, or will be in the next shift.
    #[inline]
    pub const fn has_ready(&self) -> bool {
        self.ready + self.again > 0
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
    /// The guard looks at it: whether it is to be emptied, but for one that is being polled.
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

    use super::{DriverCall, Drivers, Hand};

    /// Everything that decides what may happen next.
    #[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
    struct World {
        drivers: Drivers,
        /// Drivers that are on their way, and those at a future.
        coming: usize,
        polling: Vec<Polling>,
        asleep: usize,
        guard: Option<Guard>,
        submitted: usize,
        taken: usize,
        returned: usize,
        spawned: usize,
        emptied: usize,
    }

    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    enum Guard {
        /// It has not begun.
        Called,
        /// What it saw last.
        Saw(u64),
    }

    /// A driver at a future.
    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    struct Polling {
        /// By one that never returns.
        held_up: bool,
        /// It polls none yet, and does something else before.
        aside: bool,
        /// What is in its hand and was not polled, and what was and is not answered for, or is not put back.
        left: usize,
        unanswered: usize,
        not_ready: usize,
        hand: Hand,
    }

    /// How a driver goes on.
    #[derive(Clone, Copy)]
    struct How {
        helped: bool,
        held_up: bool,
        aside: bool,
    }

    impl How {
        fn all() -> impl Iterator<Item = Self> {
            (0..8).map(|bits| Self { helped: bits & 1 > 0, held_up: bits & 2 > 0, aside: bits & 4 > 0 })
        }
    }

    const MOST: usize = 5;
    const RETURNED: usize = 3;
    const IN_HAND: usize = 3;

    impl Polling {
        const fn in_hand(&self) -> usize {
            self.left + self.unanswered + self.not_ready
        }
    }

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
                    self.guard = Some(Guard::Called);
                }
                None => {}
            }
        }

        /// A driver with an empty hand asks for more. The first of them, or what it does before, may hold it up for ever.
        fn ask(&mut self, How { helped, held_up, aside }: How) {
            let mut hand = Hand::default();
            let taken = self.drivers.take(&mut hand, IN_HAND);
            if taken == 0 && !aside {
                self.leave();
                return;
            }
            self.taken += taken;
            let help = if helped { self.drivers.help() } else { None };
            self.call(help);
            if aside {
                let call = self.drivers.turn_aside(&mut hand, taken);
                self.call(call);
            }
            let left = taken - usize::from(!aside);
            self.polling.push(Polling { held_up, aside, left, unanswered: 0, not_ready: 0, hand });
            self.polling.sort_unstable();
        }

        /// A driver with an empty hand comes back later, or rests.
        fn leave(&mut self) {
            if self.drivers.has_ready() {
                self.coming += 1;
            } else {
                self.drivers.rest(true);
                self.asleep += 1;
            }
        }

        /// The first driver, which is not held up, has done what it turned aside for.
        fn come_back(&mut self, how: How) {
            let polling = &mut self.polling[0];
            polling.aside = false;
            if polling.left == 0 {
                self.polling.remove(0);
                self.ask(how);
            } else {
                polling.left -= 1;
                polling.held_up = how.held_up;
                self.polling.sort_unstable();
            }
        }

        /// The future that the first driver is at, which is not held up, is over, or was not ready.
        fn go_on(&mut self, is_over: bool, how: How) {
            let polling = &mut self.polling[0];
            polling.unanswered += usize::from(is_over);
            polling.not_ready += usize::from(!is_over);
            if polling.left == 0 {
                let not_ready = self.polling.remove(0).not_ready;
                self.returned += not_ready;
                let call = self.drivers.put_back(not_ready);
                self.call(call);
                self.ask(how);
            } else {
                polling.left -= 1;
                polling.held_up = how.held_up;
                self.polling.sort_unstable();
            }
        }

        /// A driver that is not held up gives back what it has not polled, and has answered for the rest.
        fn give_back(&mut self) {
            let Polling { left, not_ready, mut hand, .. } = self.polling.remove(0);
            self.returned += left + not_ready;
            for call in [self.drivers.put_back(not_ready), self.drivers.give_back(&mut hand, left)] {
                self.call(call);
            }
            self.coming += 1;
        }

        /// How many were put back, or will be.
        fn returned(&self) -> usize {
            self.returned + self.polling.iter().map(|polling| polling.not_ready).sum::<usize>()
        }

        /// How many are to be polled, by whichever driver comes.
        fn waiting(&self) -> usize {
            self.submitted + self.returned - self.taken - self.spawned
        }

        fn look(&mut self, mut seen: u64) {
            for polling in &mut self.polling {
                if polling.hand.look() {
                    self.emptied += polling.in_hand();
                    (polling.left, polling.unanswered, polling.not_ready) = (0, 0, 0);
                }
            }
            let in_hand = self.polling.iter().any(|polling| polling.hand.has_spare());
            let look = self.drivers.look(&mut seen, in_hand);
            if look.are_stuck {
                self.spawned += self.waiting();
            }
            self.guard = look.goes_on.then_some(Guard::Saw(seen));
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
            // One at a time: what they turn aside for does not depend on one another.
            let may_turn = !self.polling.iter().any(|polling| polling.aside);
            for how in How::all().filter(|how| may_turn || !how.aside) {
                if self.coming > 0 {
                    step(&|world| {
                        world.coming -= 1;
                        world.drivers.begin_shift();
                        world.ask(how);
                    });
                }
                match self.polling.first() {
                    Some(Polling { held_up: false, aside: true, .. }) => step(&|world| world.come_back(how)),
                    Some(Polling { held_up: false, aside: false, .. }) => {
                        step(&|world| world.go_on(true, how));
                        if self.returned() < RETURNED {
                            step(&|world| world.go_on(false, how));
                        }
                    }
                    Some(_) | None => {}
                }
            }
            match self.polling.first() {
                Some(&Polling { held_up: false, left, .. }) if left > 0 && self.returned() + left <= RETURNED => {
                    step(&World::give_back);
                }
                Some(Polling { held_up: false, aside: true, left: 0, .. }) => step(&|world| {
                    world.polling.remove(0);
                    world.leave();
                }),
                Some(_) | None => {}
            }
            match self.guard {
                Some(Guard::Called) => step(&|world| world.guard = Some(Guard::Saw(world.drivers.taken()))),
                Some(Guard::Saw(seen)) => step(&|world| world.look(seen)),
                None => {}
            }
            next
        }

        fn check(&self) {
            let waiting = self.waiting();
            assert_eq!(self.drivers.has_ready(), waiting > 0, "{self:?}");
            assert_eq!(self.drivers.awake(), self.coming + self.polling.len(), "{self:?}");
            // Whoever comes may be held up on its way by something else.
            let is_driven = self.polling.iter().any(|polling| !polling.held_up);
            // But for the one that it was called for.
            let is_driven = is_driven || (self.coming > 0 && waiting == 1);
            assert!(
                waiting == 0 || is_driven || self.guard.is_some(),
                "nobody comes to those that are ready: {self:?}"
            );
            for polling in self.polling.iter().filter(|polling| polling.held_up) {
                let is_empty = polling.in_hand() == 0;
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
        let (mut stuck, mut held_up, mut emptied, mut again) = (0, 0, 0, 0);
        while let Some(world) = left.pop() {
            world.check();
            if !seen.insert(world.clone()) {
                continue;
            }
            stuck += usize::from(world.spawned > 0);
            held_up += usize::from(world.polling.iter().any(|polling| polling.held_up));
            emptied += usize::from(world.emptied > 0);
            again += usize::from(world.returned > 0);
            // What the guard saw grows without end, but only as fast as futures are taken.
            left.extend(world.next());
        }
        let seen = seen.len();
        assert!(seen > 1_000, "{seen}");
        assert!([stuck, held_up, emptied, again].iter().all(|&n| n > 100), "{stuck}, {held_up}, {emptied}, {again}");
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
