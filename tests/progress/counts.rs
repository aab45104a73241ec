//! The counts, whoever adds to them, while lines are written.

use std::io;
use std::sync::mpsc;
use std::thread;

use workyard::Progress;

use crate::program::{SOON, apart, lines_of};

#[test]
fn counts_are_exact_whatever_the_number_of_threads_and_items() {
    let finished = apart("counts::counts_are_exact_whatever_the_number_of_threads_and_items", "plain", || {
        for threads in [1, 3, 8] {
            for items in [0, 1, 255, 256, 300, 100_000] {
                count(threads, items);
            }
        }
    });
    if let Some(finished) = finished {
        let ends = lines_of(&finished, "exact").into_iter().filter(|line| line.starts_with("done, ")).count();
        assert_eq!(ends, 18, "{finished}");
        let last = lines_of(&finished, "exact").pop().unwrap();
        assert!(last.starts_with("done, 800_000 of 800_000, 266_672 failed, in "), "{finished}");
    }
}

fn count(threads: u64, items: u64) {
    let progress = Progress::new("exact");
    progress.set_total(Some(items * threads));
    thread::scope(|scope| {
        for _ in 0..threads {
            let progress = progress.clone();
            scope.spawn(move || {
                for item in 0..items {
                    let fails = item % 3 == 0;
                    progress.add((!fails).into(), fails.into());
                }
            });
        }
    });
    let failed = items.div_ceil(3) * threads;
    assert_eq!((progress.done() + progress.failed(), progress.failed()), (items * threads, failed));
    progress.finish();
}

#[test]
fn chunks_count_by_their_items() {
    let finished = apart("counts::chunks_count_by_their_items", "plain", || {
        let progress = Progress::new("chunks");
        for _ in 0..300 {
            progress.add(255, 1);
        }
        progress.add(0, 0);
        assert_eq!((progress.done(), progress.failed()), (76_500, 300));
    });
    if let Some(finished) = finished {
        assert!(finished.stderr.starts_with("chunks: stopped at 76_800 items, 300 failed, after "), "{finished}");
    }
}

#[test]
fn the_total_may_come_late_change_and_go() {
    apart("counts::the_total_may_come_late_change_and_go", "off", || {
        let progress = Progress::new("late");
        assert_eq!(progress.total(), None);
        for total in [Some(0), Some(256), Some(u64::MAX - 1), None] {
            progress.set_total(total);
            assert_eq!(progress.total(), total);
        }
        progress.set_total(Some(u64::MAX));
        assert_eq!(progress.total(), None, "it is taken for unknown, as documented");
    });
}

#[test]
fn it_ends_once_and_still_counts() {
    let finished = apart("counts::it_ends_once_and_still_counts", "plain", || {
        let progress = Progress::new("over");
        let clone = progress.clone();
        progress.set_total(Some(7));
        progress.add(1, 0);
        clone.finish();
        progress.finish();
        progress.add(1, 1);
        progress.add(1, 0);
        progress.set_total(Some(8));
        assert_eq!((clone.done(), clone.failed(), clone.total()), (3, 1, Some(8)));
        let shown = format!("{progress:?}");
        assert!(shown.contains("\"over\"") && shown.contains("done: 3, failed: 1, total: Some(8)"), "{shown}");
    });
    if let Some(finished) = finished {
        let lines = lines_of(&finished, "over");
        assert_eq!(lines.len(), 2, "{finished}");
        assert!(lines[0].starts_with("1 of 7 (14%), 0 failed") && lines[1].starts_with("done, 1 of 7, "), "{finished}");
    }
}

#[test]
fn only_the_last_clone_ends_it() {
    let finished = apart("counts::only_the_last_clone_ends_it", "plain", || {
        let progress = Progress::new("clones");
        progress.set_total(Some(2));
        drop(progress.clone());
        progress.add(1, 0);
        let last = progress.clone();
        drop(progress);
        last.add(1, 0);
    });
    if let Some(finished) = finished {
        let lines = lines_of(&finished, "clones");
        assert_eq!(lines.len(), 2, "{finished}");
        assert!(lines[1].starts_with("done, 2 of 2, 0 failed, in "), "all of a known total: {finished}");
    }
}

#[test]
fn only_one_of_those_who_add_waits_for_stderr() {
    for setting in ["plain", "bar"] {
        apart("counts::only_one_of_those_who_add_waits_for_stderr", setting, || {
            let progress = Progress::new("waiting");
            let (added, has_added) = mpsc::channel();
            let held = io::stderr().lock();
            let adders = [(); 3].map(|()| {
                let (progress, added) = (progress.clone(), added.clone());
                thread::spawn(move || {
                    progress.add(1, 0);
                    added.send(()).unwrap();
                })
            });
            for _ in 1..adders.len() {
                has_added.recv_timeout(SOON / 3).expect("all but one go on");
            }
            drop(held);
            for adder in adders {
                adder.join().unwrap();
            }
            assert_eq!(progress.done(), 3);
        });
    }
}
