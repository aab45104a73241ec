//! Owns the command line: which program, what it is told, and the one line that says what is wrong. Never prints, and never
//! starts anything.

use std::ffi::OsString;
use std::time::Duration;

use lexopt::{Arg, Parser};

use crate::catalogue;
use crate::tutorial::{Knob, Settings, Tutorial};

/// What is to be done.
pub(crate) enum Command {
    /// Print this, and nothing else.
    Print(String),
    /// Run a program.
    Run(&'static Tutorial, Settings),
}

/// Reads the arguments that follow the program's name. What is wrong is told in one line.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    read(Parser::from_args(args)).map_err(|what| what.replace(char::is_control, "\u{fffd}"))
}

fn read(mut parser: Parser) -> Result<Command, String> {
    let tutorial = match next(&mut parser)? {
        None => return Err(format!("name a program, such as s28; {LIST}")),
        Some(Given::Value(name)) if name == "list" => return no_more(&mut parser, catalogue::list()),
        Some(Given::Value(name)) => catalogue::find(&name).ok_or_else(|| match catalogue::without(&name) {
            Some(why) => format!("{name} {why}; {LIST}"),
            None => format!("there is no program '{name}'; {LIST}"),
        })?,
        Some(Given::Help) => return no_more(&mut parser, HELP.to_owned()),
        Some(Given::Option(name)) => return Err(format!("name a program before '{name}'; {LIST}")),
    };
    let mut settings = Settings { second: Duration::from_millis(100), times: Some(1), given: Vec::new() };
    while let Some(given) = next(&mut parser)? {
        match given {
            Given::Help => return Ok(Command::Print(help(tutorial))),
            Given::Value(value) => return Err(format!("one program at a time, not also '{value}'")),
            Given::Option(name) => option(tutorial, &name, &mut parser, &mut settings)?,
        }
    }
    Ok(Command::Run(tutorial, settings))
}

fn option(tutorial: &Tutorial, name: &str, parser: &mut Parser, settings: &mut Settings) -> Result<(), String> {
    match name {
        "--unit-ms" => settings.second = Duration::from_millis(number(parser, UNIT_MS)?.into()),
        "--repeat" => settings.times = Some(number(parser, REPEAT)?),
        "--forever" => settings.times = None,
        _ => {
            let knob = tutorial.knobs.iter().find(|knob| name.strip_prefix("--") == Some(knob.name));
            let knob = knob.ok_or_else(|| {
                format!("{} has no option '{name}'; '{0} --help' has those that it has", tutorial.rows[0])
            })?;
            let number = number(parser, *knob)?;
            settings.given.push((*knob, number));
        }
    }
    Ok(())
}

/// One thing on the command line.
enum Given {
    Value(String),
    /// With its dashes.
    Option(String),
    Help,
}

fn next(parser: &mut Parser) -> Result<Option<Given>, String> {
    let arg = parser.next().map_err(|error| error.to_string())?;
    Ok(arg.map(|arg| match arg {
        Arg::Long("help") | Arg::Short('h') => Given::Help,
        Arg::Long(name) => Given::Option(format!("--{name}")),
        Arg::Short(letter) => Given::Option(format!("-{letter}")),
        Arg::Value(value) => Given::Value(value.to_string_lossy().into_owned()),
    }))
}

fn no_more(parser: &mut Parser, text: String) -> Result<Command, String> {
    match next(parser)? {
        None | Some(Given::Help) => Ok(Command::Print(text)),
        Some(Given::Value(more) | Given::Option(more)) => Err(format!("nothing can follow here, so '{more}' cannot")),
    }
}

fn number(parser: &mut Parser, knob: Knob) -> Result<u32, String> {
    let Knob { name, least, most, .. } = knob;
    let value = parser.value().map_err(|_| format!("--{name} needs a number"))?;
    let text = value.to_string_lossy();
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("--{name}: '{text}' is not a whole number from {least} to {most}"))
}

fn help(tutorial: &Tutorial) -> String {
    let option = |Knob { name, what, usual, least, most }: &Knob| {
        format!("  {:<20} {what}: {least} to {most} [{usual}]\n", format!("--{name} N"))
    };
    let options: String = tutorial.knobs.iter().chain(&[UNIT_MS, REPEAT]).map(option).collect();
    let (rows, line) = (tutorial.rows.join(", "), tutorial.line);
    let note = if tutorial.in_threads { format!("\n({})", catalogue::IN_THREADS) } else { String::new() };
    format!("{rows}: {line}{note}\n\n{options}  --forever            until Ctrl-C\n")
}

const UNIT_MS: Knob = Knob {
    name: "unit-ms",
    what: "how many milliseconds a second of the tutorials lasts",
    usual: 100,
    least: 0,
    most: 86_400_000,
};

const REPEAT: Knob =
    Knob { name: "repeat", what: "how often it runs, on the same yard", usual: 1, least: 1, most: 1_000_000 };

const LIST: &str = "'list' names them all";

const HELP: &str = "\
The programs of five Python tutorials on threads and processes, in Rust.

usage: tutorials list             names them all
       tutorials s28              runs the one of row S28
       tutorials s28 --help       tells its options
       tutorials s28 [options]

A second of the tutorials lasts a tenth of one here; --unit-ms 1000 has them at their own pace. On stdout is what the
program prints, on stderr the report of its yard. Ctrl-C ends it at once, with the report.

Exit code: 0, or 1 when something failed, 2 for a wrong option, 130 after Ctrl-C, 143 after SIGTERM.
";
