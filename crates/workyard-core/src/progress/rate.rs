//! Owns the rate at which items end, as a moving average, and what may be concluded from it. Never knows the words for it.

use std::time::Duration;

use super::units::real;
use crate::Moment;

/// How fast items end, learnt from looks at their count.
///
/// Two averages, each of which forgets exponentially: one of the last seconds and one of some more. While they agree the
/// rate is steady. Where items are slow the averages look back further, so that one of them always means several items.
#[derive(Clone, Debug)]
pub(super) struct Rate {
    began: Moment,
    last_at: Moment,
    last_ended: u64,
    recent: Average,
    usual: Average,
}

impl Rate {
    pub(super) const fn new(now: Moment) -> Self {
        Self { began: now, last_at: now, last_ended: 0, recent: Average::NONE, usual: Average::NONE }
    }

    /// Looks at the count. Looks that follow each other closely are one.
    pub(super) fn observe(&mut self, now: Moment, ended: u64) {
        let over = now.since(self.last_at);
        if over < LOOKS_APART {
            return;
        }
        let rate = real(ended.saturating_sub(self.last_ended)) / over.as_secs_f64();
        let per_item = now.since(self.began).as_secs_f64() / real(ended.max(1));
        self.recent.add(rate, over, RECENT.as_secs_f64().max(RECENT_ITEMS * per_item));
        self.usual.add(rate, over, USUAL.as_secs_f64().max(USUAL_ITEMS * per_item));
        (self.last_at, self.last_ended) = (now, ended);
    }

    /// Items a second, once there is a second to tell it from.
    pub(super) fn per_second(&self) -> Option<f64> {
        let is_known = self.observed() >= RATE_AFTER && self.last_ended > 0;
        is_known.then(|| self.usual.value()).flatten()
    }

    /// How long `remaining` items will take: only if enough have been seen, at a rate that is steady.
    pub(super) fn eta(&self, remaining: u64) -> Option<Duration> {
        let is_enough = self.observed() >= ETA_AFTER && self.last_ended >= ETA_AFTER_ITEMS;
        let (recent, usual) = (self.recent.value()?, self.usual.value()?);
        let is_steady = recent <= usual * STEADY_WITHIN && usual <= recent * STEADY_WITHIN;
        if !is_enough || !is_steady || remaining == 0 {
            return None;
        }
        // At a rate of nothing it would be infinite, which is no duration.
        Duration::try_from_secs_f64(real(remaining) / usual).ok().filter(|eta| *eta <= ETA_MOST)
    }

    fn observed(&self) -> Duration {
        self.last_at.since(self.began)
    }
}

/// An average that forgets what is older than its span, by and by.
#[derive(Clone, Debug)]
struct Average {
    sum: f64,
    /// What `sum` would be had the rate been one all the time, which takes out that it starts from zero.
    weight: f64,
}

impl Average {
    const NONE: Self = Self { sum: 0.0, weight: 0.0 };

    fn add(&mut self, rate: f64, over: Duration, span_s: f64) {
        let share = -(-over.as_secs_f64() / span_s).exp_m1();
        self.sum += share * (rate - self.sum);
        self.weight += share * (1.0 - self.weight);
    }

    fn value(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}

const LOOKS_APART: Duration = Duration::from_millis(50);

const RECENT: Duration = Duration::from_secs(2);
const RECENT_ITEMS: f64 = 3.0;

const USUAL: Duration = Duration::from_secs(10);
const USUAL_ITEMS: f64 = 15.0;

const RATE_AFTER: Duration = Duration::from_secs(1);

const ETA_AFTER: Duration = Duration::from_secs(3);
const ETA_AFTER_ITEMS: u64 = 5;

/// The averages agree while neither is more than this many times the other.
const STEADY_WITHIN: f64 = 2.0;

/// Beyond that, a number is no help.
const ETA_MOST: Duration = Duration::from_hours(24 * 99);

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at `ended` items after so many milliseconds.
    fn looked(looks: impl IntoIterator<Item = (u64, u64)>) -> Rate {
        let mut rate = Rate::new(Moment::default());
        for (ms, ended) in looks {
            rate.observe(Moment::new(Duration::from_millis(ms)), ended);
        }
        rate
    }

    fn steps(each_ms: u64, until_ms: u64, items: u64) -> impl Iterator<Item = (u64, u64)> {
        (1..=until_ms / each_ms).map(move |step| (step * each_ms, step * items))
    }

    fn is_near(value: Option<f64>, expected: f64) -> bool {
        value.is_some_and(|value| (value - expected).abs() < expected * 1e-6)
    }

    #[test]
    fn a_constant_rate_is_told_exactly_from_the_first_second_on() {
        assert_eq!(looked(steps(100, 900, 5)).per_second(), None);
        for until in [1_000, 10_000, 100_000] {
            assert!(is_near(looked(steps(100, until, 5)).per_second(), 50.0), "{until}");
        }
        assert!(is_near(looked(steps(20_000, 400_000, 1)).per_second(), 0.05));
    }

    #[test]
    fn looks_that_come_too_close_lose_nothing() {
        assert!(is_near(looked(steps(1, 10_000, 3)).per_second(), 3_000.0));
    }

    #[test]
    fn looks_are_fifty_milliseconds_apart() {
        let mut rate = looked([(1_000, 0), (1_010, 5)]);
        assert_eq!(rate.per_second(), None, "the second look came too soon");
        rate.observe(Moment::new(Duration::from_millis(1_050)), 5);
        assert!(rate.per_second().is_some());
    }

    #[test]
    fn a_rate_that_rises_by_less_than_half_stays_steady() {
        let mut rate = looked(steps(100, 20_000, 10));
        for step in 1..=50 {
            rate.observe(Moment::new(Duration::from_millis(20_000 + step * 100)), 2_000 + step * 14);
            assert!(rate.eta(100).is_some(), "step {step}");
        }
    }

    #[test]
    fn the_average_moves() {
        let slow = (1..=600).map(|step| (20_000 + step * 100, 2_000 + step));
        let rate = looked(steps(100, 20_000, 10).chain(slow)).per_second().unwrap();
        assert!((10.0..11.0).contains(&rate), "100 a second, and for the last minute 10: {rate}");
    }

    #[test]
    fn nothing_ended_is_no_rate() {
        assert_eq!(looked(steps(100, 10_000, 0)).per_second(), None);
        assert_eq!(looked(steps(100, 10_000, 0)).eta(10), None);
        assert_eq!(looked([]).eta(10), None);
    }

    #[test]
    fn an_estimate_needs_history() {
        assert_eq!(looked(steps(100, 2_900, 1)).eta(100), None);
        assert_eq!(looked(steps(100, 3_000, 1)).eta(100), Some(Duration::from_secs(10)));
        assert_eq!(looked(steps(10_000, 40_000, 1)).eta(6), None, "four items");
        assert_eq!(looked(steps(10_000, 50_000, 1)).eta(6), Some(Duration::from_secs(60)));
    }

    #[test]
    fn an_estimate_needs_a_steady_rate() {
        let mut rate = looked(steps(100, 20_000, 10));
        assert!(rate.eta(100).is_some());
        let ended = 2_000;
        let mut told = Vec::new();
        for step in 1..=600_u64 {
            rate.observe(Moment::new(Duration::from_millis(20_000 + step * 100)), ended + step);
            told.push(rate.eta(1_000).map(|eta| eta.as_secs()));
        }
        let silent = told.iter().filter(|eta| eta.is_none()).count();
        assert!((50..300).contains(&silent), "the rate fell to a tenth: {silent}");
        assert!(told[..5].iter().all(Option::is_some), "a moment is no trend");
        assert!((90..=100).contains(&told[599].unwrap()), "{:?}", told[599]);
    }

    #[test]
    fn slow_items_that_differ_a_little_are_steady() {
        let mut at = 0;
        let looks: Vec<_> = (1..=20)
            .map(|item| {
                at += if item % 2 == 0 { 8_000 } else { 12_000 };
                (at, item)
            })
            .collect();
        let eta = looked(looks).eta(6).unwrap().as_secs();
        assert!((50..70).contains(&eta), "{eta}");
    }

    #[test]
    fn what_is_too_far_or_over_has_no_estimate() {
        let rate = looked(steps(1_000, 10_000, 1));
        assert_eq!(rate.eta(0), None);
        assert_eq!(rate.eta(u64::MAX), None);
        assert_eq!(rate.eta(24 * 3_600), Some(Duration::from_hours(24)));
    }
}
