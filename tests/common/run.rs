//! Owns the runtime of a test and the limit on how long a test waits. Never decides what a test waits for.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// Far more than anything here takes; a test that reaches it hangs.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A runtime whose drop does not wait for ever, so that a test that failed can say so.
struct Bounded(Option<Runtime>);

impl Drop for Bounded {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }
}

/// Runs a test on a runtime with two workers, and ends it when it hangs.
#[track_caller]
pub(crate) fn on_runtime<F: Future>(test: F) -> F::Output {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let runtime = Bounded(Some(runtime));
    let within = async { tokio::time::timeout(SOON * 3, test).await.expect("the test ends") };
    runtime.0.as_ref().unwrap().block_on(within)
}

/// What the future gives, which must come soon.
pub(crate) async fn soon<F: IntoFuture>(future: F) -> F::Output {
    tokio::time::timeout(SOON, future).await.expect("this comes soon")
}
