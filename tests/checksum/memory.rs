//! How much memory it takes, whatever there is to hash. For a file of 4 GiB, by hand:
//! `truncate -s 4G /tmp/large; command time -v target/release/examples/checksum /tmp/large`.

use std::fs::File;

use workyard_testkit::Program;

use crate::common::{Folder, SOON};

#[test]
fn large_files_take_little_memory() {
    let folder = Folder::new();
    for (name, bytes) in [("0", 160_u64 << 20), ("1", 160 << 20), ("2", 1 << 20)] {
        File::create(folder.path().join(name)).unwrap().set_len(bytes).unwrap();
    }
    let finished = Program::example("checksum").arg(folder.path()).run_within(SOON);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished}");
    assert_eq!(finished.stdout.lines().count(), 3, "{finished}");
    let peak = finished.peak_rss_kib;
    assert!(peak.is_none_or(|kib| kib < 60 << 10), "{peak:?} KiB");
}

/// Each batch of these fills its buffer, there are four times as many as may be under way, and reading is faster than hashing: the second
/// time nobody waits for the disk.
#[test]
fn many_short_files_take_little_memory() {
    let folder = Folder::new();
    for number in 0..8_192 {
        let file = File::create(folder.path().join(number.to_string())).unwrap();
        file.set_len((32 << 10) - number % 5).unwrap();
    }
    for _ in 0..2 {
        let finished = Program::example("checksum").arg("--threads=1").arg(folder.path()).run_within(SOON);
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished}");
        assert_eq!(finished.stdout.lines().count(), 8_192, "{finished}");
        let peak = finished.peak_rss_kib;
        assert!(peak.is_none_or(|kib| kib < 90 << 10), "{peak:?} KiB");
    }
}
