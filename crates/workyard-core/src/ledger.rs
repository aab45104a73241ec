//! Owns the count of what was accepted and how it ended. Never decides anything.

use std::fmt;
use std::ops::AddAssign;

use crate::Outcome;

/// What a lane, or a whole yard, did with the tasks it accepted.
///
/// The conservation law is [`balances`](Self::balances): every accepted task is waiting, running, between two attempts, or
/// has ended in exactly one way. It holds in every snapshot of a lane, since each step is counted under the lock of the lane, or of the
/// timers, and in the report of a shutdown, where nothing waits or runs any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Ledger {
    /// Tasks that were let in.
    pub accepted: u64,
    /// Tasks that wait for their time now, or, after it has come, for room in their lane.
    pub scheduled: u64,
    /// Tasks that wait for a slot now.
    pub queued: u64,
    /// Tasks whose body runs now and whose handle is not answered.
    pub running: u64,
    /// Tasks that wait for their next attempt now, without a slot.
    pub retry_waiting: u64,
    /// Ended: the body returned a value.
    pub completed: u64,
    /// Ended: the body of a `fallible` task returned `Err`.
    pub failed: u64,
    /// Ended: the body panicked.
    pub panicked: u64,
    /// Ended: the body never ran, or was dropped before its end.
    pub cancelled: u64,
    /// Ended: a timeout or deadline passed first.
    pub timed_out: u64,
    /// Ended: the body was still running when the handle had to be answered.
    pub abandoned: u64,
}

impl Ledger {
    /// How many tasks ended in the given way.
    pub const fn ended(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Completed => self.completed,
            Outcome::Failed => self.failed,
            Outcome::Panicked => self.panicked,
            Outcome::Cancelled => self.cancelled,
            Outcome::TimedOut => self.timed_out,
            Outcome::Abandoned => self.abandoned,
        }
    }

    /// How many tasks ended, in whichever way.
    pub fn all_ended(&self) -> u64 {
        Outcome::ALL.into_iter().map(|outcome| self.ended(outcome)).sum()
    }

    /// How many tasks have not ended.
    pub const fn live(&self) -> u64 {
        self.scheduled + self.queued + self.running + self.retry_waiting
    }

    /// The conservation law: `accepted = scheduled + queued + running + retry_waiting + Σ outcomes`.
    pub fn balances(&self) -> bool {
        self.accepted == self.live() + self.all_ended()
    }

    #[inline]
    pub(crate) fn count_ends(&mut self, outcome: Outcome, times: u64) {
        let count = match outcome {
            Outcome::Completed => &mut self.completed,
            Outcome::Failed => &mut self.failed,
            Outcome::Panicked => &mut self.panicked,
            Outcome::Cancelled => &mut self.cancelled,
            Outcome::TimedOut => &mut self.timed_out,
            Outcome::Abandoned => &mut self.abandoned,
        };
        *count += times;
    }
}

impl AddAssign for Ledger {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.scheduled += other.scheduled;
        self.queued += other.queued;
        self.running += other.running;
        self.retry_waiting += other.retry_waiting;
        self.completed += other.completed;
        self.failed += other.failed;
        self.panicked += other.panicked;
        self.cancelled += other.cancelled;
        self.timed_out += other.timed_out;
        self.abandoned += other.abandoned;
    }
}

impl std::iter::Sum for Ledger {
    fn sum<I: Iterator<Item = Self>>(ledgers: I) -> Self {
        ledgers.fold(Self::default(), |mut sum, ledger| {
            sum += ledger;
            sum
        })
    }
}

/// `accepted 10_412 = 10_398 completed + 9 failed + 5 cancelled`; terms that are zero are left out, `completed` never.
impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "accepted {} = {} completed", Grouped(self.accepted), Grouped(self.completed))?;
        let ended = Outcome::ALL.into_iter().skip(1).map(|outcome| (self.ended(outcome), outcome.word()));
        let live = [
            (self.scheduled, "scheduled"),
            (self.queued, "queued"),
            (self.running, "running"),
            (self.retry_waiting, "retry-waiting"),
        ];
        for (count, word) in ended.chain(live) {
            if count > 0 {
                write!(f, " + {} {word}", Grouped(count))?;
            }
        }
        Ok(())
    }
}

/// A number with its digits in groups of three: `10_412`.
#[derive(Clone, Copy, Debug)]
pub struct Grouped(pub u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (at, digit) in digits.char_indices() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push('_');
            }
            grouped.push(digit);
        }
        f.pad(&grouped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_a_sentence() {
        let ledger = Ledger { accepted: 10_412, completed: 10_398, failed: 9, cancelled: 5, ..Ledger::default() };
        assert!(ledger.balances());
        assert_eq!(ledger.to_string(), "accepted 10_412 = 10_398 completed + 9 failed + 5 cancelled");
        assert_eq!(Ledger::default().to_string(), "accepted 0 = 0 completed");
    }

    #[test]
    fn groups_digits_by_three() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1_000"), (1_234_567, "1_234_567")] {
            assert_eq!(Grouped(number).to_string(), text);
        }
    }

    /// A ledger whose terms are all different, and times `by`.
    fn different(by: u64) -> Ledger {
        let [scheduled, queued, running, retry_waiting] = [1, 2, 4, 8].map(|term| term * by);
        let [completed, failed, panicked] = [16, 32, 64].map(|term| term * by);
        let [cancelled, timed_out, abandoned] = [128, 256, 512].map(|term| term * by);
        let live = Ledger { accepted: 1_023 * by, scheduled, queued, running, retry_waiting, ..Ledger::default() };
        Ledger { completed, failed, panicked, cancelled, timed_out, abandoned, ..live }
    }

    #[test]
    fn each_term_is_added_to_its_own() {
        assert_eq!([different(1), different(3), different(10)].into_iter().sum::<Ledger>(), different(14));
        assert!(different(7).balances());
    }

    #[test]
    fn each_term_is_part_of_the_balance() {
        let ledger = different(1);
        assert_eq!((ledger.live(), ledger.all_ended()), (1 + 2 + 4 + 8, 1_023 - 15));
        let counts = Outcome::ALL.map(|outcome| ledger.ended(outcome));
        assert_eq!(counts, [16, 32, 64, 128, 256, 512]);
        for outcome in Outcome::ALL {
            let mut more = ledger;
            more.count_ends(outcome, 3);
            assert_eq!(more.ended(outcome), ledger.ended(outcome) + 3);
            assert_eq!(more.all_ended(), ledger.all_ended() + 3);
            assert!(!more.balances());
        }
    }

    #[test]
    fn a_lost_task_does_not_balance() {
        let ledger = Ledger { accepted: 2, completed: 1, ..Ledger::default() };
        assert!(!ledger.balances());
    }
}
