//! The programs of five Python tutorials on threads and processes, in Rust, without what went wrong in them there.
//!
//! `cargo run --example tutorials -- list` names them; `cargo run --example tutorials -- s28` runs one. Each is in a file of its
//! own, and begins with its entry in the catalogue; `stage.rs` is what all of them stand on. This file owns the exit code and
//! the line on stderr that says what is wrong.

mod aid;
mod args;
mod catalogue;
mod stage;
mod tutorial;

mod locks;
mod machine;
mod numbers;
mod pools;
mod queues;
mod threads;
mod timers;

#[path = "../checksum/signals.rs"]
mod signals;

use std::env;
use std::process::ExitCode;

use workyard::out;

use crate::args::Command;

fn main() -> ExitCode {
    let ended = match args::parse(env::args_os().skip(1)) {
        Ok(Command::Print(text)) => out::stdout_line(text.trim_end()).map(|()| 0).map_err(Into::into),
        Ok(Command::Run(tutorial, settings)) => stage::run(tutorial, settings),
        Err(what) => {
            complain(&what);
            Ok(WRONG_ARGUMENTS)
        }
    };
    match ended {
        Ok(code) => ExitCode::from(code),
        // Whoever read the output has enough of it.
        Err(error) if aid::is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&aid::with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

fn complain(what: &str) {
    // If stderr is gone as well, there is nobody left to tell.
    out::stderr_line(format_args!("tutorials: {what}")).ok();
}

const WRONG_ARGUMENTS: u8 = 2;
