//! S61, S62: four add a hundred, two subtract a hundred, all of them one by one. Never anything but 200.
//!
//! Python's managed value is read and written in two messages, so it ended anywhere from 58 to 88. The form without a guard
//! does not compile here: see `tests/compile_fail/unguarded_counter.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use workyard::sync::Mutex;
use workyard::{BoxError, Scheduler, out};

use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S61: Tutorial = tutorial!("s61", "add and subtract without a lock: an atomic", atomic).in_threads();

pub(crate) const S62: Tutorial = tutorial!("s62", "add and subtract under a lock", locked).in_threads();

async fn atomic(yard: Scheduler, _: Settings) -> Result<(), BoxError> {
    let counter = Arc::new(AtomicI32::new(0));
    let shared = Arc::clone(&counter);
    let change = move |by| {
        for _ in 0..100 {
            shared.fetch_add(by, Ordering::Relaxed);
        }
    };
    yard.cpu().map([1, 1, 1, 1, -1, -1], change).await?;
    out::stdout_line(counter.load(Ordering::Relaxed))?;
    Ok(())
}

async fn locked(yard: Scheduler, _: Settings) -> Result<(), BoxError> {
    let counter = Arc::new(Mutex::new(0));
    let shared = Arc::clone(&counter);
    let change = move |by| {
        let counter = Arc::clone(&shared);
        async move {
            for _ in 0..100 {
                *counter.lock().await += by;
            }
        }
    };
    yard.io().map([1, 1, 1, 1, -1, -1], change).await?;
    out::stdout_line(*counter.lock().await)?;
    Ok(())
}
