//! Rows about queues: one item, a few in order, producers and consumers in any number, and their ends.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::common::{Ran, between, run, run_whole, side_by_side};

#[test]
fn s14_the_item_and_then_a_timeout_that_is_not_early() {
    let ran = run("s14", &["--unit-ms=50"]);
    assert_eq!(ran.lines, ["37337", "nothing came out of the queue in time"]);
    assert!(ran.finished.elapsed >= Duration::from_millis(100), "{}", ran.finished);
}

#[test]
fn s15_the_consumer_ends_by_itself_and_has_all() {
    let expected = format!("the consumer has ended by itself; the sum is {}", (0..100).sum::<u32>());
    assert_eq!(run_whole("s15", &["--repeat=100"]), vec![expected; 100]);
}

/// One run of S29, from its lines.
fn check_stopped(lines: &[String], consumers: usize) {
    let (mut consumed, mut refused) = (BTreeSet::new(), BTreeSet::new());
    let (mut producers_ended, mut consumers_ended) = (0, 0);
    let [told @ .., account, end] = lines else { panic!("{lines:#?}") };
    for line in told {
        if let Some(message) = line.strip_prefix("consumer got: message ") {
            assert!(consumed.insert(message.parse::<u32>().unwrap()), "twice: {line:?}");
        } else if let Some(message) = line.strip_prefix("producer: message ") {
            let (message, why) = message.split_once(" was refused: ").unwrap();
            assert!(refused.insert(message.parse::<u32>().unwrap()), "twice: {line:?}");
            assert!(["the queue is closed", "no room in the queue in time"].contains(&why), "{line:?}");
        } else if line == "Bye bye from producer!" {
            producers_ended += 1;
        } else {
            assert_eq!(line, "Bye bye from consumer!");
            consumers_ended += 1;
        }
    }
    assert_eq!((producers_ended, consumers_ended), (1, consumers), "{lines:#?}");
    assert!(consumed.is_disjoint(&refused), "{lines:#?}");
    let left_over: usize = between(account, " + ", " left over");
    let (put, all, many) = (consumed.len() + left_over, consumed.len(), refused.len());
    assert_eq!(*account, format!("put {put} = {all} consumed + {left_over} left over; refused {many}"));
    let millis: u64 = between(end, "all have ended within ", " ms");
    assert!(millis < 1_000, "{lines:#?}");
}

#[test]
fn s29_stopped_at_fifty_random_moments_nothing_is_lost_and_all_end() {
    let mut cases = Vec::new();
    for consumers in [1, 2, 3] {
        for (produce, consume) in [("1", "2"), ("2", "1"), ("0", "1"), ("1", "0")] {
            cases.push((consumers, produce, consume));
        }
    }
    side_by_side(&cases, |(consumers, produce, consume)| {
        let many = consumers.to_string();
        let speeds = ["--consumers", &many, "--produce", produce, "--consume", consume];
        let moments = ["--unit-ms=2", "--stop=0", "--stop-within=20", "--repeat=50"];
        let lines = run_whole("s29", &[&speeds[..], &moments].concat());
        let runs: Vec<_> = lines.split_inclusive(|line| line.starts_with("all have ended")).collect();
        assert_eq!(runs.len(), 50);
        for run in runs {
            check_stopped(run, *consumers);
        }
    });
}

#[test]
fn s32_the_owner_has_what_ten_have_written() {
    let dictionary = (0..10).map(|i| format!("{i}: {}", i * 2)).collect::<Vec<_>>().join(", ");
    assert_eq!(run_whole("s32", &["--repeat=100"]), vec![format!("{{{dictionary}}}"); 100]);
}

#[test]
fn s52_four_colours_in_order_in_a_thousand_of_a_thousand_runs() {
    let colours = ["item no:  1   red", "item no:  2   green", "item no:  3   blue", "item no:  4   black"];
    let one = [&["pushing items to queue:"], &colours[..], &["", "popping items from queue:"], &colours[..]].concat();
    let lines = run_whole("s52", &["--repeat=1000"]);
    assert_eq!(lines.len(), 1_000 * one.len());
    assert!(lines.chunks(one.len()).all(|run| run == one));
}

#[test]
fn s53_four_results_of_any_size_by_their_handles() {
    for bytes in ["1", "100000000"] {
        let lines = run_whole("s53", &["--bytes", bytes]);
        let number = |line: &String| line.strip_suffix(&format!(" and {bytes} B")).unwrap().parse::<f64>().unwrap();
        let mut numbers: Vec<_> = lines.iter().map(number).collect();
        numbers.sort_by(f64::total_cmp);
        numbers.dedup();
        assert_eq!(numbers.len(), 4, "{lines:?}");
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)), "{lines:?}");
    }
}

#[test]
fn s54_five_in_order_and_both_end() {
    let lines = run_whole("s54", &["--unit-ms=5"]);
    let (exits, items): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.ends_with(" exits"));
    assert_eq!(items, ["0", "1", "2", "3", "4"]);
    let exits: BTreeSet<_> = exits.into_iter().map(String::as_str).collect();
    assert_eq!(exits, BTreeSet::from(["consumer exits", "producer exits"]));
}

#[test]
fn s55_an_item_that_is_called_end_is_an_item() {
    let lines = run_whole("s55", &["--unit-ms=1", "--end=2"]);
    let items: Vec<_> = lines.iter().filter(|line| !line.ends_with(" exits")).collect();
    assert_eq!(items, ["0", "1", "end", "3", "4"]);
}

/// Every product that was put is consumed once, every consumer ends, and none before the last producer has.
fn check_many(row: &str, producers: u32, consumers: u32, early_end: &str) {
    let (producers_, consumers_) = (producers.to_string(), consumers.to_string());
    let mut options = vec!["--unit-ms=3", "--producers", &producers_, "--consumers", &consumers_];
    // The last one, who has made two by then.
    let last = (producers - 1).to_string();
    if !early_end.is_empty() {
        options.extend([early_end, &last]);
    }
    let Ran { lines, account, finished } = run(row, &options);
    let (mut consumed, mut ended, mut exited) = (BTreeSet::new(), 0, 0);
    for line in &lines {
        if let Some((product, by)) = line.split_once(" consumed by consumer ") {
            assert!(by.parse::<u32>().is_ok_and(|id| id < consumers), "torn: {line:?}");
            assert!(consumed.insert(product.to_owned()), "twice: {line:?}");
        } else if line.starts_with("producer ") {
            ended += 1;
        } else if line.starts_with("consumer ") {
            assert!(line.ends_with(" exits"), "torn: {line:?}");
            exited += 1;
        } else {
            assert!(line.starts_with("error: ") && line.contains(&format!("producer {last} ")), "torn: {line:?}");
            ended += 1;
        }
    }
    let made = |id| if id + 1 == producers && !early_end.is_empty() { 2 } else { 5 };
    let products = (0..producers).flat_map(|id| (0..made(id)).map(move |i| format!("product {i} from producer {id}")));
    assert_eq!(consumed, products.collect(), "{finished}");
    assert_eq!((ended, exited), (producers, consumers), "{finished}");
    assert_eq!(account.accepted, u64::from(producers + consumers), "{finished}");
    assert_eq!(account.count("panicked"), u64::from(early_end == "--panic"), "{finished}");
}

fn check_all(row: &str) {
    let mut cases = Vec::new();
    for producers in [1, 2, 3] {
        for consumers in [1, 2, 3, 5] {
            for early_end in ["", "--early", "--fail", "--panic"] {
                cases.push((producers, consumers, early_end));
            }
        }
    }
    side_by_side(&cases, |(producers, consumers, early_end)| check_many(row, *producers, *consumers, early_end));
}

#[test]
fn s56_s57_any_number_of_producers_and_consumers_and_all_is_consumed_once() {
    check_all("s56");
}

#[test]
fn s63_s64_whoever_ends_how_all_is_consumed_once() {
    check_all("s63");
}

/// What two that poll need in a second is two seconds of CPU time, or one each where there is one CPU for them.
#[cfg(target_os = "linux")]
#[test]
fn s63_idle_consumers_use_no_cpu() {
    let running = crate::common::tutorial("s63", &["--unit-ms=86400000"]).spawn();
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", running.id())).unwrap();
        let fields: Vec<u64> =
            stat.rsplit(')').next().unwrap().split(' ').filter_map(|field| field.parse().ok()).collect();
        // Behind the name come the state, which is no number, and nine more; then the ticks in user code and in the system's.
        fields[10] + fields[11]
    };
    crate::common::wait_for_its_signals(&running);
    // It has begun, and comes to rest: two looks without a tick between them.
    let at_rest = || {
        let before = ticks();
        std::thread::park_timeout(Duration::from_millis(100));
        ticks() == before
    };
    workyard_testkit::wait_for("it has come to rest", crate::common::SOON, at_rest);
    let before = ticks();
    std::thread::park_timeout(Duration::from_secs(2));
    let used = ticks() - before;
    // A tick is 10 ms: one of them in two seconds is less than 1 %.
    assert!(used <= 1, "{used} ticks in two seconds");
    assert!(std::fs::metadata(format!("/proc/{}", running.id())).is_ok());
}
