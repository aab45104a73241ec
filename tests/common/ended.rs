//! Owns the wait for a shutdown on a clock that stands.

use std::thread;
use std::time::{Duration, Instant};

use workyard::{Report, Scheduler};

/// How long it may take in real time.
const SOON: Duration = Duration::from_secs(20);

/// The report of the shutdown. Its threads take their own time, while a clock that stands jumps to whatever is awaited next: so it is asked for
/// more than once.
pub(crate) async fn ended(yard: &Scheduler) -> Report {
    let began = Instant::now();
    loop {
        match tokio::time::timeout(1_000 * SOON, yard.shutdown()).await {
            Ok(report) => return report,
            Err(_) => assert!(began.elapsed() < SOON, "shutdown ends"),
        }
        thread::sleep(Duration::from_millis(1));
    }
}
