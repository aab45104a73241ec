//! S09: three threads say hello five times, a second apart. Never a torn line.
//!
//! Python's threads tore each other's lines, and nobody joined them.

use workyard::{BoxError, Lane, Scheduler, out};

use crate::aid::{pause, thread_name};
use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S09: Tutorial = tutorial!("s09", "three threads say hello, in whole lines", hello)
    .on(|_| Scheduler::builder().cpu(Lane::cpu().threads(3)));

async fn hello(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let second = set.seconds(1);
    let says_hello = yard.cpu().try_map_with(0..3, move |ctx, _| {
        for _ in 0..5 {
            out::stdout_line(format_args!("hello from thread {}", thread_name()))?;
            pause(&ctx, second);
        }
        Ok::<_, std::io::Error>(())
    });
    says_hello.await?; // all of them: none is left behind
    Ok(())
}
