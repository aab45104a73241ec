//! S33: two tasks that nobody joins, and a main thread that says good-bye first. Never work that is cut off by oversight.
//!
//! In Rust all threads end when `main` does. A shutdown waits for what was accepted, whether anybody has kept a handle or not;
//! only a yard that is dropped instead cancels what is left, and logs what it cut off. `stage.rs` has the shutdown.

use workyard::{BoxError, Scheduler, out};

use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S33: Tutorial = tutorial!("s33", "nobody joined them, and they end all the same", bye);

async fn bye(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    for _ in 0..2 {
        let long = set.seconds(5);
        let task = yard.io().submit(async move {
            tokio::time::sleep(long).await;
            out::stdout_line("I'm still alive!").ok(); // if nobody reads it any more, so be it
        });
        drop(task.await?); // detached: to forget it by oversight is a warning of the compiler
    }
    out::stdout_line("Bye from the main thread!")?;
    Ok(())
}
