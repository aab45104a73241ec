//! S27: many waits of a second, all at once. Never a thread for each.
//!
//! Ten take as long as one, and so do a thousand: a future that waits costs some memory, and no thread.

use std::time::Instant;

use workyard::{BoxError, Lane, Scheduler, out};

use crate::tutorial::{Knob, Settings, Tutorial, tutorial};

pub(crate) const S27: Tutorial = tutorial!("s27", "ten waits, or a thousand, take as long as one", wait)
    .on(|set| Scheduler::builder().io(Lane::io().limit(set.get(WAITS) as usize)))
    .with(&[WAITS]);

async fn wait(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let (waits, second) = (set.get(WAITS), set.seconds(1));
    let began = Instant::now();
    let waited = yard.io().map(0..waits, move |_| tokio::time::sleep(second)).window(waits as usize).await?;
    let seconds = began.elapsed().as_secs_f64();
    out::stdout_line(format_args!("{} waits of {} ms took {seconds:.3} s", waited.len(), second.as_millis()))?;
    Ok(())
}

const WAITS: Knob = Knob { name: "waits", what: "how many", usual: 10, least: 1, most: 100_000 };
