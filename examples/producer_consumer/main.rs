//! Producers and consumers around one bounded queue: as a toy that accounts for every item, and as `wc` for real files.
//!
//! `cargo run --release --example producer_consumer -- --help` says what it can do. Owns the yard, its end, and the exit
//! code; the work is in `toy` and `wc`.

mod lines;
mod options;
mod signals;
mod stop;
mod toy;
mod wc;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use workyard::{BoxError, Handle, Lane, Report, Scheduler};

use lines::Lines;
use options::{Command, Common};
use stop::{Stop, Why};
use toy::Account;

fn main() -> ExitCode {
    let command = match options::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(what) => {
            complain(&format!("{what}; see --help"));
            return ExitCode::from(2);
        }
    };
    if matches!(command, Command::Help) {
        say(options::HELP);
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let code = runtime.block_on(run(command)).unwrap_or_else(|error| fail(&error));
    // A read that waits for a pipe cannot be ended; it must not hold up the end of the program.
    runtime.shutdown_background();
    code
}

async fn run(command: Command) -> Result<ExitCode, BoxError> {
    match command {
        Command::Help => Ok(ExitCode::SUCCESS),
        Command::Toy(settings, common) => {
            let yard = Scheduler::builder().io(settings.io_lane()).build()?;
            let program = Program::start(yard, common).await?;
            let account = toy::run(&program.yard, &settings, &program.stop, &program.lines).await?;
            let (why, report) = program.end().await;
            show(&account, &report);
            let succeeded = account.failures() == 0 && account.balances() && report.balances();
            Ok(exit_code(why, succeeded))
        }
        Command::Count(files, workers, common) => {
            let tasks = workers.readers + workers.counters;
            let builder = Scheduler::builder().io(Lane::io().limit(tasks));
            // Each reader reads on the blocking lane, where the writer of the lines is as well.
            let yard = builder.blocking(Lane::blocking().limit(workers.readers + 1)).build()?;
            let program = Program::start(yard, common).await?;
            let counted = wc::run(&program.yard, files, workers, &program.stop, &program.lines).await?;
            let (why, report) = program.end().await;
            if common.report || is_cut_short(why) || !report.is_clean() {
                complain(&report.to_string());
            }
            Ok(exit_code(why, counted.failures == 0 && report.balances()))
        }
    }
}

/// What both programs stand on.
struct Program {
    yard: Scheduler,
    stop: Stop,
    lines: Lines,
    writer: Handle<()>,
}

impl Program {
    async fn start(yard: Scheduler, common: Common) -> Result<Self, BoxError> {
        let stop = Stop::of(&yard);
        signals::stop_on_signals(&stop, common.stop_after)?;
        let (lines, writer) = Lines::start(&yard, &stop, io::stdout()).await?;
        Ok(Self { yard, stop, lines, writer })
    }

    /// Ends the writer, then the yard. An output that does not move is given up, and so is a read of a pipe that is silent.
    async fn end(self) -> (Option<Why>, Report) {
        let Self { yard, stop, lines, writer } = self;
        drop(lines);
        tokio::select! {
            biased;
            _ended = writer => {}
            () = stop.patience_is_over() => {}
        }
        let report = yard.shutdown().drain_for(DRAIN).grace(DRAIN).await;
        (stop.why(), report)
    }
}

fn is_cut_short(why: Option<Why>) -> bool {
    matches!(why, Some(Why::Interrupted | Why::Terminated | Why::TimeIsUp))
}

fn exit_code(why: Option<Why>, succeeded: bool) -> ExitCode {
    match why {
        Some(Why::Interrupted) => ExitCode::from(130),
        Some(Why::Terminated) => ExitCode::from(143),
        // Who read has seen enough.
        Some(Why::BrokenPipe) => ExitCode::SUCCESS,
        Some(Why::OutputFailed) => {
            complain("the standard output failed");
            ExitCode::FAILURE
        }
        Some(Why::TimeIsUp) | None if succeeded => ExitCode::SUCCESS,
        Some(Why::TimeIsUp) | None => ExitCode::FAILURE,
    }
}

/// The account and the report, below all that was written. A writer that is stuck holds the output, so they go to stderr
/// then.
fn show(account: &Account, report: &Report) {
    let text = format!("{account}\n{report}\n");
    if report.is_clean() { say(&text) } else { complain(&text) }
}

/// Writes to stdout. If nobody reads it there is nobody to tell.
fn say(text: &str) {
    drop(io::stdout().lock().write_all(text.as_bytes()));
}

/// Writes a line to stderr.
fn complain(what: &str) {
    drop(io::stderr().lock().write_all(format!("producer_consumer: {}\n", what.trim_end()).as_bytes()));
}

fn fail(error: &BoxError) -> ExitCode {
    complain(&error.to_string());
    ExitCode::FAILURE
}

/// How long tasks are waited for at the end, which have all ended unless a read or a write is stuck; and again, once they
/// were cancelled.
const DRAIN: Duration = Duration::from_millis(200);
