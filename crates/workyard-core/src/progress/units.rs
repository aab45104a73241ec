//! Owns how numbers are written for people: durations, rates, counts. Never measures any.

use std::fmt;
use std::time::Duration;

use crate::Grouped;

/// Exact up to 2^53, and near enough beyond.
#[expect(clippy::cast_precision_loss, reason = "a rate or an estimate is shown in a few digits")]
pub(super) const fn real(number: u64) -> f64 {
    number as f64
}

/// A duration in as many units as one reads at a glance: `20ms`, `2.1s`, `42s`, `3m05s`, `2h07m`, `3d04h`.
pub(super) struct Span(pub(super) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (millis, seconds) = (self.0.as_millis(), self.0.as_secs());
        match seconds {
            0 => write!(f, "{millis}ms"),
            1..10 => write!(f, "{seconds}.{}s", millis / 100 % 10),
            10..60 => write!(f, "{seconds}s"),
            60..3_600 => write!(f, "{}m{:02}s", seconds / 60, seconds % 60),
            3_600..86_400 => write!(f, "{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
            _ => write!(f, "{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
        }
    }
}

/// Items a second, or in the unit in which there is at least one.
pub(super) struct PerTime(pub(super) f64);

impl fmt::Display for PerTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1.0, "s"), (60.0, "min")];
        let fitting = units.into_iter().find(|(seconds, _)| self.0 * seconds >= 1.0);
        let (seconds, unit) = fitting.unwrap_or((3_600.0, "h"));
        let number = self.0 * seconds;
        if number < 100.0 {
            return write!(f, "{number:.1}/{unit}");
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is 100 or more, and saturates")]
        let whole = number.round() as u64;
        write!(f, "{}/{unit}", Grouped(whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        let spans = [
            (0, "0ms"),
            (999, "999ms"),
            (1_000, "1.0s"),
            (9_999, "9.9s"),
            (10_000, "10s"),
            (59_999, "59s"),
            (185_000, "3m05s"),
            (7_620_000, "2h07m"),
            (86_400_000, "1d00h"),
        ];
        for (ms, text) in spans {
            assert_eq!(Span(Duration::from_millis(ms)).to_string(), text);
        }
        assert!(Span(Duration::MAX).to_string().ends_with('h'));
    }

    #[test]
    fn rates_are_in_the_unit_that_fits() {
        let rates = [
            (52.34, "52.3/s"),
            (1.0, "1.0/s"),
            (0.5, "30.0/min"),
            (0.005, "18.0/h"),
            (0.0, "0.0/h"),
            (12_345.6, "12_346/s"),
            (f64::INFINITY, "18_446_744_073_709_551_615/s"),
        ];
        for (rate, text) in rates {
            assert_eq!(PerTime(rate).to_string(), text);
        }
    }
}
