//! Owns the service: a task that takes requests as fast as the cpu lane lets it, and what one request computes. Never ends by
//! itself: it feeds the yard until that closes.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::Instant;

use workyard::{BoxError, Scheduler, TaskContext};

use crate::args::Settings;

/// Starts the task that takes requests.
pub(crate) async fn begin(yard: &Scheduler, settings: Settings) -> Result<(), BoxError> {
    writeln!(io::stdout(), "serving; Ctrl-C ends it")?;
    let feeder = yard.io().task("feeder").submit(feed(yard.clone(), settings)).await;
    // A signal may have come before the first request.
    feeder.map(drop).or_else(|refused| if refused.is_closed() { Ok(()) } else { Err(refused.into()) })
}

async fn feed(yard: Scheduler, settings: Settings) {
    let closing = yard.closing();
    let mut taken = 0_u64;
    while !closing.is_cancelled() {
        taken += 1;
        let request = move |ctx: TaskContext| compute(taken, settings, &ctx);
        // Waits for room: who is not served yet is not taken on. Once the yard is closed, this is an error.
        match yard.cpu().task("request").submit_with(request).await {
            Ok(handle) => drop(handle),
            Err(_closed) => break,
        }
    }
}

/// Keeps a CPU busy for a while.
fn compute(seed: u64, settings: Settings, ctx: &TaskContext) -> u64 {
    let (since, mut state) = (Instant::now(), seed);
    while since.elapsed() < settings.work && (settings.stubborn || !ctx.is_cancelled()) {
        for _ in 0..10_000 {
            state = black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
    }
    state
}
