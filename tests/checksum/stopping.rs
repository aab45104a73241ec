//! The program as it is stopped: by a reader that has gone, and by signals in the middle of a file that never ends.

use std::fs::File;
use std::time::Duration;

use workyard_testkit::{Finished, Program, Running};

use crate::common::{Folder, SOON, program_path};

const FILES: usize = 2_000;

/// Files whose lines fill more than one block, and more than a pipe holds.
fn tree() -> Folder {
    let folder = Folder::new();
    for number in 0..FILES {
        folder.file(format!("{}/{number:04}", "long".repeat(50)).as_bytes(), b"abc");
    }
    folder
}

/// The tree, and behind it a file that takes half an hour.
fn endless_tree() -> Folder {
    let folder = tree();
    File::create(folder.path().join("z")).unwrap().set_len(1 << 40).unwrap();
    folder
}

/// The end that a shell sees when SIGPIPE has ended a program. What nobody takes is not hashed.
#[test]
fn a_reader_that_has_gone_ends_it_quietly() {
    let folder = endless_tree();
    let script = "(\"$0\" \"$1\"; echo \"code $?\" >&2) | head -n 1";
    let shell = Program::new("/bin/sh").arg("-c").arg(script).arg(program_path()).arg(folder.path());
    let finished = shell.run_within(SOON);
    assert_eq!(finished.stderr, "code 141\n", "{finished}");
    assert_eq!(finished.stdout.lines().count(), 1, "{finished}");
    assert!(finished.stdout.ends_with("/0000\n"), "{finished}");
}

#[test]
fn an_output_that_is_full_is_told() {
    let folder = Folder::new();
    folder.file(b"a", b"");
    let script = "test -c /dev/full || { echo none >&2; exit; }; \"$0\" \"$1\" > /dev/full";
    let shell = Program::new("/bin/sh").arg("-c").arg(script).arg(program_path()).arg(folder.path());
    let finished = shell.run_within(SOON);
    if finished.stderr == "none\n" {
        return workyard_testkit::not_run("there is no /dev/full");
    }
    assert_eq!(finished.code, Some(1), "{finished}");
    assert!(finished.stderr.starts_with("checksum: the standard output failed: "), "{finished}");
    assert_eq!(finished.stderr.lines().count(), 1, "{finished}");
}

/// What was hashed is printed, in order and without a gap; the numbers are those of the lines, and the report balances.
fn assert_stopped(finished: &Finished, code: i32) {
    assert_eq!(finished.code, Some(code), "{finished}");
    let lines: Vec<_> = finished.stdout.lines().collect();
    assert!(lines.iter().enumerate().all(|(n, line)| line.ends_with(&format!("/{n:04}"))), "{finished}");
    // What never started may be told as well, behind the report.
    let told: Vec<_> = finished.stderr.lines().filter(|line| !line.starts_with("  never started: ")).collect();
    let [tally, report] = told[..] else { panic!("{finished}") };
    let found = tally.strip_prefix("checksum: found ").unwrap();
    let (found, ended) = found.split_once(": ").unwrap();
    assert_eq!(ended, format!("{} hashed, 0 skipped, 0 failed", lines.len()), "{finished}");
    let found: usize = found.trim_end_matches(" so far").parse().unwrap();
    assert!((lines.len() + 1..=FILES + 1).contains(&found), "{finished}");
    let account = report.strip_prefix("checksum: accepted ").and_then(|report| report.strip_suffix("; stuck: none"));
    let (accepted, outcomes) = account.unwrap_or_else(|| panic!("{finished}")).split_once(" = ").unwrap();
    let number = |text: &str| text.split(' ').next().unwrap().replace('_', "").parse::<u64>().unwrap();
    assert_eq!(number(accepted), outcomes.split(" + ").map(number).sum::<u64>(), "{finished}");
}

#[test]
fn signals_stop_it_in_the_middle_of_a_file() {
    let folder = endless_tree();
    for (how, code) in [(Running::interrupt as fn(&Running), 130), (Running::terminate, 143)] {
        let running = Program::example("checksum").arg(folder.path()).spawn();
        running.wait_for_line("/0000", SOON);
        how(&running);
        let finished = running.finish_within(Duration::from_secs(10));
        assert_stopped(&finished, code);
    }
}

/// The pipe is full and nobody reads: neither the end nor the stop may wait for it.
#[test]
fn an_output_that_nobody_reads_does_not_hold_up_a_stop() {
    let folder = tree();
    let script = "(\"$0\" \"$1\" & echo \"pid $!\" >&2; wait $!; echo \"code $?\" >&2) | (read -r line; echo read >&2; exec sleep 600)";
    let shell = Program::new("/bin/sh").arg("-c").arg(script).arg(program_path()).arg(folder.path());
    let running = shell.spawn();
    let pid = running.wait_for_line("pid ", SOON).replace("pid ", "");
    running.wait_for_line("read", SOON);
    let kill = Program::new("/bin/sh").arg("-c").arg("kill -TERM \"$0\"").arg(pid).run_within(SOON);
    assert_eq!(kill.code, Some(0), "{kill}");
    running.wait_for_line("code 143", Duration::from_secs(10));
    running.wait_for_line("found ", SOON);
    running.wait_for_line("stuck: 1", SOON);
}
