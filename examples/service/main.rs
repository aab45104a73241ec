//! An HTTP service on axum whose requests wait, compute, or do one after the other; and beside it the load that shows what
//! it promises.
//!
//! `cargo run --release --example service` serves, and `-- --help` lists the requests and the options. This one command shows
//! that health stays prompt while every CPU computes, that every request has its answer, and that SIGTERM in the midst of it
//! loses none:
//!
//! ```console
//! $ cargo run --release --example service -- check
//! ```
//!
//! Owns how the program begins and ends. Never serves or asks anything itself: that is `serve`'s and `load`'s.

mod args;
mod check;
mod load;
mod serve;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use workyard::BoxError;

use crate::args::Command;

fn main() -> ExitCode {
    let ended = match args::parse(env::args_os().skip(1)) {
        Ok(Command::Help(text)) => io::stdout().write_all(text.as_bytes()).map_err(BoxError::from).map(|()| ALL_WELL),
        Ok(Command::Serve(settings)) => serve::start(settings).map(code),
        Ok(Command::Load(target, settings)) => load::start(target, &settings).map(code),
        Ok(Command::Check(settings)) => check::start(&settings).map(code),
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
    writeln!(io::stderr(), "service: {what}").ok();
}

fn code(all_is_well: bool) -> u8 {
    if all_is_well { ALL_WELL } else { SOME_LOST }
}

const ALL_WELL: u8 = 0;

const SOME_LOST: u8 = 1;

const WRONG_ARGUMENTS: u8 = 2;
