//! S13: a lock that is asked for without waiting. Never waits.

use workyard::sync::Mutex;
use workyard::{BoxError, Scheduler, out};

use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S13: Tutorial =
    tutorial!("s13", "a lock that is taken, and one that is free, without waiting", try_lock);

async fn try_lock(_: Scheduler, _: Settings) -> Result<(), BoxError> {
    let lock = Mutex::new(());
    let guard = lock.lock().await;

    if lock.try_lock().is_err() {
        out::stdout_line("couldn't get lock")?;
    }
    drop(guard);

    if lock.try_lock().is_ok() {
        out::stdout_line("got lock")?;
    }
    Ok(())
}
