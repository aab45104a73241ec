//! What is written to a pipe: lines, and nothing that moves a cursor.

use std::time::Duration;

use workyard_testkit::Finished;

use crate::program::{lines_of, progress, run};

/// Of one batch of so many blocks.
fn batch(blocks: u64, args: &str) -> Finished {
    let finished = run(progress(&format!("--batches 1 --work 0 --blocks {blocks} {args}")));
    assert!(!finished.stderr.contains(['\r', '\u{1b}']), "{:?}", finished.stderr);
    assert!(finished.stderr.is_empty() || finished.stderr.ends_with('\n'), "{:?}", finished.stderr);
    finished
}

/// As people write it: `100_000`.
fn grouped(number: u64) -> String {
    if number < 1_000 { number.to_string() } else { format!("{}_{:03}", number / 1_000, number % 1_000) }
}

const COUNTS: [u64; 6] = [0, 1, 255, 256, 300, 100_000];

#[test]
fn a_line_for_each_tenth_when_it_is_reached_and_a_last_one() {
    for blocks in COUNTS {
        let finished = batch(blocks, "--threads 1");
        let lines = lines_of(&finished, "batch 1");
        let mut tenths: Vec<_> = (1..10).map(|tenth| (tenth * blocks).div_ceil(10)).collect();
        tenths.dedup();
        tenths.retain(|ended| (1..blocks).contains(ended));
        let total = grouped(blocks);
        assert_eq!(lines.len(), tenths.len() + 1, "{finished}");
        for (line, ended) in lines.iter().zip(&tenths) {
            let expected = format!("{} of {total} ({}%), 0 failed", grouped(*ended), ended * 100 / blocks);
            assert!(line.starts_with(&expected), "{expected:?} in {finished}");
        }
        let last = format!("done, {total} of {total}, 0 failed, in ");
        assert!(lines[tenths.len()].starts_with(&last), "{last:?} in {finished}");
        assert_eq!(finished.stderr.lines().count(), lines.len(), "{finished}");
        assert!(finished.stdout.starts_with(&format!("{blocks} blocks, 0 bad, ")), "{finished}");
    }
}

#[test]
fn many_threads_say_no_tenth_twice_and_none_too_early() {
    for blocks in COUNTS {
        let finished = batch(blocks, "--threads 8");
        let lines = lines_of(&finished, "batch 1");
        let percents: Vec<u64> = lines[..lines.len() - 1].iter().map(|line| percent(line)).collect();
        assert!(percents.windows(2).all(|pair| pair[0] / 10 < pair[1] / 10), "{finished}");
        assert!(percents.iter().all(|percent| (10..=100).contains(percent)), "{finished}");
        let total = grouped(blocks);
        assert!(lines.last().unwrap().starts_with(&format!("done, {total} of {total}, 0 failed, in ")), "{finished}");
    }
}

fn percent(line: &str) -> u64 {
    let (before, _) = line.split_once("%)").unwrap_or_else(|| panic!("no percentage: {line}"));
    before.rsplit_once('(').unwrap().1.parse().unwrap()
}

#[test]
fn an_unknown_total_has_no_share() {
    let finished = batch(300, "--unknown");
    let lines = lines_of(&finished, "batch 1");
    assert_eq!(lines.len(), 1, "no tenths, and no thirty seconds: {finished}");
    assert!(lines[0].starts_with("done, 300 items, 0 failed, in "), "{finished}");
    assert!(!finished.stderr.contains(['%', 'E']), "{finished}");
}

/// P08: nothing is polled for, which would make each of these take half a period longer in the mean.
#[test]
fn the_end_is_shown_at_once() {
    for form in ["plain", "bar", "json"] {
        let took = (0..5).map(|_| {
            let finished = run(progress("--batches 1 --blocks 10 --work 0").env("WORKYARD_PROGRESS", form));
            assert!(finished.stderr.contains("10 of 10") || finished.stderr.contains(r#""done":10"#), "{finished}");
            finished.elapsed
        });
        let shortest = took.min().unwrap();
        assert!(shortest < Duration::from_millis(100), "{form}: {shortest:?}, with the start of the program");
    }
}

#[test]
fn failures_are_in_every_line() {
    let finished = batch(300, "--threads 1 --bad-every 10");
    let lines = lines_of(&finished, "batch 1");
    for (line, ended) in lines.iter().zip((1..10).map(|tenth| tenth * 30)) {
        assert!(line.starts_with(&format!("{ended} of 300 ({}%), {} failed", ended / 3, ended / 10)), "{finished}");
    }
    assert!(lines[9].starts_with("done, 300 of 300, 30 failed, in "), "{finished}");
}

#[test]
fn what_is_given_up_says_how_far_it_came() {
    let finished = batch(100, "--threads 1 --stop-after 34");
    let lines = lines_of(&finished, "batch 1");
    assert_eq!(lines.len(), 4, "{finished}");
    assert!(lines[3].starts_with("stopped at 34 of 100, 0 failed, after "), "{finished}");
    let unknown = batch(100, "--unknown --stop-after 34");
    assert!(lines_of(&unknown, "batch 1")[0].starts_with("stopped at 34 items, 0 failed, after "), "{unknown}");
}

#[test]
fn a_panic_does_not_take_the_last_line() {
    let finished =
        progress("--threads 1 --batches 2 --panic-at 5 --blocks 10 --work 0").run_within(crate::program::SOON);
    assert_eq!(finished.code, Some(101), "{finished}");
    for (name, last) in
        [("batch 1", "stopped at 4 of 10, 0 failed, after "), ("batches", "stopped at 0 of 2, 0 failed, after ")]
    {
        assert!(lines_of(&finished, name).last().is_some_and(|line| line.starts_with(last)), "{finished}");
    }
}

#[test]
fn several_at_once_keep_their_lines_whole() {
    let finished = run(progress("--batches 3 --blocks 100 --work 10 --threads 3 --bad-every 50 --log"));
    for name in ["batch 1", "batch 2", "batch 3"] {
        let lines = lines_of(&finished, name);
        assert!(lines.last().is_some_and(|line| line.starts_with("done, 100 of 100, 2 failed, in ")), "{finished}");
        assert_eq!(lines.iter().filter(|line| line.starts_with("done")).count(), 1, "{finished}");
        assert!(finished.stderr.contains(&format!("\n{name} has 2 bad blocks\n")), "{finished}");
    }
    let all = lines_of(&finished, "batches");
    assert!(all[0].starts_with("1 of 3 (33%), 1 failed") && all[1].starts_with("2 of 3 (66%), 2 failed"), "{finished}");
    assert!(all[2].starts_with("done, 3 of 3, 3 failed, in "), "{finished}");
}
