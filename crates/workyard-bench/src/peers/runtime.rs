//! Owns the process around a sample: a runtime of two workers, and an end even if the sample never does.

use std::time::Duration;

use tokio::runtime::Builder;
use workyard::BoxError;

use crate::harness::Sample;

/// Who polls what is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Awaited {
    /// A task of the runtime.
    InTask,
    /// The main thread, by `block_on`.
    InMain,
}

/// Runs `body` on a runtime of two workers.
///
/// # Errors
/// Those of the body, and when it panics or takes longer than a minute and a half.
pub(super) fn run(
    awaited: Awaited,
    body: impl Future<Output = Result<Sample, BoxError>> + Send + 'static,
) -> Result<Sample, BoxError> {
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let sample = match awaited {
        Awaited::InTask => {
            let task = runtime.spawn(body);
            runtime.block_on(async { tokio::time::timeout(LIMIT, task).await }).map(|joined| joined?)
        }
        Awaited::InMain => runtime.block_on(async { tokio::time::timeout(LIMIT, body).await }),
    };
    runtime.shutdown_background();
    sample?
}

/// How many threads compute, for workyard and rayon alike.
pub(super) fn threads() -> usize {
    workyard::machine().usable().get()
}

/// The same on every machine, so that numbers of different machines are of the same thing.
pub(super) const WORKERS: usize = 2;

/// Far more than any sample takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(90);
