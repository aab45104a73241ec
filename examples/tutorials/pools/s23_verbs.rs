//! S23: the verbs of `Pool`: one call, a map, a lazy map, and a wait that gives up. Never a timeout that ends the program.
//!
//! Python's last line always raises, uncaught, and then waits for the ten seconds all the same. These are threads; worker
//! processes are not built yet.

use tokio::time::timeout;
use workyard::{BoxError, Lane, Scheduler, out};

use crate::aid::pause;
use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S23: Tutorial = tutorial!("s23", "apply_async, map, imap, and get with a timeout", verbs)
    .in_threads()
    .on(|_| Scheduler::builder().cpu(Lane::cpu().threads(4)));

fn f(x: u32) -> u32 {
    x * x
}

async fn verbs(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let pool = yard.cpu();

    let result = pool.submit(|| f(10)).await?; // apply_async
    out::stdout_line(result.await?)?;
    out::stdout_line(format_args!("{:?}", pool.map(0..10, f).await?))?;

    let mut it = pool.map(0..10, f).ordered(); // imap
    for _ in 0..3 {
        match timeout(set.seconds(10), it.next()).await {
            Ok(Some(value)) => out::stdout_line(value?)?,
            Ok(None) => out::stdout_line("there is no more")?,
            Err(_elapsed) => out::stdout_line("not there in time")?,
        }
    }
    drop(it); // the rest is not wanted

    let (long, limit) = (set.seconds(10), set.seconds(1));
    let mut result = pool.submit_with(move |ctx| pause(&ctx, long)).await?;
    if result.join_timeout(limit).await.is_none() {
        out::stdout_line("not there in time, and still running")?;
    }
    result.cancel(); // or keep the handle, and wait again
    result.await?;
    Ok(())
}
