//! Owns when an item was put, for queues that order by age, and how often a clock is read for that. Never reads one itself.
//!
//! A clock takes as long to read as everything else that a put does, and who puts a million items a second need not know of each when it
//! came: so where puts follow one another within a microsecond, and have for a while, one of eight reads the clock, and the others
//! count as put when that was.
//!
//! *Error.* While they go on like that, some microseconds. If they pause in the midst, at most seven items that come after the pause
//! count as put before it; none if anyone has waited for an item or for room meanwhile, since the next put reads the clock then. A clock
//! that stands still between two puts, as one that tests step, is read for each.

/// Counted in nanoseconds since the queue was made, which last for 584 years.
pub(super) type Nanos = u64;

/// How far puts may be apart that need not read the clock each.
const APART: Nanos = 1_000;

/// How many such have to come in a row before.
const IN_A_ROW: u32 = 64;

/// How many go without, then.
const SKIPPED: u32 = 7;

/// The least time that makes an item more urgent by a level, where that may be.
const LEAST_STEP: Nanos = 1_000_000;

/// The times of puts.
#[derive(Debug)]
pub(super) struct PutTimes {
    /// What was read last. The next is not before: clocks of several threads may disagree.
    latest: Nanos,
    /// Puts that go without.
    spare: u32,
    /// Puts since the clock was read.
    skipped: u32,
    /// Looks in a row between which puts came fast.
    fast: u32,
    may_skip: bool,
}

impl PutTimes {
    /// For items that become more urgent by a level in this time.
    pub(super) const fn new(step: Nanos) -> Self {
        Self { latest: 0, spare: 0, skipped: 0, fast: 0, may_skip: step >= LEAST_STEP }
    }

    /// When the item that is put now was put.
    #[inline]
    pub(super) fn next(&mut self, clock: impl FnOnce() -> Nanos) -> Nanos {
        if self.spare > 0 {
            self.spare -= 1;
            self.skipped += 1;
        } else {
            self.read(clock());
        }
        self.latest
    }

    /// The next put reads the clock, whatever came before.
    pub(super) const fn look(&mut self) {
        self.spare = 0;
    }

    fn read(&mut self, now: Nanos) {
        let passed = now.saturating_sub(self.latest);
        let is_fast = passed > 0 && passed <= APART * Nanos::from(self.skipped + 1);
        self.fast = if is_fast { (self.fast + 1).min(IN_A_ROW) } else { 0 };
        self.latest = self.latest.max(now);
        self.skipped = 0;
        self.spare = if self.may_skip && self.fast == IN_A_ROW { SKIPPED } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    /// Puts so many items, one each `apart`. How often the clock was read.
    fn put(times: &mut PutTimes, now: &mut Nanos, puts: u32, apart: Nanos) -> u32 {
        let mut reads = 0;
        for _ in 0..puts {
            *now += apart;
            let time = times.next(|| {
                reads += 1;
                *now
            });
            assert!(time <= *now && *now - time <= APART * Nanos::from(SKIPPED), "{time} at {now}");
        }
        reads
    }

    #[test]
    fn the_clock_is_read_for_each_put_until_many_came_fast() {
        let (mut times, mut now) = (PutTimes::new(SECOND), SECOND);
        assert_eq!(put(&mut times, &mut now, IN_A_ROW, APART), IN_A_ROW, "the first has none before it");
        assert_eq!(put(&mut times, &mut now, 1, APART), 1);
        assert_eq!(put(&mut times, &mut now, 800, APART), 100);
        assert_eq!(put(&mut times, &mut now, 7, APART), 0);
        now += 1;
        let slow = 1 + IN_A_ROW;
        assert_eq!(put(&mut times, &mut now, slow + 800, APART), slow + 100, "slower by a nanosecond in eight");
    }

    #[test]
    fn after_a_pause_seven_count_as_put_before_it_and_none_if_somebody_waited() {
        for waited in [false, true] {
            let (mut times, mut now) = (PutTimes::new(SECOND), SECOND);
            put(&mut times, &mut now, IN_A_ROW + 1, APART);
            let paused = now;
            now += SECOND;
            if waited {
                times.look();
            }
            let before = (0..800).filter(|_| times.next(|| now) == paused).count();
            assert_eq!(before, if waited { 0 } else { 7 });
        }
    }

    #[test]
    fn a_clock_that_stands_between_puts_and_a_short_step_have_it_read_for_each() {
        let (mut times, mut now) = (PutTimes::new(SECOND), SECOND);
        assert_eq!(put(&mut times, &mut now, 1_000, 0), 1_000);
        assert_eq!(put(&mut times, &mut now, 1_000, APART + 1), 1_000);
        let mut times = PutTimes::new(LEAST_STEP - 1);
        assert_eq!(put(&mut times, &mut now, 1_000, APART), 1_000);
    }

    #[test]
    fn time_does_not_go_back() {
        let mut times = PutTimes::new(SECOND);
        assert_eq!([5, 3, 7].map(|now| times.next(|| now)), [5, 5, 7]);
    }
}
