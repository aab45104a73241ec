//! A service that works until Ctrl-C or SIGTERM, and then ends as a service should: what it took on is finished, what
//! cannot be finished in time is accounted for, and a second signal is obeyed at once.
//!
//! `cargo run --release --example drain` and press Ctrl-C, once or twice. This file owns how the program begins and ends. It
//! never makes or computes a request.

mod args;
mod service;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use workyard::{BoxError, Lane, Scheduler};

use crate::args::{Command, Settings};

fn main() -> ExitCode {
    let ended = match args::parse(env::args_os().skip(1)) {
        Ok(Command::Help(text)) => io::stdout().write_all(text.as_bytes()).map_err(BoxError::from).map(|()| 0),
        Ok(Command::Serve(settings)) => start(settings),
        Err(what) => {
            complain(&what);
            Ok(WRONG_ARGUMENTS)
        }
    };
    ended.map_or_else(
        |error| {
            complain(&error.to_string());
            ExitCode::FAILURE
        },
        ExitCode::from,
    )
}

fn complain(what: &str) {
    // If stderr is gone as well, there is nobody left to tell.
    writeln!(io::stderr(), "drain: {what}").ok();
}

fn start(settings: Settings) -> Result<u8, BoxError> {
    // The log, on stderr: each signal is a WARN record that says what is left.
    tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(false).without_time().init();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(settings))
}

async fn run(settings: Settings) -> Result<u8, BoxError> {
    let yard = Scheduler::builder().cpu(Lane::cpu().queue(8)).build()?;
    let mut end = yard.shutdown().drain_for(settings.drain).on_signal();
    let report = tokio::select! {
        // First, so that signals are listened to before anything is said or done.
        biased;
        report = &mut end => report?,
        service = service::begin(&yard, settings) => {
            service?;
            end.await?
        }
    };
    writeln!(io::stdout(), "{report}")?;
    let all_is_done = report.is_clean() && report.total.completed == report.total.accepted;
    Ok(if all_is_done { ALL_DONE } else { SOME_LOST })
}

const ALL_DONE: u8 = 0;

const SOME_LOST: u8 = 1;

const WRONG_ARGUMENTS: u8 = 2;
