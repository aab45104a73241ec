//! S52: four colours go into a queue and come out again. Never asks whether the queue is empty.
//!
//! Python asks, and the answer is true for as long as a thread in the background has not sent anything: 17 of 20 runs popped
//! nothing. Who gets until the queue is closed gets all.

use workyard::{BoxError, Scheduler, out, queue};

use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S52: Tutorial = tutorial!("s52", "four colours in, four colours out", colours);

async fn colours(_: Scheduler, _: Settings) -> Result<(), BoxError> {
    let (tx, rx) = queue::bounded(4);
    out::stdout_line("pushing items to queue:")?;
    for (cnt, color) in (1..).zip(["red", "green", "blue", "black"]) {
        out::stdout_line(format_args!("item no:  {cnt}   {color}"))?;
        tx.put(color).await?;
    }
    drop(tx);

    out::stdout_line("\npopping items from queue:")?;
    let mut cnt = 1;
    while let Some(color) = rx.get().await {
        out::stdout_line(format_args!("item no:  {cnt}   {color}"))?;
        cnt += 1;
    }
    Ok(())
}
