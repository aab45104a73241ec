//! Integrates a function with one task and with many: the first program of every course on threads.
//!
//! `cargo run --release --example integrate -- --help` tells the options. This file owns how the program begins and
//! ends: exit codes, Ctrl-C, the one line on stderr. It never computes.

mod args;
mod compare;
mod function;
mod grid;
mod parallel;
mod slices;
mod sum;
mod sweep;
mod text;

use std::env;
use std::io::{self, ErrorKind, Write};
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::time::Duration;

use workyard::{BoxError, Lane, Machine, Scheduler};

use crate::args::{Command, Mode, Settings};
use crate::text::{counted, real};

fn main() -> ExitCode {
    let ended = match args::parse(env::args_os().skip(1)) {
        Ok(Command::Print(text)) => io::stdout().write_all(text.as_bytes()).map_err(BoxError::from).map(|()| 0),
        Ok(Command::Integrate(settings)) => start(&settings),
        Err(what) => {
            complain(&what);
            Ok(WRONG_ARGUMENTS)
        }
    };
    match ended {
        Ok(code) => ExitCode::from(code),
        // Whoever read the output has enough of it.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn complain(what: &str) {
    // If stderr is gone as well, there is nobody left to tell.
    writeln!(io::stderr(), "integrate: {what}").ok();
}

fn is_broken_pipe(error: &BoxError) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// This thread only waits, so the runtime needs no other; what computes has the lane's.
fn start(settings: &Settings) -> Result<u8, BoxError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(settings))
}

async fn run(settings: &Settings) -> Result<u8, BoxError> {
    let machine = workyard::machine();
    let plan = Plan::of(&settings.mode, &machine);
    let yard = Scheduler::builder().cpu(Lane::cpu().threads(plan.threads)).build()?;
    let mut out = io::stdout();
    let ended = tokio::select! {
        // First, so that Ctrl-C is listened to before anything is printed.
        biased;
        () = interrupted() => None,
        ended = work(&mut out, &yard, settings, &plan, &machine) => Some(ended),
    };
    let drain_for = if let Some(Ok(())) = ended { DRAIN_FOR } else { Duration::ZERO };
    let report = yard.shutdown().drain_for(drain_for).await;
    let code = if let Some(ended) = ended {
        ended.map(|()| 0)?
    } else {
        complain("interrupted");
        INTERRUPTED
    };
    writeln!(out, "report        {report}")?;
    Ok(if report.balances() { code } else { 1 })
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // The system does not tell us of it, and ends the program by itself.
        std::future::pending::<()>().await;
    }
}

/// How many tasks there will be, and threads for them.
struct Plan {
    counts: Vec<NonZeroU32>,
    threads: usize,
}

impl Plan {
    fn of(mode: &Mode, machine: &Machine) -> Self {
        let usable = machine.usable().get().min(MAX_THREADS);
        let one_each = || u32::try_from(usable).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        match mode {
            Mode::Once(tasks) => Self { counts: vec![tasks.unwrap_or_else(one_each)], threads: usable },
            Mode::Sweep => {
                // Each task gets a thread of its own: the question is how many at once are fastest.
                let counts = sweep::counts(machine);
                let most = counts.iter().map(|count| count.get() as usize).max().unwrap_or(1);
                Self { counts, threads: most.min(MAX_THREADS) }
            }
        }
    }
}

async fn work(
    out: &mut impl Write,
    yard: &Scheduler,
    settings: &Settings,
    plan: &Plan,
    machine: &Machine,
) -> Result<(), BoxError> {
    let (formula, from, to) = (settings.function.formula(), real(settings.from), real(settings.to));
    writeln!(out, "{formula} from {from} to {to}")?;
    let (steps, threads) = (counted(settings.grid.steps(), "step"), counted(plan.threads as u64, "thread"));
    writeln!(out, "{steps}, a cpu lane of {threads}")?;
    writeln!(out, "{machine}")?;
    match (&settings.mode, plan.counts.first()) {
        (Mode::Once(_), Some(&tasks)) => {
            compare::compare(out, yard.cpu(), settings, tasks, machine.usable().get()).await
        }
        _ => sweep::sweep(out, yard.cpu(), settings, &plan.counts).await,
    }
}

const WRONG_ARGUMENTS: u8 = 2;

/// 128 and the number of SIGINT, as shells say it.
const INTERRUPTED: u8 = 130;

/// Every task has been awaited by then; this is for what nobody foresaw.
const DRAIN_FOR: Duration = Duration::from_secs(10);

/// As many as a lane may have.
const MAX_THREADS: usize = 1_024;
