//! Owns the decisions of one schedule: which of its due times gets a tick. Never keeps the time, and never runs a tick.

use crate::Moment;

/// What becomes of due times that have passed: the process was suspended, the runtime was held up, a tick took too long.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Missed {
    /// One tick at once, for all of them together; then on, at the times that were due without the delay.
    #[default]
    Skip,
    /// A tick for each of them, one after the other without a pause, until the schedule has caught up. Say [`Overlap::Queue`] as well, or
    /// [`Overlap::Allow`]: where a tick is left out that would overlap, as by default, those of a burst are.
    Burst,
    /// One tick at once; the next one is due a whole period later. The schedule is shifted by the delay.
    Delay,
}

/// What becomes of a tick that is due while the one before has not ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Overlap {
    /// There is none, and the next one is told that this one was missed.
    #[default]
    Skip,
    /// It waits for the end of the one before, and is then late; what has become due meanwhile is [`Missed`]'s business.
    Queue,
    /// It runs beside the one before.
    Allow,
}

/// A tick that is to be run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Due {
    /// How many ticks there were before it.
    pub number: u64,
    /// When it was due.
    pub at: Moment,
    /// How many due times had no tick since the one before, or have none because this one is late.
    pub missed: u64,
}

/// What follows a due time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Following {
    /// The next due time that is to be looked at.
    pub next: Moment,
    /// How many lie between the two and are left out, since they have passed.
    pub passed: u64,
}

/// What to do at a due time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Run a tick. The schedule is due again, at the new [`next`](Recurrence::next).
    Run(Due),
    /// Run nothing. The schedule is due again, at the new [`next`](Recurrence::next).
    Pass,
    /// Run nothing until a tick has [`ended`](Recurrence::ended), and then ask again.
    Hold,
}

/// The decisions of one schedule.
///
/// The order of calls: when [`next`](Self::next) has come, [`due`](Self::due); for each tick that it has run,
/// [`entered`](Self::entered) when the lane has let it in, and [`ended`](Self::ended) when its body is gone.
#[derive(Clone, Debug)]
pub struct Recurrence {
    next: Moment,
    missed: Missed,
    overlap: Overlap,
    ticks: u64,
    /// Due times without a tick that no tick was told of.
    untold: u64,
    /// Ticks whose body is not gone.
    unfinished: u64,
    /// Whether the last tick still waits for room in its lane.
    is_entering: bool,
    is_held: bool,
}

impl Recurrence {
    /// A schedule that is first due at `first`.
    pub const fn new(first: Moment, missed: Missed, overlap: Overlap) -> Self {
        Self { next: first, missed, overlap, ticks: 0, untold: 0, unfinished: 0, is_entering: false, is_held: false }
    }

    /// The schedule's due time has come. `following` tells what follows a due time.
    pub fn due(&mut self, following: impl FnOnce(Moment, Missed) -> Following) -> Verdict {
        let at = self.next;
        let is_free = match self.overlap {
            Overlap::Skip | Overlap::Queue => self.unfinished == 0,
            // Else any number of ticks would stand in line before a full lane.
            Overlap::Allow => !self.is_entering,
        };
        if !is_free && self.overlap == Overlap::Queue {
            self.is_held = true;
            return Verdict::Hold;
        }
        let Following { next, passed } = following(at, self.missed);
        self.next = next;
        if !is_free {
            self.untold = self.untold.saturating_add(passed).saturating_add(1);
            return Verdict::Pass;
        }
        let missed = std::mem::take(&mut self.untold).saturating_add(passed);
        let number = self.ticks;
        self.ticks += 1;
        self.unfinished += 1;
        self.is_entering = true;
        Verdict::Run(Due { number, at, missed })
    }

    /// The lane has let the last tick in, or has refused it.
    pub const fn entered(&mut self) {
        self.is_entering = false;
    }

    /// The body of a tick is gone. `true` if the schedule was held and is due now.
    pub const fn ended(&mut self) -> bool {
        self.unfinished = self.unfinished.saturating_sub(1);
        let is_due = self.is_held && self.unfinished == 0;
        self.is_held = self.is_held && !is_due;
        is_due
    }

    /// When the schedule is due.
    pub const fn next(&self) -> Moment {
        self.next
    }

    /// The schedule is due at another time than was thought.
    pub const fn put_off(&mut self, next: Moment) {
        self.next = next;
    }

    /// Whether a tick is due and waits for the end of the one before.
    pub const fn is_held(&self) -> bool {
        self.is_held
    }
}

#[cfg(test)]
#[path = "recurrence_tests.rs"]
mod tests;
