//! Owns when something that looks wrong has lasted long enough to be told, and how often one looks. Never looks itself.
//!
//! A *suspect* is named by a key that is another one as soon as anything has gone on: the number of a poll, the count of what was
//! started. So whatever is suspected again, look after look, has stood still all that time. A key that is missing from one look
//! begins anew.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use crate::{Moment, RateLimit, mutant};

/// How many records are written a second.
const RECORDS_A_SECOND: u32 = 10;

/// Looks at what may be stuck, and says what to tell.
#[derive(Debug)]
pub struct Watchdog<K> {
    bound: Duration,
    seen: HashMap<K, Seen>,
    looked_at: Option<Moment>,
    quiet_looks: u32,
    records: RateLimit,
}

/// What was suspected at the last look.
#[derive(Debug)]
struct Seen {
    lasted: Duration,
    is_told: bool,
}

/// When to look again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NextLook {
    /// After this time.
    In(Duration),
    /// When something runs again.
    WhenWoken,
}

impl<K: Eq + Hash + Clone> Watchdog<K> {
    /// The shortest bound: what is shorter than a few turns of the system's scheduler says nothing.
    pub const SHORTEST: Duration = Duration::from_millis(20);

    /// One that tells of what has lasted for `bound`.
    pub fn new(bound: Duration) -> Self {
        Self {
            bound: bound.max(Self::SHORTEST),
            seen: HashMap::new(),
            looked_at: None,
            quiet_looks: 0,
            records: RateLimit::new(RECORDS_A_SECOND),
        }
    }

    /// How long something lasts before it is told.
    pub const fn bound(&self) -> Duration {
        self.bound
    }

    /// How much time there is between two looks: a quarter of the bound, and at most a quarter of a second.
    pub fn period(&self) -> Duration {
        (self.bound / 4).min(Duration::from_millis(250))
    }

    /// A look was taken. `suspects` are those that it found, each with how many bounds it has to last; those that are to be told now
    /// come back, each once for as long as it lasts.
    ///
    /// Between two looks no more than two periods count: a process that was held up as a whole has nobody to blame.
    pub fn look(&mut self, now: Moment, suspects: impl IntoIterator<Item = (K, u32)>) -> Vec<K> {
        let since = self.looked_at.map_or(Duration::ZERO, |before| now.since(before).min(2 * self.period()));
        self.looked_at = Some(now);
        let mut told = Vec::new();
        let mut seen = HashMap::new();
        for (suspect, bounds) in suspects {
            let mut now_seen = match self.seen.remove(&suspect) {
                Some(before) => Seen { lasted: before.lasted + since, ..before },
                None => Seen { lasted: Duration::ZERO, is_told: false },
            };
            if (!now_seen.is_told || mutant!("alarm-again-and-again"))
                && now_seen.lasted >= self.bound.saturating_mul(bounds)
            {
                now_seen.is_told = true;
                told.push(suspect.clone());
            }
            seen.insert(suspect, now_seen);
        }
        self.seen = seen;
        told
    }

    /// Whether this was told at the last look or before, and lasts.
    pub fn is_told(&self, suspect: &K) -> bool {
        self.seen.get(suspect).is_some_and(|seen| seen.is_told)
    }

    /// For how long at least this has lasted.
    pub fn lasted(&self, suspect: &K) -> Duration {
        self.seen.get(suspect).map_or(Duration::ZERO, |seen| seen.lasted)
    }

    /// Whether a record may be written now: then with the number of those held back before it, which it should name.
    pub fn pass(&mut self, now: Moment) -> Option<u64> {
        self.records.pass(now)
    }

    /// When to look again, if at the last look something was at work or not. Two looks in a row that find nothing are the last
    /// until something is.
    pub fn next_look(&mut self, is_busy: bool) -> NextLook {
        self.quiet_looks = if is_busy { 0 } else { self.quiet_looks + 1 };
        if self.quiet_looks < 2 {
            return NextLook::In(self.period());
        }
        // What comes next is none of what was there before.
        self.quiet_looks = 0;
        self.seen.clear();
        self.looked_at = None;
        NextLook::WhenWoken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Duration = Duration::from_millis(400);
    const PERIOD: Duration = Duration::from_millis(100);

    fn at(looks: u32) -> Moment {
        Moment::default().later(PERIOD * looks)
    }

    fn dog() -> Watchdog<&'static str> {
        let dog = Watchdog::new(BOUND);
        assert_eq!((dog.period(), dog.bound()), (PERIOD, BOUND));
        dog
    }

    #[test]
    fn what_lasts_for_the_bound_is_told_once() {
        let mut dog = dog();
        for look in 0..4 {
            assert!(dog.look(at(look), [("poll", 1)]).is_empty(), "look {look}");
            assert!(!dog.is_told(&"poll"));
        }
        assert_eq!(dog.look(at(4), [("poll", 1)]), ["poll"]);
        assert!(dog.is_told(&"poll") && dog.lasted(&"poll") == BOUND);
        for look in 5..50 {
            assert!(dog.look(at(look), [("poll", 1)]).is_empty());
            assert!(dog.is_told(&"poll"));
        }
        assert_eq!(dog.lasted(&"poll"), PERIOD * 49);
        assert!(dog.look(at(50), []).is_empty());
        assert!(!dog.is_told(&"poll") && dog.lasted(&"poll").is_zero());
    }

    #[test]
    fn what_is_missing_once_begins_anew() {
        let mut dog = dog();
        for look in 0..40 {
            let suspects = [("poll", 1)].into_iter().filter(|_| look % 4 != 3);
            assert!(dog.look(at(look), suspects).is_empty(), "look {look}");
        }
    }

    #[test]
    fn each_has_its_own_time() {
        let mut dog = dog();
        let mut told = Vec::new();
        for look in 0..=20 {
            let suspects = [("early", 1), ("slow", 3)].into_iter().chain((look >= 6).then_some(("late", 1)));
            told.extend(dog.look(at(look), suspects).into_iter().map(|suspect| (look, suspect)));
        }
        assert_eq!(told, [(4, "early"), (10, "late"), (12, "slow")]);
    }

    #[test]
    fn a_process_that_was_held_up_blames_nobody() {
        let mut dog = dog();
        assert!(dog.look(at(0), [("poll", 1)]).is_empty());
        assert!(dog.look(at(1_000), [("poll", 1)]).is_empty());
        assert_eq!(dog.lasted(&"poll"), 2 * PERIOD);
    }

    #[test]
    fn two_quiet_looks_are_the_last_and_leave_nothing() {
        let mut dog = dog();
        assert_eq!(dog.next_look(true), NextLook::In(PERIOD));
        assert_eq!(dog.next_look(false), NextLook::In(PERIOD));
        assert_eq!(dog.next_look(true), NextLook::In(PERIOD));
        dog.look(at(0), [("poll", 1)]);
        dog.look(at(4), [("poll", 1)]);
        assert_eq!(dog.next_look(false), NextLook::In(PERIOD));
        assert_eq!(dog.next_look(false), NextLook::WhenWoken);
        assert_eq!(dog.next_look(false), NextLook::In(PERIOD), "woken, it looks twice again");
        assert!(dog.look(at(900), [("poll", 1)]).is_empty());
        assert!(dog.lasted(&"poll").is_zero(), "what came after the pause is not what was before it");
    }

    #[test]
    fn no_more_than_some_records_a_second() {
        let mut dog = dog();
        let passed = (0..25).filter(|_| dog.pass(at(0)).is_some()).count();
        assert_eq!(passed, 10);
        assert_eq!(dog.pass(at(20)), Some(15), "it names how many were held back");
    }

    #[test]
    fn bounds_that_are_too_short_or_too_long_are_made_good() {
        assert_eq!(Watchdog::<u8>::new(Duration::ZERO).bound(), Watchdog::<u8>::SHORTEST);
        let mut dog = Watchdog::new(Duration::from_hours(1));
        assert_eq!(dog.period(), Duration::from_millis(250));
        assert!(dog.look(at(0), [((), 1)]).is_empty());
    }
}
