//! S35–S38: e, computed until somebody says stop, and what there is by then is the result. Never stops by itself.
//!
//! In Python this takes an event, a queue for the result and a process that holds both; a stop that comes too early gives
//! 0.0, and a process that dies leaves its reader waiting for ever. These are the forms for threads; those for worker
//! processes are not built yet.

use std::time::Instant;

use workyard::sync::CancellationToken;
use workyard::{BoxError, Lane, Scheduler, TaskContext, TaskError, out};

use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S35: Tutorial = tutorial!("s35", "e, until told to stop: soon, too soon", until_told).on(one_thread);

pub(crate) const S36: Tutorial =
    tutorial!("s36", "the result comes by the handle, or why there is none", handle).in_threads();

pub(crate) const S37: Tutorial =
    tutorial!("s37", "start it, do something else, stop it, print e", meanwhile).in_threads();

pub(crate) const S38: Tutorial = tutorial!("s38", "one token stops work on every lane", one_token).in_threads();

fn one_thread(_: &Settings) -> workyard::Builder {
    Scheduler::builder().cpu(Lane::cpu().threads(1))
}

fn calculate_e(ctx: &TaskContext) -> f64 {
    let (mut e, mut term, mut n) = (0.0, 1.0, 0.0);
    while !ctx.is_cancelled() {
        e += term;
        n += 1.0;
        term /= n; // at last zero, and never infinite
    }
    e
}

/// A stop that comes before the start leaves no value, and nothing that looks like one.
fn show(result: Result<f64, TaskError>) -> Result<(), BoxError> {
    match result {
        Ok(e) => out::stdout_line(e)?,
        Err(error) if error.is_cancelled() => out::stdout_line("cancelled before it started: no value")?,
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

async fn until_told(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let running = yard.cpu().submit_with(|ctx| calculate_e(&ctx)).await?;
    let waiting = yard.cpu().submit_with(|ctx| calculate_e(&ctx)).await?; // there is one thread, and it is taken
    waiting.cancel();
    show(waiting.await)?;

    tokio::time::sleep(set.seconds(3)).await;
    let asked = Instant::now();
    running.cancel();
    let e = running.await; // what it had by then
    let micros = asked.elapsed().as_micros();
    show(e)?;
    out::stdout_line(format_args!("stopped in {micros} µs"))?;
    Ok(())
}

async fn handle(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let lives = yard.cpu().submit_with(|ctx| calculate_e(&ctx)).await?;
    let dies = yard.cpu().task("the one that dies").submit(|| -> f64 { Vec::new()[0] }).await?;

    // Nobody waits for what will never come.
    if let Err(error) = dies.await {
        let (name, message) = (error.name().unwrap_or_default(), error.panic_message().unwrap_or_default());
        out::stdout_line(format_args!("{name}: {message}"))?;
    }
    tokio::time::sleep(set.seconds(3)).await;
    lives.cancel();
    show(lives.await)
}

async fn meanwhile(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let handle = yard.cpu().submit_with(|ctx| calculate_e(&ctx)).await?;
    for _ in 0..3 {
        tokio::time::sleep(set.seconds(1)).await;
        out::stdout_line("something else")?;
    }
    handle.cancel();
    show(handle.await)
}

async fn one_token(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let exit = CancellationToken::new();
    let on_cpu = yard.cpu().task("e").token(exit.clone()).submit_with(|ctx| calculate_e(&ctx)).await?;
    let on_blocking = yard.blocking().task("e").token(exit.clone()).submit_with(|ctx| calculate_e(&ctx)).await?;
    let on_io = yard.io().submit(exit.clone().cancelled_owned()).await?;

    tokio::time::sleep(set.seconds(3)).await;
    exit.cancel();
    on_io.await?;
    show(on_cpu.await)?;
    show(on_blocking.await)
}
