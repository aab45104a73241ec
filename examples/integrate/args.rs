//! Owns the command line: what may be asked for, and what is wrong with it. Never prints, and never starts anything.

use std::ffi::OsString;
use std::num::NonZeroU32;

use lexopt::{Arg, Parser};

use crate::function::Function;
use crate::grid::Grid;
use crate::text::{grouped, whole_number};

/// What is to be done.
pub(crate) enum Command {
    /// Print this, and nothing else.
    Print(String),
    /// Integrate.
    Integrate(Settings),
}

/// What is to be integrated, and how.
pub(crate) struct Settings {
    pub(crate) function: Function,
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) grid: Grid,
    pub(crate) mode: Mode,
}

pub(crate) enum Mode {
    /// In so many tasks; by default one for each thread of the lane.
    Once(Option<NonZeroU32>),
    /// In several numbers of tasks, to find the fastest.
    Sweep,
}

/// Reads the arguments that follow the program's name. What is wrong is told in one line.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    read(Parser::from_args(args)).map_err(|what| what.chars().map(printable).collect())
}

/// An argument may hold anything; a message is a line.
fn printable(symbol: char) -> char {
    if symbol.is_control() { '\u{fffd}' } else { symbol }
}

fn read(mut parser: Parser) -> Result<Command, String> {
    let (mut function, mut from, mut to, mut steps) = (Function::Square, 0.0, 10.0, 100_000_000);
    let (mut tasks, mut sweep) = (None, false);
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        match arg {
            Arg::Long("function") => match value(&mut parser)?.as_str() {
                "list" => return Ok(Command::Print(functions())),
                name => function = Function::named(name).ok_or_else(|| unknown_function(name))?,
            },
            Arg::Long("from") => from = bound("--from", &value(&mut parser)?)?,
            Arg::Long("to") => to = bound("--to", &value(&mut parser)?)?,
            Arg::Long("steps") => steps = count("--steps", &value(&mut parser)?, Grid::MAX_STEPS)?,
            Arg::Long("tasks") => {
                let count = count("--tasks", &value(&mut parser)?, MAX_TASKS.into())?;
                tasks = u32::try_from(count).ok().and_then(NonZeroU32::new);
            }
            Arg::Long("sweep") => sweep = true,
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Print(usage())),
            other => return Err(format!("{}; --help lists what there is", other.unexpected())),
        }
    }
    let mode = match (sweep, tasks) {
        (false, tasks) => Mode::Once(tasks),
        (true, None) => Mode::Sweep,
        (true, Some(_)) => return Err("--sweep chooses the numbers of tasks: leave --tasks out".to_owned()),
    };
    let grid = Grid::new(from, to, steps).ok_or("--from and --to are too far apart for a 64-bit number")?;
    Ok(Command::Integrate(Settings { function, from, to, grid, mode }))
}

fn value(parser: &mut Parser) -> Result<String, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    // What is not UTF-8 is neither a number nor a function, and shown as well as can be.
    Ok(value.to_string_lossy().into_owned())
}

fn bound(option: &str, text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| format!("{option}: '{text}' is not a finite number"))
}

fn count(option: &str, text: &str, max: u64) -> Result<u64, String> {
    let number = whole_number(text).filter(|number| (1..=max).contains(number));
    number.ok_or_else(|| format!("{option}: '{text}' is not a whole number from 1 to {}", grouped(max)))
}

fn unknown_function(name: &str) -> String {
    let names = Function::ALL.map(Function::name).join(", ");
    format!("--function: there is no '{name}', only {names}")
}

fn functions() -> String {
    Function::ALL.map(|function| format!("{:<8}{}\n", function.name(), function.formula())).concat()
}

fn usage() -> String {
    format!(
        "\
Integrates a function by the left ends of equal steps, in one task and in many.

usage: integrate [options]

  --function <name>  what to integrate: {} [x2]
  --function list    lists the functions
  --from <number>    where to begin [0]
  --to <number>      where to end; may be less than --from [10]
  --steps <count>    how many steps, as 1000000, 1_000_000 or 1e6 [1e8]
  --tasks <count>    into how many tasks to divide them, up to {}
                     [one for each CPU that this process may use]
  --sweep            tries 1, 2, physical, logical and 2 x logical tasks, and
                     tells which is fastest
  -h, --help         prints this

Ctrl-C ends it at once, with the account of what was done and exit code 130.
",
        Function::ALL.map(Function::name).join(", "),
        grouped(MAX_TASKS.into()),
    )
}

/// More than this cost memory and help nobody.
const MAX_TASKS: u32 = 100_000;
