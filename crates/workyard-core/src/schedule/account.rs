//! Owns the count of the timers of one lane that fire once: each is a task before its lane has it. Never decides anything.

use crate::{Ledger, Outcome};

/// What was scheduled for a lane and has not been let in by it.
///
/// A timer on its way into the lane is in neither account, so that both balance at every moment and no task is counted twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TimerAccount {
    /// What the lane does not know of yet: accepted, and either scheduled or cancelled.
    pub ledger: Ledger,
    /// Timers that were cancelled before their lane had them.
    pub never_started: u64,
    /// Timers that came too late to be scheduled at all.
    pub refused: u64,
}

impl TimerAccount {
    /// A timer was set, or is back since there was no room in the lane.
    pub const fn schedule(&mut self) {
        self.ledger.accepted += 1;
        self.ledger.scheduled += 1;
    }

    /// A timer is on its way into its lane, whose account it then is in.
    pub const fn leave(&mut self) {
        self.ledger.accepted -= 1;
        self.ledger.scheduled -= 1;
    }

    /// A timer was cancelled while it was scheduled.
    pub fn cancel(&mut self) {
        self.leave();
        self.cancel_on_the_way();
    }

    /// All timers were cancelled that were scheduled.
    pub fn cancel_all(&mut self) {
        let all = std::mem::take(&mut self.ledger.scheduled);
        self.ledger.count_ends(Outcome::Cancelled, all);
        self.never_started += all;
    }

    /// A timer was cancelled, or refused by a closed lane, on its way there.
    pub fn cancel_on_the_way(&mut self) {
        self.ledger.accepted += 1;
        self.ledger.count_ends(Outcome::Cancelled, 1);
        self.never_started += 1;
    }

    /// A timer was not set, since the yard takes nothing in any more.
    pub const fn refuse(&mut self) {
        self.refused += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Step = fn(&mut TimerAccount);

    #[test]
    fn balances_after_each_step() {
        let mut account = TimerAccount::default();
        let steps: [(Step, &str); 8] = [
            (TimerAccount::schedule, "accepted 1 = 0 completed + 1 scheduled"),
            (TimerAccount::leave, "accepted 0 = 0 completed"),
            (TimerAccount::schedule, "accepted 1 = 0 completed + 1 scheduled"),
            (TimerAccount::cancel, "accepted 1 = 0 completed + 1 cancelled"),
            (TimerAccount::cancel_on_the_way, "accepted 2 = 0 completed + 2 cancelled"),
            (TimerAccount::schedule, "accepted 3 = 0 completed + 2 cancelled + 1 scheduled"),
            (TimerAccount::cancel_all, "accepted 3 = 0 completed + 3 cancelled"),
            (TimerAccount::refuse, "accepted 3 = 0 completed + 3 cancelled"),
        ];
        for (step, text) in steps {
            step(&mut account);
            assert!(account.ledger.balances());
            assert_eq!(account.ledger.to_string(), text);
        }
        assert_eq!((account.never_started, account.refused), (3, 1));
    }
}
