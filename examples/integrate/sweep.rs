//! Owns the question of the tutorials: which number of tasks is fastest? Never answers from one measurement.

use std::io::Write;
use std::num::NonZeroU32;
use std::time::Duration;

use workyard::{BoxError, CpuLane, Machine};

use crate::args::Settings;
use crate::compare::{in_tasks, relative, shown};
use crate::text::{counted, milliseconds, real};

/// The numbers that are worth a try on a machine: each once, the smallest first.
pub(crate) fn counts(machine: &Machine) -> Vec<NonZeroU32> {
    let physical = machine.physical().unwrap_or(1);
    let counts = [1, 2, physical, machine.logical(), machine.logical().saturating_mul(2)];
    let mut counts: Vec<NonZeroU32> =
        counts.into_iter().filter_map(|count| NonZeroU32::new(u32::try_from(count).ok()?)).collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}

/// Measures each number of tasks and prints a table with bars.
///
/// # Errors
/// When a task did not end well, or the output cannot be written.
///
/// # Cancel safety
/// As [`parallel::sum`](crate::parallel::sum).
pub(crate) async fn sweep(
    out: &mut impl Write,
    lane: &CpuLane,
    settings: &Settings,
    counts: &[NonZeroU32],
) -> Result<(), BoxError> {
    let mut best = vec![Duration::MAX; counts.len()];
    let (mut integral, mut apart) = (None, 0.0_f64);
    // Round by round, so that a machine that is busy for a while is so for all of them.
    for _ in 0..ROUNDS {
        for (&tasks, best) in counts.iter().zip(&mut best) {
            let timed = in_tasks(lane, settings, tasks).await?;
            *best = timed.time.min(*best);
            let value = settings.grid.integral(&timed.sum);
            apart = apart.max(relative(value, *integral.get_or_insert(value)));
        }
    }
    writeln!(out, "integral      {}", real(integral.unwrap_or_default()))?;
    writeln!(out, "difference    {} at most\n", shown(apart))?;
    writeln!(out, "{:>6}{:>16}{:>10}  the best of {ROUNDS} times each", "tasks", "time", "speed-up")?;
    let one = best.first().copied().unwrap_or_default();
    let fastest = best.iter().min().copied().unwrap_or_default();
    for (tasks, time) in counts.iter().zip(&best) {
        let speed_up = ratio(one, *time);
        writeln!(out, "{tasks:>6}{:>16}{speed_up:>10.2}  {}", milliseconds(*time), bar(ratio(fastest, *time)))?;
    }
    writeln!(out, "\n{}", answer(counts, &best, fastest))?;
    Ok(())
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

/// Longer is faster; the fastest fills its column.
fn bar(share: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of BAR, from 0 to BAR")]
    let length = (share * BAR).round() as usize;
    "#".repeat(length.max(1))
}

/// The smallest number that is as fast as the fastest: more tasks than that gain nothing.
fn answer(counts: &[NonZeroU32], times: &[Duration], fastest: Duration) -> String {
    let as_fast = counts.iter().zip(times).filter(|(_, time)| ratio(**time, fastest) <= NEAR);
    let mut as_fast = as_fast.map(|(count, _)| count.get().into());
    let best = counted(as_fast.next().unwrap_or(1), "task");
    let others: Vec<String> = as_fast.map(|count: u64| count.to_string()).collect();
    if others.is_empty() {
        return format!("fastest       {best}");
    }
    format!("fastest       {best}; within {:.0} % of it: {}", (NEAR - 1.0) * 100.0, others.join(", "))
}

const ROUNDS: usize = 3;

/// What is nearer than this to the fastest is as fast: two runs of the same program differ by as much.
const NEAR: f64 = 1.05;

/// Width of the longest bar; with the columns before it, 80 at most.
const BAR: f64 = 44.0;
