//! The program as it is stopped: by signals, by the time, by a reader that has gone, by an output that nobody reads.

#![cfg(unix)]

use std::time::Duration;

use workyard_testkit::{Finished, Program, Running};

use crate::common::{Folder, SOON, Told, program, program_path};

/// Ends and says so. A stop takes less than a second; here it may take ten times that.
fn stopped(running: Running, how: fn(&Running)) -> Finished {
    how(&running);
    running.finish_within(Duration::from_secs(10))
}

/// The three lines at the end, which balance.
fn assert_balanced(told: &Told) {
    told.assert_nothing_lost();
    let [made, put, refused, consumed, left_over] = told.counts();
    assert_eq!(told.end[0], format!("made {made} = {put} put + {refused} refused"));
    assert_eq!(told.end[1], format!("put {put} = {consumed} consumed + {left_over} left over"));
    assert!(told.end[2].starts_with("accepted ") && told.end[2].ends_with("; stuck: none"), "{told:?}");
}

#[test]
fn the_toy_program_balances_at_its_end() {
    let fast = program().arg("--produce-ms=0").arg("--consume-ms=0");
    let finished = fast.clone().arg("--items=1000").run_within(SOON);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished}");
    let told = Told::of(&finished.stdout);
    assert_balanced(&told);
    assert_eq!(told.counts(), [2_000, 2_000, 0, 2_000, 0]);

    let finished = fast.arg("--fail-producer=1").arg("--panic-producer=2").run_within(SOON);
    assert_eq!(finished.code, Some(1), "{finished}");
    let told = Told::of(&finished.stdout);
    assert_balanced(&told);
    assert_eq!((told.counts(), told.failures.len()), ([4, 4, 0, 4, 0], 2), "{finished}");
    assert!(told.end[2].contains("3 completed + 1 failed + 1 panicked"), "{finished}");
}

#[test]
fn signals_and_the_time_stop_the_toy_program() {
    let slow = |consume| program().arg("--consume-ms").arg(consume).arg("--produce-ms=1").arg("--items=100000");
    let ways = [(Running::interrupt as fn(&Running), 130), (Running::terminate, 143)];
    for consume in ["0", "1", "3600s"] {
        for (how, code) in ways {
            let running = slow(consume).spawn();
            running.wait_for_line("put item ", SOON);
            let finished = stopped(running, how);
            assert_eq!(finished.code, Some(code), "{finished}");
            assert_balanced(&Told::of(&finished.stdout));
        }
        let finished = slow(consume).arg("--stop-after=50ms").run_within(Duration::from_secs(10));
        assert_eq!(finished.code, Some(0), "{finished}");
        assert_balanced(&Told::of(&finished.stdout));
    }
}

fn shell(script: &str) -> Program {
    Program::new("/bin/sh").arg("-c").arg(script).arg(program_path())
}

/// What was counted is printed, the report balances, and the memory is that of the buffers. The one reader never gets to the
/// second file; the total stands there for what was named.
#[test]
fn an_endless_pipe_is_cut_by_a_signal() {
    let folder = Folder::new();
    let script = "mkfifo \"$1\"; \
                  (yes 'some words' | head -c 5000000; echo fed >&2; exec yes 'some words' 2> /dev/null) > \"$1\" & \
                  exec \"$0\" --producers 1 \"$1\" /dev/null";
    let running = shell(script).arg(folder.path().join("endless")).spawn();
    running.wait_for_line("fed", SOON);
    let finished = stopped(running, Running::interrupt);
    assert_eq!(finished.code, Some(130), "{finished}");
    let numbers = |line: &str| line.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<u64>>();
    let lines: Vec<_> = finished.stdout.lines().map(numbers).collect();
    let [endless, total] = &lines[..] else { panic!("{finished}") };
    let [lines, words, bytes] = endless[..] else { panic!("{finished}") };
    // All but what was in the pipe, and what was just being read.
    assert!(bytes > 4_500_000, "{finished}");
    // A line of the endless text is two words in eleven bytes; the first begins at once, the second after five.
    let (whole, rest) = (bytes / 11, bytes % 11);
    assert_eq!((lines, words), (whole, 2 * whole + u64::from(rest > 0) + u64::from(rest > 5)), "{finished}");
    assert_eq!(total, endless, "{finished}");
    let told = finished.stderr.lines().find(|line| line.contains("accepted ")).unwrap();
    assert!(told.starts_with("producer_consumer: accepted ") && told.contains("; stuck: "), "{finished}");
    assert!(finished.peak_rss_kib.is_none_or(|kib| kib < 100 << 10), "{finished}");
}

/// A read that waits for a silent pipe cannot be ended: it is left behind, and the report names it.
#[cfg(target_os = "linux")]
#[test]
fn a_silent_pipe_is_left_behind() {
    let folder = Folder::new();
    // The program holds the other end as well, so the pipe never ends.
    let script = "mkfifo \"$1\"; exec 3<>\"$1\"; exec \"$0\" \"$1\"";
    let silent = folder.path().join("silent");
    let running = shell(script).arg(&silent).spawn();
    let open_twice = || {
        let fds = std::fs::read_dir(format!("/proc/{}/fd", running.id())).unwrap().flatten();
        fds.filter(|fd| std::fs::read_link(fd.path()).is_ok_and(|file| file == silent)).count() == 2
    };
    workyard_testkit::wait_for("the program has opened the pipe", SOON, open_twice);
    let finished = stopped(running, Running::terminate);
    assert_eq!(finished.code, Some(143), "{finished}");
    assert_eq!(finished.stdout, format!("      0       0       0 {}\n", silent.display()), "{finished}");
    assert!(finished.stderr.contains(" completed + 1 abandoned; stuck: 1\n"), "{finished}");
    assert!(finished.stderr.contains("\"read\" on blocking"), "{finished}");
}

/// What came through a pipe is counted, however little it was and however long the rest takes.
#[test]
fn what_came_before_a_silence_is_counted() {
    let folder = Folder::new();
    let script = "mkfifo \"$1\"; exec 3<>\"$1\"; (head -c 1000000 /dev/zero; echo fed >&2) >&3 & exec \"$0\" \"$1\"";
    let running = shell(script).arg(folder.path().join("silent")).spawn();
    running.wait_for_line("fed", SOON);
    let finished = stopped(running, Running::interrupt);
    let bytes: u64 = finished.stdout.split_whitespace().nth(2).unwrap().parse().unwrap();
    assert!((800_000..=1_000_000).contains(&bytes), "{finished}");
}

#[test]
fn a_reader_that_has_gone_ends_the_program_quietly() {
    let folder = Folder::new();
    let file = folder.file("file", b"x\n");
    for script in [
        "\"$0\" --items 100000 --produce-ms 0 --consume-ms 0 | head -n 1",
        "set --; for _ in 1 2 3 4 5 6 7 8 9 10; do set -- \"$@\" \"$FILE\" \"$FILE\" \"$FILE\"; done; \
         set -- \"$@\" \"$@\" \"$@\" \"$@\" \"$@\" \"$@\" \"$@\" \"$@\"; \"$0\" \"$@\" | head -n 1",
    ] {
        let finished = shell(script).env("FILE", &file).run_within(Duration::from_secs(10));
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished}");
        assert_eq!(finished.stdout.lines().count(), 1, "{finished}");
    }
}

/// The pipe is full and its reader sleeps: the stop may not wait for it. The account goes to stderr then.
#[test]
fn an_output_that_nobody_reads_does_not_hold_up_a_stop() {
    let script = "(\"$0\" --items 1000000 --produce-ms 0 --consume-ms 0 --stop-after 300ms; echo \"code $?\" >&2) | \
                  (read -r line; exec sleep 600)";
    let running = shell(script).spawn();
    running.wait_for_line("code 0", Duration::from_secs(10));
    let told = running.wait_for_line("made ", SOON);
    assert!(told.contains(" put + "), "{told}");
    running.wait_for_line("stuck: 1", SOON);
}
