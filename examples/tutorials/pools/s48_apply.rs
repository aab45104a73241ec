//! S48, S49, S50: eight jobs that are started and left alone, eight that are waited for one by one, and how the two are
//! related. Never a failure that vanishes.
//!
//! In Python a failure of `apply_async` without `get` says nothing at all, and `join` before `close` raises. Here a shutdown is
//! both, and its report counts what nobody looked at: see `stage.rs`. The workers are threads; worker processes are not built
//! yet.

use workyard::{BoxError, Lane, Scheduler, TaskContext, out};

use crate::aid::{pause, random};
use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S48: Tutorial =
    tutorial!("s48", "apply_async: eight are started, and the shutdown waits", apply_async)
        .in_threads()
        .on(four_workers);

pub(crate) const S49: Tutorial =
    tutorial!("s49", "apply: eight, one after the other", apply).in_threads().on(four_workers);

pub(crate) const S50: Tutorial =
    tutorial!("s50", "apply is apply_async and get", both_ways).in_threads().on(four_workers);

fn four_workers(_: &Settings) -> workyard::Builder {
    Scheduler::builder().cpu(Lane::cpu().threads(4))
}

fn worker(ctx: &TaskContext, i: u32, set: &Settings) -> Result<(), BoxError> {
    pause(ctx, set.seconds(1).mul_f64(random()));
    if !ctx.is_cancelled() {
        out::stdout_line(i)?;
    }
    Ok(())
}

async fn apply_async(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    for i in 0..8 {
        let set = set.clone();
        let job = yard.cpu().task("worker").fallible().submit_with(move |ctx| worker(&ctx, i, &set));
        drop(job.await?); // the shutdown waits for it
    }
    Ok(())
}

async fn apply(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    for i in 0..8 {
        let set = set.clone();
        let job = yard.cpu().task("worker").fallible().submit_with(move |ctx| worker(&ctx, i, &set));
        job.await?.await?; // no two at once
    }
    Ok(())
}

async fn both_ways(yard: Scheduler, _: Settings) -> Result<(), BoxError> {
    let parse = |text: &'static str| move || text.parse::<u32>();
    for text in ["42", "forty-two"] {
        let async_result = yard.cpu().task("apply").fallible().submit(parse(text)).await?.await;
        let sync_result = yard.cpu().task("apply").fallible().run(parse(text)).await;
        for (how, result) in [("apply_async and get", async_result), ("apply", sync_result)] {
            match result {
                Ok(value) => out::stdout_line(format_args!("{how}: {value}"))?,
                Err(error) => out::stdout_line(format_args!("{how}: {}", error.into_source()?))?,
            }
        }
    }
    Ok(())
}
