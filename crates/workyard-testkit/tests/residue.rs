//! What a process still holds. One test in a process of its own: it counts what all tests of a process hold together.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use workyard_testkit::{Program, Residue, threads_named, wait_for};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn what_is_held_is_seen_named_and_gone_again() {
    let before = Residue::now();
    before.assert_back(Duration::ZERO);

    // A thread and a file.
    let (end, until_end) = mpsc::channel::<()>();
    let body = move || until_end.recv().unwrap_err();
    let held = thread::Builder::new().name("held-thread-with-a-long-name".to_owned()).spawn(body).unwrap();
    let file = File::open("/proc/self/status").unwrap();
    // A thread gives itself its name, once it runs.
    wait_for("the thread has its name", SOON, || threads_named("held-") == Some(vec!["held-thread-wit".to_owned()]));
    assert_eq!(threads_named("held-thread-with-a-long-name").unwrap().len(), 1, "as much of the name as there can be");
    assert_eq!(threads_named("held-thing").unwrap().len(), 0);
    let during = Residue::now();
    assert_eq!(during.threads(), before.threads().map(|n| n + 1));
    assert_eq!(during.fds(), before.fds().map(|n| n + 1));

    let failed = catch_unwind(AssertUnwindSafe(|| before.assert_back(Duration::from_millis(5))));
    let message = *failed.unwrap_err().downcast::<String>().unwrap();
    assert!(message.starts_with("still there after 5ms:\n  thread "), "{message}");
    assert!(message.contains(" (held-thread-wit)\n  fd ") && message.ends_with("/status)"), "{message}");

    // Either alone is residue.
    drop(file);
    assert!(catch_unwind(AssertUnwindSafe(|| before.assert_back(Duration::ZERO))).is_err());
    let file = File::open("/proc/self/status").unwrap();
    drop(end);
    held.join().unwrap();
    wait_for("the thread is gone", SOON, || Residue::now().threads() == before.threads());
    assert!(catch_unwind(AssertUnwindSafe(|| before.assert_back(Duration::ZERO))).is_err());
    drop(file);
    before.assert_back(SOON);

    // Programs leave nothing, whichever way they end.
    Program::new("/bin/sh").arg("-c").arg("echo done").run_within(SOON);
    let running = Program::new("/bin/sh").arg("-c").arg("echo up; sleep 60").spawn();
    running.wait_for_line("up", SOON);
    drop(running);
    before.assert_back(SOON);
}
