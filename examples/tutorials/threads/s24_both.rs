//! S24: the pool of threads beside the pool of processes, with the same calls. Never one that has other verbs.
//!
//! Here the same calls work on the lane for what computes and the lane for what blocks; on the lane for what waits they
//! take futures. A lane of worker processes is not built yet.

use workyard::{BoxError, Lane, Scheduler, out};

use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S24: Tutorial = tutorial!("s24", "the same calls on every lane", same_calls)
    .on(|_| Scheduler::builder().cpu(Lane::cpu().threads(4)).blocking(Lane::blocking().limit(4)));

fn square(x: u32) -> u32 {
    x * x
}

async fn same_calls(yard: Scheduler, _: Settings) -> Result<(), BoxError> {
    let (one, all) = (yard.cpu().run(|| square(10)).await?, yard.cpu().map(0..10, square).await?);
    out::stdout_line(format_args!("cpu: {one} {all:?}"))?;

    let (one, all) = (yard.blocking().run(|| square(10)).await?, yard.blocking().map(0..10, square).await?);
    out::stdout_line(format_args!("blocking: {one} {all:?}"))?;

    let one = yard.io().run(async { square(10) }).await?;
    let all = yard.io().map(0..10, async |x| square(x)).await?;
    out::stdout_line(format_args!("io: {one} {all:?}"))?;
    Ok(())
}
