//! S10: what Python does by a subclass of `Thread`. Never a class: a value with a method is enough.

use std::io;

use workyard::{BoxError, Lane, Scheduler, out};

use crate::aid::thread_name;
use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S10: Tutorial = tutorial!("s10", "a thread by subclassing: a value and its method", start)
    .on(|_| Scheduler::builder().lane("greeters", Lane::cpu().threads(1)));

struct MyThread {
    greeting: &'static str,
}

impl MyThread {
    fn run(self) -> io::Result<()> {
        out::stdout_line(format_args!("{} from {}", self.greeting, thread_name()))
    }
}

async fn start(yard: Scheduler, _: Settings) -> Result<(), BoxError> {
    let thread = MyThread { greeting: "hello" };
    // A thread is named after its lane. The closure takes the value with it, as `self` goes along in Python.
    yard.cpu_lane("greeters")?.run(move || thread.run()).await??;
    Ok(())
}
