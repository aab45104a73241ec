//! S32: ten tasks write into one dictionary. Never a lock for it.
//!
//! In Python a process of its own keeps the dictionary, and hands out objects that look like it. Here a task owns it, and the
//! others send it what is to be written: as many kinds of message as there are things to ask for.

use std::collections::BTreeMap;

use workyard::queue::{self, Consumer};
use workyard::{BoxError, Scheduler, out};

use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S32: Tutorial = tutorial!("s32", "one dictionary, one owner, ten that write", owned).in_threads();

async fn owner(messages: Consumer<(u32, u32)>) -> BTreeMap<u32, u32> {
    let mut d = BTreeMap::new();
    while let Some((key, value)) = messages.get().await {
        d.insert(key, value);
    }
    d
}

async fn owned(yard: Scheduler, _: Settings) -> Result<(), BoxError> {
    let (tx, rx) = queue::bounded(10);
    let owner = yard.io().submit(owner(rx)).await?;
    let workers = yard.group();
    for i in 0..10 {
        let tx = tx.clone();
        workers.io(async move { tx.put((i, i * 2)).await }).await?;
    }
    drop(tx); // the workers have their own
    while let Some(done) = workers.join_next().await {
        done??;
    }
    out::stdout_line(format_args!("{:?}", owner.await?))?;
    Ok(())
}
