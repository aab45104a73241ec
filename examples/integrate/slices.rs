//! Owns how a number of steps is divided among tasks. Never looks at what a step does.

use std::num::NonZeroU32;
use std::ops::Range;

/// Slices that cover `0..steps`, in order, each step in exactly one of them.
///
/// There are as many as there are tasks, and their lengths differ by at most one: the remainder of the division goes to
/// the first slices, one step each. With more tasks than steps there are as many slices as steps, so that none is empty.
pub(crate) fn slices(steps: u64, tasks: NonZeroU32) -> impl Iterator<Item = Range<u64>> {
    let count = u64::from(tasks.get()).min(steps);
    let (length, longer) = (steps.checked_div(count).unwrap_or(0), steps.checked_rem(count).unwrap_or(0));
    let start_of = move |slice: u64| slice * length + slice.min(longer);
    (0..count).map(move |slice| start_of(slice)..start_of(slice + 1))
}
