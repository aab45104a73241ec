//! S06, S07: the "enhanced" pool, which shows progress and keeps failures. Never a class: both are options of any map.
//!
//! Python's version needs a hundred lines, counts in one byte (the 256th item stops it for good), polls twice a second, and
//! works once. The workers are threads; worker processes are not built yet.

use std::io;

use workyard::{BoxError, Lane, Scheduler, out};

use crate::aid::pause;
use crate::tutorial::{Knob, Settings, Tutorial, tutorial};

pub(crate) const S06: Tutorial = tutorial!("s06", "a map with progress, of any number of items", progress)
    .in_threads()
    .on(four_workers)
    .with(&[ITEMS]);

pub(crate) const S07: Tutorial =
    tutorial!("s07", "ten items, one fails and says which; and once more", enhanced).in_threads().on(four_workers);

fn four_workers(_: &Settings) -> workyard::Builder {
    Scheduler::builder().cpu(Lane::cpu().threads(4))
}

async fn progress(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    // The progress is on stderr: a bar on a terminal, a line now and then elsewhere.
    let completed = yard.cpu().map(0..set.get(ITEMS), |_| 1).progress("Completed Ops").sum::<u32>().await?;
    out::stdout_line(format_args!("{completed} items"))?;
    Ok(())
}

async fn enhanced(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let second = set.seconds(1);
    for _ in 0..2 {
        let map = yard.cpu().try_map_with((0..10).map(|idx| (idx, "lock")), move |ctx, (idx, _)| {
            if idx == 4 {
                return Err(io::Error::other("this was caught"));
            }
            for i in 0..3 {
                out::stdout_line(format_args!("{idx} -> {i}"))?;
                pause(&ctx, second);
            }
            Ok(idx)
        });
        let settled = map.name("my_func").keep_inputs().settle().await;
        let results = settled.into_iter().map(|settled| match settled {
            Ok(idx) => idx.to_string(),
            Err(error) => {
                let (name, input) = (error.name().unwrap_or_default().to_owned(), error.input());
                // The error itself is the source: with its own type, and whatever caused it in turn.
                let what = error.into_source().map_or_else(|error| error.to_string(), |source| source.to_string());
                format!("{name}({input:?}): {what}")
            }
        });
        out::stdout_line(format_args!("[{}]", results.collect::<Vec<_>>().join(", ")))?;
    }
    Ok(())
}

const ITEMS: Knob = Knob { name: "items", what: "how many", usual: 300, least: 0, most: 1_000_000_000 };
