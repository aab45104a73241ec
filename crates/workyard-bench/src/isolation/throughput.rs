//! Owns how fast a cpu lane gets through a fixed number of closures when nothing else is to be done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use workyard::{BoxError, Scheduler};

use super::policy::Policy;
use super::service::serve;
use crate::harness::{Meter, Sample};
use crate::work::Work;

/// The number of a sample of throughput: closures in a second of wall time.
pub(super) const CLOSURES: &str = "closures";

/// From the first submission until a shutdown has seen all closures end.
///
/// # Errors
/// When a closure came to a wrong result, or got lost, or the threads are not scheduled as they should be.
pub(super) fn sample(policy: Policy, closures: u64, work: Work) -> Result<Sample, BoxError> {
    serve(async move {
        let yard = Scheduler::builder().cpu(policy.lane()).build()?;
        yard.cpu().run(move || policy.expect()).await??;
        let is_wrong = Arc::new(AtomicBool::new(false));
        let meter = Meter::start();
        for _ in 0..closures {
            let is_wrong = Arc::clone(&is_wrong);
            let closure = move || {
                // Only what is wrong is noted: a counter that all threads share would be measured too.
                if !work.is_done() {
                    is_wrong.store(true, Ordering::Relaxed);
                }
            };
            // Waits for room, as a service does; the handle is let go.
            drop(yard.cpu().submit(closure).await?);
        }
        let report = yard.shutdown().drain_for(DRAIN_FOR).await;
        let used = meter.read();
        if is_wrong.load(Ordering::Relaxed) || !report.balances() || report.total.completed != closures + 1 {
            return Err(format!("{closures} closures were asked for: {report}").into());
        }
        Ok(used.add_to(Sample::default().with(CLOSURES, used.rate(closures))))
    })
}

const DRAIN_FOR: Duration = Duration::from_mins(1);
