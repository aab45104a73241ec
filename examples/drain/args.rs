//! Owns the command line: what may be asked for, and what is wrong with it. Never prints, and never starts anything.

use std::ffi::OsString;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt as _};

/// What is to be done.
pub(crate) enum Command {
    /// Print this, and nothing else.
    Help(String),
    /// Serve.
    Serve(Settings),
}

/// How the service behaves.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// How long one request computes.
    pub(crate) work: Duration,
    /// Whether it goes on when it is told to stop.
    pub(crate) stubborn: bool,
    /// How long draining may take.
    pub(crate) drain: Duration,
}

const HELP: &str = "\
usage: drain [options]

Takes requests and computes them until Ctrl-C or SIGTERM. Then it finishes what it
has taken, and says what became of it all; a second signal cuts that short.

  --work <ms>    how long one request computes [100]
  --stubborn     requests do not heed it when they are told to stop
  --drain <ms>   how long finishing may take [10000]
  --help         this text

Exit code: 0 if each request was finished, 1 if not, 2 for wrong options.
";

/// Reads the arguments that follow the program's name. What is wrong is told in one line.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let wrong = |error: lexopt::Error| error.to_string().replace(char::is_control, "\u{fffd}");
    read(Parser::from_args(args)).map_err(wrong)
}

fn read(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let mut settings = Settings { work: Duration::from_millis(100), stubborn: false, drain: Duration::from_secs(10) };
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("work") => settings.work = millis(&mut parser)?,
            Arg::Long("drain") => settings.drain = millis(&mut parser)?,
            Arg::Long("stubborn") => settings.stubborn = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(HELP.to_owned())),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Command::Serve(settings))
}

fn millis(parser: &mut Parser) -> Result<Duration, lexopt::Error> {
    Ok(Duration::from_millis(parser.value()?.parse()?))
}
