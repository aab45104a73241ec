//! Owns the decisions about drivers, which poll the futures of a lane one after the other: when one is woken, when it rests, and
//! when somebody has to look whether they go on. Never polls, never wakes.
//!
//! *Liveness*: whenever futures are ready to be polled, a driver is on its way to them, or is at work and not held up, or the guard
//! looks. A driver that is held up tells nobody, so it is the guard that finds nothing was taken, and has the ready
//! go another way. A test walks through every order of a few steps.

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
    pub fn push(&mut self) -> Option<DriverCall> {
        self.ready += 1;
        if self.awake == 0 && !mutant!("driver-not-woken") {
            return Some(self.wake());
        }
        (!std::mem::replace(&mut self.is_guarded, true)).then_some(DriverCall::Guard)
    }

    /// A driver asks for a future. `false` if there is none.
    pub const fn take(&mut self) -> bool {
        let is_any = self.ready > 0;
        if is_any {
            self.ready -= 1;
            self.taken += 1;
        }
        is_any
    }

    /// A driver that has just taken a future wants another one to join in, if there are more.
    pub fn help(&mut self) -> Option<DriverCall> {
        (self.ready > 0).then(|| self.wake())
    }

    /// A driver found nothing to do. It sleeps or ends.
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

    /// The guard looks. `seen` is what it saw when it looked last, and is made to be what it sees now.
    pub const fn look(&mut self, seen: &mut u64) -> Look {
        let nothing_moved = *seen == self.taken;
        *seen = self.taken;
        if !nothing_moved {
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
    pub const fn awake(&self) -> usize {
        self.awake
    }

    /// Whether a future is ready.
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{DriverCall, Drivers, Look};

    /// Everything that decides what may happen next.
    #[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
    struct World {
        drivers: Drivers,
        /// Drivers that are on their way, and those at a future: `true` if it never returns.
        coming: usize,
        polling: Vec<bool>,
        asleep: usize,
        /// What the guard saw last.
        guard: Option<u64>,
        submitted: usize,
        polled: usize,
        spawned: usize,
    }

    const MOST: usize = 4;

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

        /// A driver that is not at a future asks for one, which may hold it up for ever.
        fn ask(&mut self, helped: bool, held_up: bool) {
            if !self.drivers.take() {
                self.drivers.rest(true);
                self.asleep += 1;
                return;
            }
            let help = if helped { self.drivers.help() } else { None };
            self.call(help);
            self.polling.push(held_up);
            self.polling.sort_unstable();
            self.polled += 1;
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
                if self.polling.first() == Some(&false) {
                    step(&|world| {
                        world.polling.remove(0);
                        world.ask(helped, held_up);
                    });
                }
            }
            if let Some(seen) = self.guard {
                step(&|world| {
                    let (mut seen, ready) = (seen, world.submitted - world.polled - world.spawned);
                    match world.drivers.look(&mut seen) {
                        Look::GoesOn => world.guard = Some(seen),
                        Look::Ends => world.guard = None,
                        Look::Stuck => {
                            world.guard = None;
                            world.spawned += ready;
                        }
                    }
                });
            }
            next
        }

        fn check(&self) {
            let waiting = self.submitted - self.polled - self.spawned;
            assert_eq!(self.drivers.has_ready(), waiting > 0, "{self:?}");
            assert_eq!(self.drivers.awake(), self.coming + self.polling.len(), "{self:?}");
            let is_driven = self.coming > 0 || self.polling.contains(&false);
            // The guard is for when all that are awake are held up.
            let is_saved = self.polling.contains(&true) && self.guard.is_some();
            assert!(waiting == 0 || is_driven || is_saved, "nobody comes to those that are ready: {self:?}");
        }
    }

    #[test]
    fn in_every_order_of_steps_somebody_comes_to_those_that_are_ready() {
        let (mut seen, mut left) = (HashSet::new(), vec![World::default()]);
        let (mut stuck, mut held_up) = (0, 0);
        while let Some(world) = left.pop() {
            world.check();
            if !seen.insert(world.clone()) {
                continue;
            }
            stuck += usize::from(world.spawned > 0);
            held_up += usize::from(world.polling.contains(&true));
            // What the guard saw grows without end, but only as fast as futures are taken.
            left.extend(world.next());
        }
        assert!(seen.len() > 1_000 && stuck > 100 && held_up > 100, "{} worlds, {stuck}, {held_up}", seen.len());
    }

    #[test]
    fn a_lane_whose_drivers_are_lost_is_told() {
        let mut drivers = Drivers::default();
        assert_eq!(drivers.push(), Some(DriverCall::New));
        assert!(drivers.lost(false), "the last one leaves a future behind");
        assert!(!drivers.has_ready());
        assert_eq!(drivers.push(), Some(DriverCall::New));
        assert!(drivers.take() && !drivers.take());
        drivers.rest(true);
        assert!(!drivers.lost(true));
    }
}
