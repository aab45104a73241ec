//! Owns one run: the plain loop beside the same work in tasks. Never chooses how many tasks.

use std::io::Write;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use workyard::{BoxError, CpuLane};

use crate::args::Settings;
use crate::parallel;
use crate::sum::Sum;
use crate::text::{counted, milliseconds, real, tiny};

/// A sum, and how long it took.
pub(crate) struct Timed {
    pub(crate) sum: Sum,
    pub(crate) time: Duration,
}

/// Integrates twice and prints what came out.
///
/// # Errors
/// When a task did not end well, or the output cannot be written.
///
/// # Cancel safety
/// As [`parallel::sum`].
pub(crate) async fn compare(
    out: &mut impl Write,
    lane: &CpuLane,
    settings: &Settings,
    tasks: NonZeroU32,
    usable: usize,
) -> Result<(), BoxError> {
    let grid = settings.grid;
    let plain = plain_loop(lane, settings).await?;
    let divided = in_tasks(lane, settings, tasks).await?;
    let (one, many) = (grid.integral(&plain.sum), grid.integral(&divided.sum));
    let name = counted(tasks.get().into(), "task");
    let cpus = counted(usable as u64, "usable CPU");
    let speed_up = plain.time.as_secs_f64() / divided.time.as_secs_f64();
    writeln!(out, "{:<14}{:<24}{:>16}", "plain loop", real(one), milliseconds(plain.time))?;
    writeln!(out, "{name:<14}{:<24}{:>16}", real(many), milliseconds(divided.time))?;
    writeln!(out, "{:<14}{}, {}", "difference", tiny(difference(many, one)), shown(relative(many, one)))?;
    writeln!(out, "{:<14}{speed_up:.2} on {cpus}", "speed-up")?;
    Ok(())
}

/// The whole range in one loop. It is timed where it runs, so that no part of a lane is in its time.
async fn plain_loop(lane: &CpuLane, settings: &Settings) -> Result<Timed, BoxError> {
    let (function, grid) = (settings.function, settings.grid);
    let handle = lane.submit_with(move |ctx| {
        let since = Instant::now();
        let sum = function.sum(grid, 0..grid.steps(), &|| !ctx.is_cancelled());
        Timed { sum, time: since.elapsed() }
    });
    Ok(handle.await?.await?)
}

/// The range in so many tasks, timed from the first submission to the last result.
///
/// # Errors
/// As [`parallel::sum`].
///
/// # Cancel safety
/// As [`parallel::sum`].
pub(crate) async fn in_tasks(lane: &CpuLane, settings: &Settings, tasks: NonZeroU32) -> Result<Timed, BoxError> {
    let (function, grid) = (settings.function, settings.grid);
    let since = Instant::now();
    let sum = parallel::sum(lane, grid, tasks, move |slice, may_go_on| function.sum(grid, slice, may_go_on)).await?;
    Ok(Timed { sum, time: since.elapsed() })
}

/// Zero also where both are the same infinity.
#[expect(clippy::float_cmp, reason = "what is the same has no difference")]
fn difference(a: f64, b: f64) -> f64 {
    if a == b { 0.0 } else { (a - b).abs() }
}

/// The difference in parts of the larger number.
pub(crate) fn relative(a: f64, b: f64) -> f64 {
    match difference(a, b) {
        0.0 => 0.0,
        difference => difference / a.abs().max(b.abs()),
    }
}

/// Loops over the same points differ by far less than [`EQUAL`] of what they sum. They seem further apart where almost all
/// of that cancels, and then it is worth saying.
pub(crate) fn shown(relative: f64) -> String {
    let remark = if relative > EQUAL { " (what is summed cancels out)" } else { "" };
    format!("relative {}{remark}", tiny(relative))
}

const EQUAL: f64 = 1e-9;
