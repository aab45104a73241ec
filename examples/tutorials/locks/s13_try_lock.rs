//! S13: a lock that is asked for without waiting. Never waits.

use workyard::sync::Mutex;
use workyard::{BoxError, out};

use crate::tutorial::Tutorial;

pub(crate) const S13: Tutorial =
    Tutorial::new(&["s13"], "a lock that is taken, and one that is free, without waiting", |_, _| Box::pin(try_lock()));

async fn try_lock() -> Result<(), BoxError> {
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
