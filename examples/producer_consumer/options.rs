//! Owns the command line: what may be asked for, and the one line that says what is wrong with it. Never starts anything.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

use crate::toy::Settings;
use crate::wc::Workers;

/// What the program is asked to do.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Help,
    Toy(Settings, Common),
    Count(Arc<[OsString]>, Workers, Common),
}

/// What both programs may be asked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Common {
    pub(crate) stop_after: Option<Duration>,
    /// Whether the yard's report is shown even if all went well.
    pub(crate) report: bool,
}

#[derive(Default)]
struct Given {
    files: Vec<OsString>,
    help: bool,
    common: Common,
    producers: Option<usize>,
    consumers: Option<usize>,
    queue: Option<usize>,
    items: Option<u64>,
    produce: Option<Duration>,
    consume: Option<Duration>,
    failing: Vec<usize>,
    panicking: Vec<usize>,
}

/// Reads the command line, without the name of the program.
///
/// # Errors
/// One line that says what is wrong.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut parser = Parser::from_args(args);
    let mut given = Given::default();
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        let name = match arg {
            Arg::Value(file) => {
                given.files.push(file);
                continue;
            }
            Arg::Long(name) => name.to_owned(),
            Arg::Short('h') => "help".to_owned(),
            Arg::Short(_) => return Err(arg.unexpected().to_string()),
        };
        given.option(&name, &mut parser)?;
    }
    given.command()
}

impl Given {
    fn option(&mut self, name: &str, parser: &mut Parser) -> Result<(), String> {
        let mut value = Value { name, parser };
        match name {
            "help" => self.help = true,
            "report" => self.common.report = true,
            "stop-after" => self.common.stop_after = Some(value.time(1_000.0, LONGEST)?),
            "producers" => self.producers = Some(value.number(1..=MOST_TASKS)?),
            "consumers" => self.consumers = Some(value.number(1..=MOST_TASKS)?),
            "queue" => self.queue = Some(value.number(1..=LONGEST_QUEUE)?),
            "items" => self.items = Some(value.number(0..=MOST_ITEMS)? as u64),
            "produce-ms" => self.produce = Some(value.time(1.0, LONGEST)?),
            "consume-ms" => self.consume = Some(value.time(1.0, LONGEST)?),
            "fail-producer" => self.failing.push(value.number(1..=MOST_TASKS)?),
            "panic-producer" => self.panicking.push(value.number(1..=MOST_TASKS)?),
            _ => return Err(format!("invalid option '--{name}'")),
        }
        Ok(())
    }

    fn command(self) -> Result<Command, String> {
        if self.help {
            return Ok(Command::Help);
        }
        if self.files.is_empty() { self.toy() } else { self.count() }
    }

    fn toy(self) -> Result<Command, String> {
        let millis = Duration::from_millis;
        let producers = self.producers.unwrap_or(2);
        for (option, chosen) in [("fail", &self.failing), ("panic", &self.panicking)] {
            if let Some(id) = chosen.iter().find(|id| **id > producers) {
                return Err(format!("--{option}-producer {id}: there are {producers} producers"));
            }
        }
        let settings = Settings {
            producers,
            consumers: self.consumers.unwrap_or(2),
            items: self.items.unwrap_or(5),
            queue: self.queue.unwrap_or(4),
            produce: self.produce.unwrap_or(millis(150)),
            consume: self.consume.unwrap_or(millis(300)),
            failing: self.failing,
            panicking: self.panicking,
        };
        Ok(Command::Toy(settings, self.common))
    }

    fn count(self) -> Result<Command, String> {
        let toys = [
            ("items", self.items.is_some()),
            ("produce-ms", self.produce.is_some()),
            ("consume-ms", self.consume.is_some()),
            ("fail-producer", !self.failing.is_empty()),
            ("panic-producer", !self.panicking.is_empty()),
        ];
        if let Some((option, _)) = toys.iter().find(|(_, is_given)| *is_given) {
            return Err(format!("--{option} is for the program without files"));
        }
        // One more than there are threads, so that the next piece is there when one is counted. With the buffers of 32 the
        // program stays below its bound on a machine of any size.
        let counters = self.consumers.unwrap_or_else(|| (workyard::machine().usable().get() + 1).min(32));
        let workers =
            Workers { readers: self.producers.unwrap_or(4), counters, queue: self.queue.unwrap_or(2 * counters) };
        Ok(Command::Count(self.files.into(), workers, self.common))
    }
}

/// The value of one option.
struct Value<'a> {
    name: &'a str,
    parser: &'a mut Parser,
}

impl Value<'_> {
    fn text(&mut self) -> Result<String, String> {
        let value = self.parser.value().map_err(|_| format!("--{} needs a value", self.name))?;
        value.string().map_err(|_| format!("--{}: the value is not text", self.name))
    }

    fn number(&mut self, allowed: RangeInclusive<usize>) -> Result<usize, String> {
        let text = self.text()?;
        let number = text.parse().ok().filter(|number| allowed.contains(number));
        let (least, most) = (allowed.start(), allowed.end());
        number.ok_or_else(|| format!("--{}: {text:?} is not a whole number from {least} to {most}", self.name))
    }

    /// A time, `unit` milliseconds unless it says `s` or `ms`.
    fn time(&mut self, unit: f64, longest: Duration) -> Result<Duration, String> {
        let text = self.text()?;
        let (digits, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
            (Some(digits), _) => (digits, 1.0),
            (None, Some(digits)) => (digits, 1_000.0),
            (None, None) => (text.as_str(), unit),
        };
        let seconds = digits.parse::<f64>().map(|number| number * unit / 1_000.0);
        let time = seconds.ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        time.filter(|time| *time <= longest).ok_or_else(|| {
            let most = longest.as_secs();
            format!("--{}: {text:?} is not a time from 0 to {most}s, such as 250ms or 1.5s", self.name)
        })
    }
}

const MOST_TASKS: usize = 10_000;
const LONGEST_QUEUE: usize = 1_000_000;
const MOST_ITEMS: usize = 1_000_000_000;
const LONGEST: Duration = Duration::from_hours(24);

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Producers and consumers around one bounded queue.

usage: producer_consumer [OPTION]...           the toy program: make items, work on them
       producer_consumer [OPTION]... FILE...   count lines, words and bytes as `LC_ALL=C wc`; `-` is stdin

Both programs:
  --producers N        tasks that put: 1 to 10000 [2; with files 4]
  --consumers N        tasks that get: 1 to 10000 [2; with files one more than there are CPUs]
  --queue N            how many items wait between them: 1 to 1000000 [4; with files twice the consumers]
  --stop-after TIME    stop all after this time: 2, 1.5s or 500ms [never]; Ctrl-C and SIGTERM stop all as well
  --report             with files: show what the yard did, on stderr
  -h, --help           this

The toy program:
  --items N            items of each producer [5]
  --produce-ms TIME    how long it takes to make one [150]
  --consume-ms TIME    how long it takes to work on one [300]
  --fail-producer K    producer K, from 1, fails half way; may be given again
  --panic-producer K   likewise, with a panic

Exit code: 0, or 1 when a task or a file failed, 2 for a wrong option, 130 after Ctrl-C, 143 after SIGTERM.
";
