//! Rows about what computes: the integral, factorials, e.

use crate::common::{Ran, SOON, between, once_in_five, run, run_whole, side_by_side, tutorial};

fn integral(lines: &[String]) -> f64 {
    let (_, value) = lines[0].split_once(" : ").unwrap_or_else(|| panic!("{lines:?}"));
    value.parse().unwrap()
}

#[test]
fn s08_the_left_ends_of_a_million_steps() {
    let lines = run_whole("s08", &[]);
    assert!(lines[0].starts_with("Numerical solution with N=1000000 : "), "{lines:?}");
    assert!((integral(&lines) - 333.332_833_33).abs() <= 1e-6, "{lines:?}");
}

#[test]
fn s17_as_many_evaluations_as_steps_and_the_value_of_one_piece() {
    let mut cases = Vec::new();
    for from in ["0", "2"] {
        for steps in ["1", "3", "10", "1000000"] {
            cases.push((from, steps));
        }
    }
    side_by_side(&cases, |(from, steps)| {
        let alone = integral(&run_whole("s08", &["--from", from, "--steps", steps]));
        for threads in ["1", "2", "3", "7", "8", "16"] {
            let lines = run_whole("s17", &["--from", from, "--steps", steps, "--threads", threads]);
            assert_eq!(lines[1], format!("{steps} evaluations"), "{threads} threads from {from}");
            let value = integral(&lines);
            // What is printed has nine places.
            assert!((value - alone).abs() <= 1e-9 * alone.abs() + 1e-9, "{value} for {alone}: {threads} threads");
        }
    });
}

#[test]
fn s17_no_steps_are_refused() {
    let finished = tutorial("s17", &["--steps=0"]).run_within(SOON);
    assert_eq!(finished.code, Some(2), "{finished}");
    assert_eq!(finished.stderr, "tutorials: --steps: '0' is not a whole number from 1 to 1000000000\n");
}

#[test]
fn s18_the_number_of_threads_is_an_option() {
    let with = |threads: &str| run_whole("s18", &["--steps=1000", "--threads", threads]);
    assert_eq!(with("1"), with("5"));
}

/// `factorial(n) % (2**61 - 1)`, worked out without large numbers.
fn digest(n: u64) -> u64 {
    let product = (1..=u128::from(n)).fold(1, |product, factor| product * factor % ((1 << 61) - 1));
    u64::try_from(product).unwrap()
}

#[test]
fn s25_s26_the_factorials_are_the_same_alone_and_on_threads() {
    for n in [1, 25, 1_000] {
        let options: &[&str] = &["--many=30", "--n", &n.to_string()];
        let said = |times| format!("factorial({n}) % (2**61 - 1) = {}, {times} times", digest(n));
        assert_eq!(run_whole("s25", options)[0], said(30));
        assert_eq!(run_whole("s26", options)[0], said(60));
    }
}

/// It should be twice as fast on two free CPUs. Other programs may have them, but not every time.
#[test]
fn s26_threads_are_no_slower_than_one() {
    once_in_five(|| {
        let lines = run_whole("s26", &["--many=60", "--n=1000"]);
        let alone: f64 = between(&lines[1], "one after the other: ", " s");
        let together: f64 = between(&lines[2], "threads: ", " s");
        if together <= 1.5 * alone { Ok(()) } else { Err(lines.join("; ")) }
    });
}

/// On a machine that is very busy a task may not have started by the time that it is stopped, and then there is no value.
fn is_e(line: &str) -> Result<(), String> {
    if line == "cancelled before it started: no value" {
        return Err(line.to_owned());
    }
    let e: f64 = line.parse().unwrap();
    assert!((e - std::f64::consts::E).abs() <= 1e-15, "{line}");
    Ok(())
}

#[test]
fn s35_what_there_is_at_the_stop_is_the_value_and_before_the_start_there_is_none() {
    once_in_five(|| {
        let Ran { lines, account, finished } = run("s35", &["--unit-ms=20"]);
        assert_eq!(lines[0], "cancelled before it started: no value");
        is_e(&lines[1])?;
        assert_eq!((account.count("completed"), account.count("cancelled")), (1, 1), "{finished}");
        let micros: u64 = between(&lines[2], "stopped in ", " µs");
        if micros <= 100_000 { Ok(()) } else { Err(lines[2].clone()) }
    });
}

#[test]
fn s36_the_handle_gives_the_value_or_says_why_there_is_none() {
    once_in_five(|| {
        let Ran { lines, account, finished } = run("s36", &["--unit-ms=20"]);
        assert_eq!(lines[0], "the one that dies: index out of bounds: the len is 0 but the index is 0");
        is_e(&lines[1])?;
        assert_eq!((account.count("completed"), account.count("panicked")), (1, 1), "{finished}");
        Ok(())
    });
}

#[test]
fn s37_the_main_thread_is_free_meanwhile() {
    once_in_five(|| {
        let lines = run("s37", &["--unit-ms=20"]).lines;
        assert_eq!(lines[..3], ["something else"; 3]);
        is_e(&lines[3])
    });
}

#[test]
fn s38_one_token_stops_work_on_every_lane() {
    once_in_five(|| {
        let lines = run("s38", &["--unit-ms=20"]).lines;
        is_e(&lines[0])?;
        is_e(&lines[1])
    });
}
