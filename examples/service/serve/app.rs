//! Owns what a request asks of the yard: a place or none, at once, until the deadline, and for as long as somebody waits for
//! the result. Never speaks HTTP.

use std::time::Duration;

use tokio::time::Instant;
use workyard::Scheduler;

use super::refusal::Refusal;
use super::requests::Requests;
use super::work;

/// What all requests share. Clones are cheap.
#[derive(Clone)]
pub(super) struct App {
    pub(super) yard: Scheduler,
    pub(super) requests: Requests,
    pub(super) deadline: Duration,
}

impl App {
    /// When a request that came now must have its result, whatever it does until then.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.deadline
    }

    /// Waits on the io lane.
    ///
    /// # Cancel safety
    /// Dropping it stops the work.
    pub(super) async fn page(&self, delay: Duration, by: Instant) -> Result<Vec<u8>, Refusal> {
        let page = self.yard.io().task("page").deadline(by).try_submit(work::page(delay))?;
        Ok(page.abort_on_drop().await?)
    }

    /// Computes on the cpu lane.
    ///
    /// # Cancel safety
    /// Dropping it stops the work, some microseconds later if it runs.
    pub(super) async fn digest<B>(&self, bytes: B, rounds: u32, by: Instant) -> Result<String, Refusal>
    where
        B: AsRef<[u8]> + Send + 'static,
    {
        let task = self.yard.cpu().task("digest").deadline(by);
        let digest = task.try_submit_with(move |ctx| work::digest(bytes.as_ref(), rounds, &ctx))?;
        digest.cancel_on_drop().await?.ok_or(Refusal::Stopped)
    }

    /// Computes on the cpu lane what cannot be computed.
    ///
    /// # Cancel safety
    /// Dropping it stops the work unless it runs.
    pub(super) async fn defect(&self) -> Result<(), Refusal> {
        Ok(self.yard.cpu().task("defect").try_submit(work::defect)?.cancel_on_drop().await?)
    }
}
