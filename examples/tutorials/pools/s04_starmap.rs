//! S04, S05: nine items on three workers, each of which prints three lines; then the same where one fails. Never a result that is
//! lost with the failure of another.
//!
//! Python hands a lock to each call for the lines, raises one error after all others have run, says not whose it was, and has
//! lost what came of them. The workers are threads; worker processes are not built yet.

use std::time::Duration;

use workyard::{BoxError, Lane, Scheduler, TaskContext, out};

use crate::aid::{pause, with_causes};
use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S04: Tutorial =
    tutorial!("s04", "nine items on three workers, results in order", starmap).in_threads().on(three_workers);

pub(crate) const S05: Tutorial =
    tutorial!("s05", "the same, and item 4 fails: the other eight are there", settle).on(three_workers);

fn three_workers(_: &Settings) -> workyard::Builder {
    Scheduler::builder().cpu(Lane::cpu().threads(3))
}

fn my_func(ctx: &TaskContext, idx: u32, second: Duration) -> Result<u32, BoxError> {
    for i in 0..3 {
        out::stdout_line(format_args!("{idx} -> {i}"))?;
        pause(ctx, second);
    }
    Ok(idx)
}

async fn starmap(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let params = (0..9).map(|idx| (idx, set.seconds(1))); // a tuple is one input, which the closure takes apart
    let result = yard.cpu().try_map_with(params, |ctx, (idx, second)| my_func(&ctx, idx, second)).await?;
    out::stdout_line(format_args!("{result:?}"))?;
    Ok(())
}

async fn settle(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let second = set.seconds(1);
    let map = yard.cpu().try_map_with(0..9, move |ctx, idx| {
        if idx == 4 { Err("this is not caught".into()) } else { my_func(&ctx, idx, second) }
    });
    for settled in map.settle().await {
        match settled {
            Ok(idx) => out::stdout_line(format_args!("result: {idx}"))?,
            Err(error) => out::stdout_line(format_args!("error: {}", with_causes(&error)))?,
        }
    }
    Ok(())
}
