//! What a policy may be told, and what is refused.

use std::time::Duration;

use workyard::{InvalidRetry, Retry, RetryBudget};

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let begin = Retry::exponential;
    let (ms, day) = (Duration::from_millis(1), Duration::from_hours(24));
    let refused: [(_, &str); 9] = [
        (begin().attempts(0), "attempts is 0, allowed is 1 to 4294967295"),
        (begin().factor(0.0), "factor is 0, allowed is 1 to 1000"),
        (begin().factor(0.999), "factor is 0.999, allowed is 1 to 1000"),
        (begin().factor(f64::INFINITY), "factor is inf, allowed is 1 to 1000"),
        (begin().factor(f64::NAN), "factor is NaN, allowed is 1 to 1000"),
        (begin().min_delay(Duration::ZERO), "min_delay is 0ns, allowed is 1ms to 86400s"),
        (begin().min_delay(31 * 1_000 * ms), "max_delay is 30s, allowed is 31s to 86400s"),
        (begin().max_delay(Duration::MAX), "max_delay is 18446744073709551615.999999999s, allowed is 100ms to 86400s"),
        (begin().max_delay(ms), "max_delay is 1ms, allowed is 100ms to 86400s"),
    ];
    for (builder, expected) in refused {
        assert_eq!(builder.build().unwrap_err().to_string(), expected);
    }
    let error = RetryBudget::new(f64::NAN, 1).unwrap_err();
    assert!(matches!(error, InvalidRetry::Number { setting: "ratio", .. }), "{error}");
    assert_eq!(RetryBudget::new(0.1, 0).unwrap_err().setting(), "reserve");
    let widest = begin().attempts(u32::MAX).min_delay(ms).max_delay(day).factor(1_000.0);
    assert_eq!(widest.build().unwrap().attempts(), u32::MAX);
    let least = begin().attempts(1).min_delay(ms).max_delay(ms).factor(1.0);
    assert_eq!(least.build().unwrap().attempts(), 1);
    assert_eq!(begin().build().unwrap().attempts(), 3, "the defaults are in range");
}
