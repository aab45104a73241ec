//! Owns the command line: what may be asked for, and what is wrong with it. Never prints, and never starts anything.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

/// What is to be done.
pub(crate) enum Command {
    /// Print this, and nothing else.
    Help(&'static str),
    /// Hash what is found.
    Sum(Settings),
}

/// What is to be hashed, and how.
pub(crate) struct Settings {
    /// As they were given; at least one.
    pub(crate) paths: Vec<PathBuf>,
    /// How many threads hash; by default as many as there are usable CPUs.
    pub(crate) threads: Option<usize>,
}

const HELP: &str = "\
usage: checksum [--threads N] PATH...

Prints the SHA-256 of each file at or below each PATH, in the lines of sha256sum.

  --threads N    how many threads hash: 1 to 256 [as many as there are usable CPUs]
  -h, --help     this

Order     By the bytes of the paths, over all PATHs together. A file is printed as the
          PATH it was found below, as given, a slash, and the rest. What is found by two
          PATHs, or by one PATH that is given twice, is hashed and printed twice.
Links     A PATH that is a symbolic link is followed, as `find -H` does. Links that are
          found below it are not, and are not printed.
Others    Sockets, pipes and devices are skipped with a line on stderr; that is no
          failure. There is no `-` for the standard input; `./-` is a file of that name.
Memory    Some tens of MiB for contents, however large the files are, and the names in
          each folder on the way from a PATH to the file that is next.

The same lines: find -H PATH... -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum

Exit code: 0, or 1 when something could not be read, 2 for a wrong option, 130 after Ctrl-C,
143 after SIGTERM, 141 when whoever read the output has gone.
";

/// Reads the arguments that follow the program's name. What is wrong is told in one line.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    read(Parser::from_args(args)).map_err(|what| what.replace(char::is_control, "\u{fffd}"))
}

fn read(mut parser: Parser) -> Result<Command, String> {
    let (mut paths, mut threads) = (Vec::new(), None);
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        match arg {
            Arg::Long("threads") => threads = Some(number(&mut parser)?),
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(HELP)),
            Arg::Value(path) if path == "-" => return Err("`-` is not a PATH; for a file of that name: ./-".to_owned()),
            Arg::Value(path) => paths.push(path.into()),
            Arg::Long(_) | Arg::Short(_) => return Err(arg.unexpected().to_string()),
        }
    }
    if paths.is_empty() {
        return Err("no PATH".to_owned());
    }
    Ok(Command::Sum(Settings { paths, threads }))
}

fn number(parser: &mut Parser) -> Result<usize, String> {
    let text = parser.value().and_then(ValueExt::string).map_err(|error| error.to_string())?;
    let number = text.parse().ok().filter(|threads| (1..=MOST_THREADS).contains(threads));
    number.ok_or_else(|| format!("--threads: {text:?} is not a whole number from 1 to {MOST_THREADS}"))
}

const MOST_THREADS: usize = 256;
