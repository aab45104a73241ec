//! Owns the process around a sample: the runtime that a service would have, and an end even if the sample never does.

use std::time::Duration;

use tokio::runtime::Builder;
use workyard::BoxError;

use crate::harness::Sample;

/// Runs `body` as a task of a runtime such as `#[tokio::main]` gives to a service: one worker for each usable CPU, and the
/// drivers for io and time.
///
/// # Errors
/// Those of the body, and when it panics or takes longer than a minute and a half.
pub(super) fn serve(body: impl Future<Output = Result<Sample, BoxError>> + Send + 'static) -> Result<Sample, BoxError> {
    let runtime = Builder::new_multi_thread().worker_threads(cpus()).enable_all().build()?;
    let task = runtime.spawn(body);
    let sample = runtime.block_on(async { tokio::time::timeout(LIMIT, task).await });
    runtime.shutdown_background();
    sample??
}

/// How many CPUs this process may use, which is also how many threads compute.
pub(super) fn cpus() -> usize {
    workyard::machine().usable().get()
}

/// Far more than any sample takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(90);
