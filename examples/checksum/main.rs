//! The SHA-256 of each file of a tree, in the lines and the order of `find -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum`.
//!
//! A folder is walked and files are read on the blocking lane, hashed on the cpu lane, and printed in order, with one bound on
//! all that is under way. `cargo run --release --example checksum -- --help` says the rest. To compare the two:
//!
//! ```console
//! $ tree=/usr/share
//! $ diff <(target/release/examples/checksum $tree) <(find -H $tree -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum)
//! ```
//!
//! This file owns the yard, its end, and the exit code. It never looks at a file.

mod args;
mod batch;
mod buffers;
mod complain;
mod entry;
mod line;
mod long;
mod output;
mod path;
// As `producer_consumer` quotes names in its messages.
#[path = "../producer_consumer/wc/quote.rs"]
mod quote;
mod signals;
mod sums;
mod tally;
mod walk;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use workyard::{BoxError, Lane, Report, Scheduler};

use crate::args::{Command, Settings};
use crate::complain::complain;
use crate::output::Output;
use crate::signals::Signals;
use crate::tally::Tally;

fn main() -> ExitCode {
    let settings = match args::parse(std::env::args_os().skip(1)) {
        Ok(Command::Sum(settings)) => settings,
        Ok(Command::Help(text)) => {
            // If nobody reads it, nobody misses it.
            drop(io::stdout().write_all(text.as_bytes()));
            return ExitCode::SUCCESS;
        }
        Err(what) => {
            complain(&format!("{what}; see --help"));
            return ExitCode::from(WRONG_ARGUMENTS);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let code = runtime.block_on(run(settings)).map_or_else(|error| fail(&error), ExitCode::from);
    // A read that waits for a disk cannot be ended; it must not hold up the end of the program.
    runtime.shutdown_background();
    code
}

fn fail(error: &BoxError) -> ExitCode {
    complain(&error.to_string());
    ExitCode::from(SOME_FAILED)
}

async fn run(settings: Settings) -> Result<u8, BoxError> {
    let threads = settings.threads.unwrap_or_else(|| workyard::machine().usable().get());
    // The walk and the writer, and enough readers for a disk that has to be waited for.
    let blocking = Lane::blocking().limit(2 + READERS.max(threads));
    let yard = Scheduler::builder().cpu(Lane::cpu().threads(threads)).blocking(blocking).build()?;
    let mut signals = Signals::catch()?;
    let tally = Arc::default();
    let mut output = Output::start(&yard).await?;
    let sums = async {
        sums::print(&yard, settings.paths, &tally, &mut output).await?;
        output.finish().await
    };
    let ended = tokio::select! {
        biased;
        asked = signals.next() => Err(asked),
        written = sums => Ok(written?),
    };
    let written = match ended {
        Ok(written) => written,
        Err(asked) => {
            // What was hashed so far is printed, unless nobody takes it.
            output.finish_within(PATIENCE).await;
            let report = yard.shutdown().drain_for(PATIENCE).grace(PATIENCE).await;
            complain(&tally.to_string());
            complain(&report.to_string());
            return Ok(asked as u8);
        }
    };
    let report = yard.shutdown().drain_for(PATIENCE).grace(PATIENCE).await;
    Ok(exit_code(&written, &report, &tally))
}

fn exit_code(written: &io::Result<()>, report: &Report, tally: &Tally) -> u8 {
    match written {
        // Who read has seen enough: the end that the signal for it gives to other programs.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return BROKEN_PIPE,
        Err(error) => complain(&format!("the standard output failed: {error}")),
        Ok(()) if !report.balances() => complain(&report.to_string()),
        Ok(()) if tally.failures() == 0 => return ALL_HASHED,
        Ok(()) => {}
    }
    SOME_FAILED
}

const ALL_HASHED: u8 = 0;
const SOME_FAILED: u8 = 1;
const WRONG_ARGUMENTS: u8 = 2;
const BROKEN_PIPE: u8 = 141;

const READERS: usize = 4;

/// How long a program that was asked to stop waits for an output that does not move; and again for what is left, and once more when
/// that was cancelled.
const PATIENCE: Duration = Duration::from_millis(200);
