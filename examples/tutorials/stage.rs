//! Owns how every program begins and ends: its runtime, its yard, Ctrl-C, the report. Never knows what it does in between.
//!
//! These programs write their lines from where they are, as `print` does. So an output that is neither read nor closed holds
//! them up, and with them Ctrl-C; `producer_consumer` has a writer of its own for that.

use std::time::Duration;

use workyard::{BoxError, Scheduler, out};

use crate::aid::{is_broken_pipe, with_causes};
use crate::signals::Signals;
use crate::tutorial::{Settings, Tutorial};

/// Runs it to its end, or until Ctrl-C or SIGTERM; then shuts its yard down and reports. Gives the exit code.
pub(crate) fn run(tutorial: &Tutorial, settings: Settings) -> Result<u8, BoxError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(begin(tutorial, settings));
    runtime.shutdown_background();
    code
}

async fn begin(tutorial: &Tutorial, settings: Settings) -> Result<u8, BoxError> {
    let yard = (tutorial.yard)(&settings).build()?;
    // From here on Ctrl-C no longer ends the process by itself.
    let mut signals = Signals::catch()?;
    let (mut stopped, ended) = tokio::select! {
        biased;
        asked = signals.next() => (Some(asked), Ok(())),
        ended = repeat(tutorial, &yard, settings) => (None, ended),
    };
    // A program that came to its end may have left work behind that is to be finished; one that did not may not.
    let is_whole = stopped.is_none() && ended.is_ok();
    let drain_for = if is_whole { PATIENCE } else { Duration::ZERO };
    let mut end = yard.shutdown().drain_for(drain_for).grace(GRACE).into_future();
    let report = tokio::select! {
        biased;
        report = &mut end => report,
        asked = signals.next(), if stopped.is_none() => {
            stopped = Some(asked);
            yard.shutdown().drain_for(Duration::ZERO).await
        }
    };
    // On stderr, so that stdout has what the tutorial prints and nothing else. If stderr is gone, there is nobody to tell.
    out::stderr_line(format_args!("report: {report}")).ok();
    if !report.balances() {
        return Err("the report does not balance".into());
    }
    match (stopped, ended) {
        (Some(asked), _) => Ok(asked as u8),
        (None, Ok(())) => Ok(0),
        (None, Err(error)) if is_broken_pipe(&*error) => Ok(0),
        (None, Err(error)) => Err(with_causes(&*error).into()),
    }
}

async fn repeat(tutorial: &Tutorial, yard: &Scheduler, settings: Settings) -> Result<(), BoxError> {
    let mut ran = 0;
    while settings.times.is_none_or(|times| ran < times) {
        (tutorial.program)(yard.clone(), settings.clone()).await?;
        ran += u32::from(settings.times.is_some());
        // A program that is ready at once would leave Ctrl-C no time to be noticed.
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// How long what a program left behind may take.
const PATIENCE: Duration = Duration::from_hours(24);

/// How long closures may take to heed that they are to stop. After Ctrl-C all is to be over within a second.
const GRACE: Duration = Duration::from_millis(500);
