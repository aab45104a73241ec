//! Owns what a tutorial is: its rows, its one line, its yard, its program, and what it may be told. Never runs one.

use std::pin::Pin;
use std::time::Duration;

use workyard::{BoxError, Builder, Scheduler};

/// What a program gives: it ends with the thread that polls it, so it need not be `Send`.
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<(), BoxError>>>>;

/// One program of the tutorials.
#[derive(Debug)]
pub(crate) struct Tutorial {
    /// The cells of the tutorials that it stands for. Each of them names it.
    pub(crate) rows: &'static [&'static str],
    pub(crate) line: &'static str,
    pub(crate) knobs: &'static [Knob],
    /// Whether Python does it with worker processes, which are not there yet: then this is the form for threads.
    pub(crate) in_threads: bool,
    pub(crate) yard: fn(&Settings) -> Builder,
    pub(crate) program: fn(Scheduler, Settings) -> Running,
}

impl Tutorial {
    /// A program on the usual yard, which can be told nothing.
    pub(crate) const fn new(
        rows: &'static [&'static str],
        line: &'static str,
        program: fn(Scheduler, Settings) -> Running,
    ) -> Self {
        Self { rows, line, knobs: &[], in_threads: false, yard: |_| Scheduler::builder(), program }
    }

    /// On another yard.
    pub(crate) const fn on(mut self, yard: fn(&Settings) -> Builder) -> Self {
        self.yard = yard;
        self
    }

    /// In threads, where Python has processes.
    pub(crate) const fn in_threads(mut self) -> Self {
        self.in_threads = true;
        self
    }

    /// With numbers that one may change.
    pub(crate) const fn with(mut self, knobs: &'static [Knob]) -> Self {
        self.knobs = knobs;
        self
    }
}

/// `tutorial!("s54" "s55", "its one line", program)`: of the rows 54 and 55, and an async function of a yard and the settings.
macro_rules! tutorial {
    ($($row:literal)+, $line:literal, $program:path) => {
        $crate::tutorial::Tutorial::new(&[$($row),+], $line, |yard, set| Box::pin($program(yard, set)))
    };
}
pub(crate) use tutorial;

/// A number that a program may be given, as `--consumers 3`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Knob {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) usual: u32,
    pub(crate) least: u32,
    pub(crate) most: u32,
}

/// What the user has said.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How long a second of the tutorials lasts.
    pub(crate) second: Duration,
    /// How often the program runs; `None` for ever.
    pub(crate) times: Option<u32>,
    pub(crate) given: Vec<(Knob, u32)>,
}

impl Settings {
    /// So many seconds of the tutorials.
    pub(crate) fn seconds(&self, seconds: u32) -> Duration {
        self.second * seconds
    }

    /// What the knob was set to, or the usual.
    pub(crate) fn get(&self, knob: Knob) -> u32 {
        self.given.iter().rev().find(|(given, _)| *given == knob).map_or(knob.usual, |(_, number)| *number)
    }
}
