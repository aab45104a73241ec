//! S30: a pool whose workers are made ready once, each before its first job. Never a global that somebody sets from outside.
//!
//! Python's initialiser puts what the workers need, a lock, into a global of each process. Here a closure takes along what is
//! shared, and what a thread has to itself is made when the thread first asks for it. These are threads; worker processes
//! are not built yet.

use std::cell::Cell;
use std::io;

use workyard::{BoxError, Lane, Scheduler, out};

use crate::aid::{pause, thread_name};
use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S30: Tutorial = tutorial!("s30", "each worker is made ready once, before its first job", squares)
    .in_threads()
    .on(|_| Scheduler::builder().cpu(Lane::cpu().threads(5)));

thread_local! {
    static WORKER: Worker = Worker::make_ready();
}

/// What each thread has to itself: a connection, a buffer; here a number.
struct Worker {
    jobs: Cell<u32>,
}

impl Worker {
    fn make_ready() -> Self {
        // If nobody reads it, the first job says so.
        out::stdout_line(format_args!("{} is ready", thread_name())).ok();
        Self { jobs: Cell::new(0) }
    }

    fn hello(&self) -> io::Result<()> {
        self.jobs.update(|jobs| jobs + 1);
        out::stdout_line(format_args!("Hello I am {}, job {}", thread_name(), self.jobs.get()))
    }
}

async fn squares(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let second = set.seconds(1);
    let squares = yard.cpu().try_map_with([1, 2, 3], move |ctx, x| {
        WORKER.with(Worker::hello)?;
        pause(&ctx, second);
        Ok::<_, io::Error>(x * x)
    });
    out::stdout_line(format_args!("{:?}", squares.await?))?;
    Ok(())
}
