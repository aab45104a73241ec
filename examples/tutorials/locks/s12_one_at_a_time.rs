//! S12: three tasks that each hold a lock for a second. Never two inside.

use std::io;
use std::sync::Arc;

use workyard::sync::Mutex;
use workyard::{BoxError, Scheduler, out};

use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S12: Tutorial =
    tutorial!("s12", "three hold one lock for a second, one after the other", one_at_a_time);

async fn one_at_a_time(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let lock = Arc::new(Mutex::new(()));
    let group = yard.group();
    for task in 1..=3 {
        let (lock, second) = (Arc::clone(&lock), set.seconds(1));
        group
            .io(async move {
                // Who waits here leaves its thread to others, and may hold the lock across an `.await`.
                let _guard = lock.lock().await;
                out::stdout_line(format_args!("task {task} got lock"))?;
                tokio::time::sleep(second).await;
                out::stdout_line(format_args!("task {task} gives it back"))?;
                Ok::<_, io::Error>(())
            })
            .await?;
    }
    while let Some(done) = group.join_next().await {
        done??;
    }
    Ok(())
}
