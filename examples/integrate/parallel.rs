//! Owns the integration on a cpu lane: one task for each slice. Never chooses how many.

use std::num::NonZeroU32;
use std::ops::Range;

use workyard::{BoxError, CpuLane, Handle};

use crate::grid::Grid;
use crate::slices::slices;
use crate::sum::Sum;

/// Sums over the grid in so many tasks, added in the order of the slices.
///
/// `sum_of` gives the sum over one slice and stops early when it may not go on, which is when its task is cancelled.
///
/// # Errors
/// When a task did not end well, or was cut short.
///
/// # Cancel safety
/// Dropping the future leaves the tasks that were submitted to the lane: cancel or shut down there.
pub(crate) async fn sum<S>(lane: &CpuLane, grid: Grid, tasks: NonZeroU32, sum_of: S) -> Result<Sum, BoxError>
where
    S: Fn(Range<u64>, &dyn Fn() -> bool) -> Sum + Clone + Send + 'static,
{
    let mut handles: Vec<Handle<Sum>> = Vec::new();
    for slice in slices(grid.steps(), tasks) {
        let sum_of = sum_of.clone();
        handles.push(lane.submit_with(move |ctx| sum_of(slice, &|| !ctx.is_cancelled())).await?);
    }
    let mut sum = Sum::default();
    for handle in handles {
        sum.merge(handle.await?);
    }
    if sum.steps() == grid.steps() { Ok(sum) } else { Err(cut_short(&sum, grid)) }
}

fn cut_short(sum: &Sum, grid: Grid) -> BoxError {
    format!("cut short: {} of {} steps", sum.steps(), grid.steps()).into()
}
