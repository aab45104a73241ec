//! Owns the command line: what may be asked for, and what is wrong with it. Never prints, and never starts anything.

use std::ffi::OsString;
use std::fmt::Display;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt as _};

/// What is to be done.
pub(crate) enum Command {
    /// Print this, and nothing else.
    Help(String),
    /// Work.
    Work(Settings),
}

/// How much work there is, and how it goes.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) batches: u64,
    /// Of each batch.
    pub(crate) blocks: u64,
    pub(crate) threads: NonZeroU64,
    /// How long one block takes.
    pub(crate) work: Duration,
    /// Every how many blocks there is a bad one.
    pub(crate) bad_every: Option<NonZeroU64>,
    /// Whether the number of blocks is found out by the way.
    pub(crate) unknown: bool,
    /// After how many blocks a batch is given up.
    pub(crate) stop_after: Option<u64>,
    /// The block of which the program panics.
    pub(crate) panic_at: Option<u64>,
    /// Whether each bad block and each batch is told.
    pub(crate) log: bool,
}

const HELP: &str = "\
usage: progress [options]

Sums up blocks of made-up data, batch by batch, and shows how far it is.

  --batches <n>     how many batches [3]
  --blocks <n>      how many blocks each has [1000]
  --threads <n>     how many threads work on a batch [2]
  --work <us>       how long a block takes, in microseconds [500]
  --bad-every <n>   every so many blocks there is a bad one [none is]
  --unknown         do not tell the number of blocks beforehand
  --stop-after <n>  give a batch up after so many blocks
  --panic-at <n>    panic at this block
  --log             tell of each bad block, and of each batch
  --help            this text

Progress is on stderr, the sum on stdout. WORKYARD_PROGRESS=auto|bar|plain|json|off says how it is shown.
Exit code: 0, or 2 for wrong options.
";

/// Reads the arguments that follow the program's name. What is wrong is told in one line.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let wrong = |error: lexopt::Error| error.to_string().replace(char::is_control, "\u{fffd}");
    read(Parser::from_args(args)).map_err(wrong)
}

fn read(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let mut settings = Settings {
        batches: 3,
        blocks: 1_000,
        threads: NonZeroU64::MIN.saturating_add(1),
        work: Duration::from_micros(500),
        bad_every: None,
        unknown: false,
        stop_after: None,
        panic_at: None,
        log: false,
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("batches") => settings.batches = number("--batches", &mut parser)?,
            Arg::Long("blocks") => settings.blocks = number("--blocks", &mut parser)?,
            Arg::Long("threads") => settings.threads = number("--threads", &mut parser)?,
            Arg::Long("work") => settings.work = Duration::from_micros(number("--work", &mut parser)?),
            Arg::Long("bad-every") => settings.bad_every = Some(number("--bad-every", &mut parser)?),
            Arg::Long("unknown") => settings.unknown = true,
            Arg::Long("stop-after") => settings.stop_after = Some(number("--stop-after", &mut parser)?),
            Arg::Long("panic-at") => settings.panic_at = Some(number("--panic-at", &mut parser)?),
            Arg::Long("log") => settings.log = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(HELP.to_owned())),
            _ => return Err(arg.unexpected()),
        }
    }
    if settings.threads.get() > MOST_THREADS {
        return Err(format!("--threads: '{}': more than {MOST_THREADS}", settings.threads).into());
    }
    Ok(Command::Work(settings))
}

fn number<N: FromStr<Err: Display>>(option: &str, parser: &mut Parser) -> Result<N, lexopt::Error> {
    let text = parser.value()?.string()?;
    text.parse().map_err(|error| format!("{option}: '{text}': {error}").into())
}

const MOST_THREADS: u64 = 256;
