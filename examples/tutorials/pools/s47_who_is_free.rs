//! S47: jobs of 5, 2, 1 and 3 seconds for two workers. Never a job that waits while a worker is free.
//!
//! Six seconds in all: who has finished takes the next. Handed out beforehand it would be 8, or 11.

use std::io;

use workyard::{BoxError, Lane, Scheduler, out};

use crate::aid::pause;
use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S47: Tutorial = tutorial!("s47", "four jobs of unequal length: who is free takes the next", work_log)
    .in_threads()
    .on(|_| Scheduler::builder().cpu(Lane::cpu().threads(2)));

async fn work_log(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let work = [("A", 5), ("B", 2), ("C", 1), ("D", 3)];
    let log = yard.cpu().try_map_with(work, move |ctx, (name, seconds)| {
        out::stdout_line(format_args!(" Process {name} waiting {seconds} seconds"))?;
        pause(&ctx, set.seconds(seconds));
        out::stdout_line(format_args!(" Process {name} Finished."))?;
        Ok::<_, io::Error>(())
    });
    out::stdout_line(format_args!("{:?}", log.await?))?;
    Ok(())
}
