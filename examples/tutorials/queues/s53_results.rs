//! S53: four tasks that each give a result. Never a queue for it.
//!
//! Python's processes put them into a queue; whoever joins before reading waits for ever once a result is larger than a pipe.
//! A handle is both. These are threads; results of worker processes are not built yet.

use workyard::{BoxError, Scheduler, out};

use crate::aid::random;
use crate::tutorial::{Knob, Settings, Tutorial, tutorial};

pub(crate) const S53: Tutorial =
    tutorial!("s53", "four results, small or large, by their handles", results).in_threads().with(&[BYTES]);

async fn results(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let bytes = set.get(BYTES) as usize;
    let mut handles = Vec::new();
    for _ in 0..4 {
        handles.push(yard.cpu().submit(move || (random(), vec![0_u8; bytes])).await?);
    }
    for handle in handles {
        let (num, large) = handle.await?;
        out::stdout_line(format_args!("{num} and {} B", large.len()))?;
    }
    Ok(())
}

const BYTES: Knob = Knob { name: "bytes", what: "how large each is besides", usual: 1, least: 0, most: 100_000_000 };
