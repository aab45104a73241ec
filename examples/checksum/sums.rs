//! Owns the pipeline: walk, read, hash, print, each on its lane, with one bound from end to end. Never keeps more than what is in that bound.

use std::path::PathBuf;
use std::sync::Arc;

use workyard::queue::{self, Producer};
use workyard::{BoxError, LaneStreamExt as _, Scheduler};

use crate::batch::Batch;
use crate::buffers::Buffers;
use crate::complain::{complain, complain_of};
use crate::entry::{Entry, Fate};
use crate::line;
use crate::long::Long;
use crate::output::{Gone, Output};
use crate::tally::Tally;
use crate::walk::Merged;

/// Prints the sum of each file at and below the paths, until there are no more or nobody takes the lines.
///
/// # Errors
/// When the yard takes no tasks.
///
/// # Cancel safety
/// Dropping the future cancels what is left; lines that were handed on go out.
pub(crate) async fn print(
    yard: &Scheduler,
    paths: Vec<PathBuf>,
    tally: &Arc<Tally>,
    output: &mut Output,
) -> Result<(), BoxError> {
    let (to_read, found) = queue::bounded(WAITING_BATCHES);
    // Somebody who watches waits for each line; else what counts is the whole.
    let entries = if output.is_prompt() { 1 } else { BATCH_ENTRIES };
    let numbers = Arc::clone(tally);
    let walk = yard.blocking().task("walk").submit(move || walk(paths, entries, &to_read, &numbers)).await?;

    let to_fill = Buffers::keeping(WINDOW);
    let spent = to_fill.clone();
    let long = Long::on(yard, LONG_AT_ONCE);
    let mut batches = found
        .into_stream()
        .map_blocking(yard.blocking(), move |batch: Batch| batch.read(&to_fill))
        .name("read")
        .map_cpu(yard.cpu(), move |batch| batch.hash(&spent))
        .name("hash")
        .map_io(yard.io(), move |batch| long.clone().finish(batch))
        .name("finish")
        .window(WINDOW);
    while let Some(batch) = batches.next().await {
        let printed = match batch {
            Ok(batch) => print_batch(batch, tally, output).await,
            Err(error) => {
                // Its paths are lost with it; they are among those that were found.
                complain(&error.to_string());
                tally.ended(&Fate::Failed(String::new()));
                Ok(())
            }
        };
        if let Err(Gone) = printed {
            return Ok(());
        }
    }
    walk.await?;
    Ok(())
}

/// Puts what is found on the queue, until there is no more or nobody takes it.
fn walk(paths: Vec<PathBuf>, entries: usize, batches: &Producer<Batch>, tally: &Tally) {
    let mut found = Merged::of(paths);
    loop {
        let batch: Vec<Entry> = found.by_ref().take(entries).collect();
        if batch.is_empty() {
            return tally.all_found();
        }
        tally.found(batch.len());
        if batches.blocking_put(Batch::of(batch)).is_err() {
            return;
        }
    }
}

async fn print_batch(batch: Batch, tally: &Tally, output: &mut Output) -> Result<(), Gone> {
    for Entry { path, fate } in batch.entries {
        tally.ended(&fate);
        match fate {
            Fate::Sum(sum) => line::add(output.lines(), &sum, &path),
            Fate::Skipped(why) => complain_of(&path, why),
            Fate::Failed(why) => complain_of(&path, &why),
            // Nothing comes out of the pipeline like this, and if it did it would be told.
            Fate::Unread | Fate::Read(_) | Fate::Long => complain_of(&path, "was not hashed"),
        }
    }
    output.passed_on().await
}

/// Tiny files cost the lanes next to nothing then, and a buffer holds them all if they have 32 KiB each.
const BATCH_ENTRIES: usize = 32;
/// Between the walk and the pipeline.
const WAITING_BATCHES: usize = 4;
/// In batches, and so in buffers of a MiB: what was found and is not printed. Many, so that work goes on behind a long file.
const WINDOW: usize = 64;
/// Each has half a MiB.
const LONG_AT_ONCE: usize = 32;
