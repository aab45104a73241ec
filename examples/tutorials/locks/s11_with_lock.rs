//! S11: `with x_lock:`, and an error inside of it. Never a lock that stays taken.

use std::sync::Arc;

use workyard::sync::Mutex;
use workyard::{BoxError, Scheduler, out};

use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S11: Tutorial = tutorial!("s11", "a lock is free after the block, also after an error", with_lock);

async fn with_lock(yard: Scheduler, _: Settings) -> Result<(), BoxError> {
    let x = Arc::new(Mutex::new(0)); // the value is inside: nobody gets to it without the lock
    let shared = Arc::clone(&x);
    let task = yard.io().run(async move {
        let mut x = shared.lock().await;
        *x += 1;
        "no number".parse::<u32>()?;
        *x += 1;
        Ok::<_, std::num::ParseIntError>(())
    }); // here, at the `?`, and in a panic: the guard is dropped, and the lock is free

    if let Err(error) = task.await? {
        out::stdout_line(format_args!("an error in the block: {error}"))?;
    }
    match x.try_lock() {
        Ok(x) => out::stdout_line(format_args!("the lock is free, x is {x}"))?,
        Err(_) => out::stdout_line("the lock is still taken")?,
    }
    Ok(())
}
