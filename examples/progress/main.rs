//! Works through batches of blocks and shows on stderr how far it is: a bar for all batches, and one for that under way.
//!
//! `cargo run --release --example progress` on a terminal, then with `2>log` behind it, then with `WORKYARD_PROGRESS=json`
//! before it. This file owns how the program begins and ends. It never counts.

mod args;
mod batches;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::args::Command;
use crate::batches::Sum;

fn main() -> ExitCode {
    match args::parse(env::args_os().skip(1)) {
        Ok(Command::Help(text)) => ended(io::stdout().write_all(text.as_bytes())),
        Ok(Command::Work(settings)) => {
            let Sum { blocks, bad, checksum } = batches::run(&settings);
            ended(writeln!(io::stdout(), "{blocks} blocks, {bad} bad, {checksum:016x}"))
        }
        Err(what) => {
            complain(&what);
            ExitCode::from(2)
        }
    }
}

fn ended(written: io::Result<()>) -> ExitCode {
    match written {
        // Whoever read the output has enough of it.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn complain(what: &str) {
    // If stderr is gone as well, there is nobody left to tell.
    writeln!(io::stderr(), "progress: {what}").ok();
}
