//! Owns the runtime of a test and the limit on how long a test waits. Never decides what a test waits for.

use std::time::Duration;

/// Far more than anything here takes; a test that reaches it hangs.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Runs a test on a runtime with two workers, and ends it when it hangs.
#[track_caller]
pub(crate) fn on_runtime<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let output = runtime.block_on(async { tokio::time::timeout(SOON * 3, test).await.expect("the test ends") });
    runtime.shutdown_timeout(SOON);
    output
}

/// What the future gives, which must come soon.
pub(crate) async fn soon<F: IntoFuture>(future: F) -> F::Output {
    tokio::time::timeout(SOON, future).await.expect("this comes soon")
}
