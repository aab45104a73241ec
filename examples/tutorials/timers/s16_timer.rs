//! S16: a function that is called in three seconds, or is not, because somebody changed their mind. Never a failure that nobody
//! hears of.
//!
//! Python's timer fails in a thread of its own, and only its stderr knows.

use std::sync::Arc;

use workyard::sync::Event;
use workyard::{BoxError, Scheduler, out};

use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S16: Tutorial = tutorial!("s16", "a timer that is cancelled, one that fires, one that fails", timers);

async fn timers(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let cancelled = yard.after(set.seconds(3)).io(async { out::stdout_line("I must never be called") });
    out::stdout_line(format_args!("cancelled in time: {}", cancelled.cancel()))?;

    // A failure is counted, and the report tells.
    yard.after(set.seconds(1)).name("fails").fallible().io(async { Err::<(), _>("a callback fails") });

    let was_called = Arc::new(Event::new());
    let called = Arc::clone(&was_called);
    let fires = yard.after(set.seconds(3)).io(async move {
        out::stdout_line("I just got called!").ok(); // if nobody reads it, so be it
        called.set();
    });
    was_called.wait().await;
    out::stdout_line(format_args!("cancelled in time: {}", fires.cancel()))?;
    Ok(())
}
