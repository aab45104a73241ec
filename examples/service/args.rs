//! Owns the command line: what may be asked for, and what is wrong with it. Never prints, and never starts anything.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt as _};

/// What is to be done.
pub(crate) enum Command {
    /// Print this, and nothing else.
    Help(&'static str),
    /// Serve.
    Serve(ServeSettings),
    /// Ask the service at this address, which is on this machine.
    Load(SocketAddr, LoadSettings),
    /// Serve and ask, and say whether what is promised holds.
    Check(LoadSettings),
}

/// How the service behaves.
#[derive(Clone, Copy)]
pub(crate) struct ServeSettings {
    pub(crate) listen: SocketAddr,
    /// Threads of the cpu lane; as many as it takes by default.
    pub(crate) threads: Option<usize>,
    /// Places in front of them.
    pub(crate) cpu_queue: usize,
    /// Whether they run only while the threads that answer do not want the CPU.
    pub(crate) background: bool,
    /// How long after its arrival a request must have its result.
    pub(crate) deadline: Duration,
    /// How long the end may take.
    pub(crate) drain: Duration,
}

/// What is asked, by how many and for how long.
#[derive(Clone, Copy)]
pub(crate) struct LoadSettings {
    pub(crate) clients: usize,
    /// How long they ask.
    pub(crate) time: Duration,
    /// How long health is asked for before they do.
    pub(crate) idle: Duration,
    /// How many requests they send at most, all together.
    pub(crate) requests: u64,
    /// How long a request waits that waits.
    pub(crate) wait_ms: u64,
    /// How many rounds a request computes that computes.
    pub(crate) rounds: u64,
    /// How often health is asked for.
    pub(crate) probe: Duration,
}

/// Reads the arguments that follow the program's name. What is wrong is told in one line.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    read(Parser::from_args(args)).map_err(|what| what.replace(char::is_control, "\u{fffd}"))
}

fn read(mut parser: Parser) -> Result<Command, String> {
    let mut serve = ServeSettings {
        listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
        threads: None,
        cpu_queue: 64,
        background: true,
        deadline: Duration::from_secs(10),
        drain: Duration::from_secs(30),
    };
    let mut load = LoadSettings {
        clients: 64,
        time: Duration::from_secs(20),
        idle: Duration::from_secs(5),
        requests: 1_000_000,
        wait_ms: 20,
        rounds: 100_000,
        probe: Duration::from_millis(5),
    };
    let mut target = None;
    let mut task = Task::Serve;
    let mut first = true;
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        let name = match arg {
            Arg::Value(word) if first && word == "load" => {
                task = Task::Load;
                None
            }
            Arg::Value(word) if first && word == "check" => {
                task = Task::Check;
                None
            }
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(HELP)),
            Arg::Long(name) => Some(name.to_owned()),
            other => return Err(format!("{}; --help lists what there is", other.unexpected())),
        };
        first = false;
        let Some(name) = name else { continue };
        let mut value = Value { name: &name, parser: &mut parser };
        let known = match task {
            Task::Serve => serve.option(&mut value)?,
            Task::Load if name == "target" => {
                target = Some(value.loopback()?);
                true
            }
            Task::Load | Task::Check => load.option(&mut value)?,
        };
        if !known {
            return Err(format!("invalid option '--{name}'; --help lists what there is"));
        }
    }
    match task {
        Task::Serve => Ok(Command::Serve(serve)),
        Task::Load => Ok(Command::Load(target.ok_or("load needs --target ADDR")?, load)),
        Task::Check => Ok(Command::Check(load)),
    }
}

enum Task {
    Serve,
    Load,
    Check,
}

impl ServeSettings {
    /// Whether there is such an option.
    fn option(&mut self, value: &mut Value<'_>) -> Result<bool, String> {
        match value.name {
            "listen" => self.listen = value.address()?,
            "threads" => self.threads = Some(value.size(1..=1_024)?),
            "cpu-queue" => self.cpu_queue = value.size(0..=1_000_000)?,
            "foreground" => self.background = false,
            "deadline-ms" => self.deadline = Duration::from_millis(value.number(1..=3_600_000)?),
            "drain-s" => self.drain = Duration::from_secs(value.number(0..=3_600)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl LoadSettings {
    /// Whether there is such an option.
    fn option(&mut self, value: &mut Value<'_>) -> Result<bool, String> {
        match value.name {
            "clients" => self.clients = value.size(1..=1_000)?,
            "seconds" => self.time = Duration::from_secs(value.number(1..=600)?),
            "idle-seconds" => self.idle = Duration::from_secs(value.number(1..=600)?),
            "requests" => self.requests = value.number(1..=10_000_000)?,
            "wait-ms" => self.wait_ms = value.number(0..=60_000)?,
            "rounds" => self.rounds = value.number(0..=1_000_000_000)?,
            "probe-ms" => self.probe = Duration::from_millis(value.number(1..=1_000)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// What follows the option of this name.
struct Value<'a> {
    name: &'a str,
    parser: &'a mut Parser,
}

impl Value<'_> {
    fn text(&mut self) -> Result<String, String> {
        let value = self.parser.value().map_err(|error| error.to_string())?;
        value.string().map_err(|error| format!("--{}: {error}", self.name))
    }

    fn number(&mut self, within: RangeInclusive<u64>) -> Result<u64, String> {
        let text = self.text()?;
        let number = text.parse().ok().filter(|number| within.contains(number));
        let (least, most) = within.into_inner();
        number.ok_or_else(|| format!("--{}: '{text}' is not a whole number from {least} to {most}", self.name))
    }

    fn size(&mut self, within: RangeInclusive<u64>) -> Result<usize, String> {
        let number = self.number(within)?;
        usize::try_from(number).map_err(|error| format!("--{}: {error}", self.name))
    }

    fn address(&mut self) -> Result<SocketAddr, String> {
        let text = self.text()?;
        text.parse().map_err(|_| format!("--{}: '{text}' is not an address such as 127.0.0.1:8080", self.name))
    }

    /// An address of this machine: load is not for the services of others.
    fn loopback(&mut self) -> Result<SocketAddr, String> {
        let address = self.address()?;
        if address.ip().is_loopback() {
            Ok(address)
        } else {
            Err(format!("--{}: {address} is not on this machine's loopback", self.name))
        }
    }
}

const HELP: &str = "\
An HTTP service whose requests wait, compute, or do one after the other.

usage: service [option]...                      serves until Ctrl-C or SIGTERM
       service load --target <addr> [option]... asks a service on this machine
       service check [option]...                starts a service, asks it, ends it in
                                                the midst of that, and says what holds

The service writes its address to stdout, and its log to stderr. It answers

  GET  /wait/<ms>            after a while
  GET  /digest/<rounds>      with so many rounds of SHA-256
  POST /digest               with the SHA-256 of the body, up to 2 MiB
  GET  /fetch/<ms>/<rounds>  with so many rounds, after a while
  GET  /panic                with an error
  GET  /health               at once
  GET  /snapshot             with what its lanes do

and 503 when there is no room or it is closing, 504 after the deadline.

  --listen <addr>     where to serve; port 0 is any that is free [127.0.0.1:8080]
  --threads <n>       threads that compute: 1 to 1024 [one for each usable CPU]
  --cpu-queue <n>     how many requests wait for them: 0 to 1000000 [64]
  --foreground        they do not yield to the threads that answer, which they do else
  --deadline-ms <n>   how long a request may take: 1 to 3600000 [10000]
  --drain-s <n>       how long the end may take: 0 to 3600 [30]

Options of load and check:

  --clients <n>       how many ask at once: 1 to 1000 [64]
  --seconds <n>       for how long: 1 to 600 [20]
  --idle-seconds <n>  how long only health is asked for before: 1 to 600 [5]
  --requests <n>      the most that they ask together: 1 to 10000000 [1000000]
  --wait-ms <n>       <ms> of their requests: 0 to 60000 [20]
  --rounds <n>        <rounds> of their requests: 0 to 1000000000 [100000]
  --probe-ms <n>      how often health is asked for: 1 to 1000 [5]

Exit code: 0 if every request was answered and all work has ended, for check also
if what it says holds; 1 if not; 2 for wrong options.
";
