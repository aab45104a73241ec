//! Measures workyard beside its peers: `cargo run --release -p workyard-bench`; `--help` lists what else there is.
//!
//! This file owns how the program begins and ends. Each bench has a folder, and what benches share is in `harness/`.
#![forbid(unsafe_code)]

mod args;
mod harness;
mod isolation;
mod peers;
mod work;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use workyard::BoxError;

use crate::args::Command;

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let ended = match args::parse(env::args_os().skip(1)) {
        Ok(Command::Print(text)) => out.write_all(text.as_bytes()).map_err(BoxError::from),
        Ok(Command::Isolation(effort, selection)) => isolation::run(&mut out, effort, selection),
        Ok(Command::Peers(effort, only)) => peers::run(&mut out, effort, &only),
        Ok(Command::Sample(words)) => sample(&mut out, &words),
        Err(what) => {
            complain(&what);
            return ExitCode::from(2);
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// What a fresh process does for one sample; the words are those of the variant.
fn sample(out: &mut impl Write, words: &[String]) -> Result<(), BoxError> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let sample = match words.split_first() {
        Some((&"isolation", rest)) => isolation::sample(rest)?,
        Some((&"peers", rest)) => peers::sample(rest)?,
        _ => return Err("this sub-command is for the benches themselves".into()),
    };
    writeln!(out, "{}", sample.encoded())?;
    Ok(())
}

fn complain(what: &str) {
    // If stderr is gone as well, there is nobody left to tell.
    writeln!(io::stderr(), "workyard-bench: {what}").ok();
}
