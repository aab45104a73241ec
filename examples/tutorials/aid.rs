//! Owns what several programs need and the library does not have: a pause for closures, a name for the thread, a random number,
//! an error with its causes.

use std::collections::hash_map::RandomState;
use std::error::Error;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::iter;
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use workyard::TaskContext;

/// `time.sleep` for a closure, but it ends at once when the task is asked to stop. What waits a lot is better a future, which
/// needs no thread meanwhile; these programs show threads.
pub(crate) fn pause(ctx: &TaskContext, time: Duration) {
    let stopped = async { tokio::time::timeout(time, ctx.cancelled()).await };
    // An error is a pause that was not cut short.
    Handle::current().block_on(stopped).ok();
}

/// `threading.current_thread().name`.
pub(crate) fn thread_name() -> String {
    thread::current().name().unwrap_or("without a name").to_owned()
}

/// `random.random()`: at least 0 and less than 1.
pub(crate) fn random() -> f64 {
    // The standard library has no random numbers, but each of its hash maps has a random seed.
    let bits = RandomState::new().build_hasher().finish();
    f64::from((bits >> 32) as u32) / (f64::from(u32::MAX) + 1.0)
}

/// An error and what caused it, in one line.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Whether somewhere behind it is that nobody reads the output any more.
pub(crate) fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    causes(error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| error.source())
}
