//! Owns how long things took, in bounded memory: counts in buckets of a relative width of 1/8. Never reads a clock.
//!
//! Buckets are log-linear, as in `HdrHistogram`: eight to each power of two of nanoseconds, so a percentile is at most
//! 12.5 % too high and never too low. One histogram is 4 KiB, whatever it has seen.
//!
//! Who measures next is mostly another CPU, which has to fetch what it writes to. So the last few are noted beside one another, and counted
//! together; whoever looks sees them all the same.

use std::time::Duration;

use crate::moment::nanos;

const SUB_BITS: u32 = 3;
const SUB: u64 = 1 << SUB_BITS;
const BUCKETS: usize = (64 - SUB_BITS as usize + 1) << SUB_BITS;

/// How many are noted before they are counted: as many as make it half a cache line.
const NOTED: usize = 7;

/// How long things took.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    counts: Box<[u64; BUCKETS]>,
    max: u64,
    /// The buckets of the last ones, which are not counted yet.
    noted: [u16; NOTED],
    /// How many of those there are.
    fresh: u8,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { counts: Box::new([0; BUCKETS]), max: 0, noted: [0; NOTED], fresh: 0 }
    }

    #[inline]
    pub(crate) fn record(&mut self, took: Duration) {
        let took = nanos(took);
        if let Some(note) = self.noted.get_mut(usize::from(self.fresh)) {
            *note = bucket(took);
            self.fresh += 1;
        }
        if usize::from(self.fresh) == NOTED {
            self.count_noted();
        }
        self.max = self.max.max(took);
    }

    #[cold]
    fn count_noted(&mut self) {
        for &bucket in self.noted.iter().take(usize::from(self.fresh)) {
            if let Some(count) = self.counts.get_mut(usize::from(bucket)) {
                *count += 1;
            }
        }
        self.fresh = 0;
    }

    pub(crate) fn percentiles(&mut self) -> Percentiles {
        self.count_noted();
        let seen = self.counts.iter().sum();
        Percentiles {
            seen,
            p50: self.at(500, seen),
            p90: self.at(900, seen),
            p99: self.at(990, seen),
            p999: self.at(999, seen),
            max: Duration::from_nanos(self.max),
        }
    }

    /// The time that `per_mille` of all that were `seen` stay at or below.
    fn at(&self, per_mille: u64, seen: u64) -> Duration {
        let wanted = u128::from(seen) * u128::from(per_mille);
        let mut below = 0_u128;
        for (index, &count) in self.counts.iter().enumerate() {
            below += u128::from(count) * 1_000;
            if below >= wanted {
                return Duration::from_nanos(upper_bound(index).min(self.max));
            }
        }
        Duration::ZERO
    }
}

/// How long things took: half of them at most [`p50`](Self::p50), and so on. Each figure is at most 12.5 % too high.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Percentiles {
    /// How many were seen. The figures below are zero if this is.
    pub seen: u64,
    /// The median.
    pub p50: Duration,
    /// 90 of 100 took at most this.
    pub p90: Duration,
    /// 99 of 100 took at most this.
    pub p99: Duration,
    /// 999 of 1,000 took at most this.
    pub p999: Duration,
    /// The longest, exactly.
    pub max: Duration,
}

#[inline]
fn bucket(value: u64) -> u16 {
    let shift = (value | SUB).ilog2() - SUB_BITS;
    // Below BUCKETS: the shift is at most 60, the mantissa below 2 × SUB.
    u16::try_from(u64::from(shift) * SUB + (value >> shift)).unwrap_or(u16::MAX)
}

/// The largest value of a bucket.
fn upper_bound(index: usize) -> u64 {
    let index = index as u64;
    let shift = (index / SUB).saturating_sub(1);
    let mantissa = index - shift * SUB;
    (((u128::from(mantissa) + 1) << shift) - 1).try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket_and_the_bucket_is_narrow() {
        let powers = (0..64).map(|bit| 1_u64 << bit);
        let values = powers.flat_map(|p| [p - 1, p, p + 1, p | p >> 1, p | p >> 2]).chain([u64::MAX]);
        for value in values {
            let index = usize::from(bucket(value));
            assert!(index < BUCKETS, "{value} is in bucket {index}");
            let upper = upper_bound(index);
            assert!(upper >= value, "{value} is above its bucket's {upper}");
            assert!(upper - value <= value / SUB, "{value} is far below its bucket's {upper}");
            assert!(index == 0 || upper_bound(index - 1) < value, "{value} belongs to an earlier bucket");
        }
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_values() {
        let mut histogram = Histogram::new();
        for micros in 1..=1_000 {
            histogram.record(Duration::from_micros(micros));
        }
        let p = histogram.percentiles();
        assert_eq!((p.seen, p.max), (1_000, Duration::from_millis(1)));
        for (figure, exact) in [(p.p50, 500), (p.p90, 900), (p.p99, 990), (p.p999, 999)] {
            let exact = Duration::from_micros(exact);
            assert!(figure >= exact && figure <= exact + exact / 8, "{figure:?} for {exact:?}");
        }
    }

    #[test]
    fn the_longest_time_is_in_the_last_bucket_and_4_kib_are_enough() {
        assert_eq!(usize::from(bucket(u64::MAX)), BUCKETS - 1);
        assert!(size_of_val(&*Histogram::new().counts) <= 4 << 10);
    }

    #[test]
    fn all_that_was_seen_counts_at_once() {
        let mut histogram = Histogram::new();
        for seen in 1..=3 * NOTED as u64 {
            histogram.record(Duration::from_nanos(seen));
            let p = histogram.percentiles();
            assert_eq!((p.seen, p.max), (seen, Duration::from_nanos(seen)));
        }
    }

    #[test]
    fn nothing_seen_is_all_zero() {
        assert_eq!(Histogram::new().percentiles(), Percentiles::default());
    }
}
