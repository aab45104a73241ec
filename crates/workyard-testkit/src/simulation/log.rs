//! Owns what is written down of a simulation, so that two runs can be compared and one be read. Never decides anything.

use std::fmt;
use std::time::Duration;

/// Everything that happened in a simulation, in order.
///
/// Logs of the same test with the same seed and build are equal. Displayed, it has a line for each event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventLog {
    events: Vec<Event>,
    hash: u64,
    length: u64,
    is_kept: bool,
}

/// One step of a simulation.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Event {
    /// When, in virtual time since the beginning.
    pub at: Duration,
    /// What happened.
    pub kind: EventKind,
}

/// What happened in a step of a simulation.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// A future, or a closure that waited, was chosen among those that could go on.
    Runs {
        /// Its number; 0 is the test itself.
        part: u64,
        /// What it is.
        what: &'static str,
    },
    /// It is over.
    Ends {
        /// Its number.
        part: u64,
    },
    /// What the test noted.
    Note(String),
    /// What became of a task. It follows from the rest, so it is not in the hash, nor counted.
    Task(String),
}

impl EventLog {
    pub(super) fn new(is_kept: bool) -> Self {
        // The offset basis of FNV-1a.
        Self { events: Vec::new(), hash: 0xcbf2_9ce4_8422_2325, length: 0, is_kept }
    }

    /// Writes down what became of a task.
    pub(super) fn push_task(&mut self, at: Duration, what: fmt::Arguments<'_>) {
        if self.is_kept {
            self.events.push(Event { at, kind: EventKind::Task(what.to_string()) });
        }
    }

    pub(super) fn push(&mut self, at: Duration, kind: EventKind) {
        self.length += 1;
        self.fold(u64::try_from(at.as_nanos()).unwrap_or(u64::MAX));
        match &kind {
            EventKind::Runs { part, .. } => self.fold(part << 2),
            EventKind::Ends { part } => self.fold(part << 2 | 1),
            EventKind::Task(_) => {}
            EventKind::Note(text) => text.bytes().for_each(|byte| self.fold(u64::from(byte) << 2 | 2)),
        }
        if self.is_kept {
            self.events.push(Event { at, kind });
        }
    }

    /// As FNV-1a does with bytes, with words.
    const fn fold(&mut self, word: u64) {
        self.hash = (self.hash ^ word).wrapping_mul(0x0100_0000_01b3);
        self.hash ^= self.hash >> 29;
    }

    /// The events, unless the simulation was told not to keep them.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How many events there were, also where they were not kept.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// A number that two different logs hardly ever share; also where the events were not kept.
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// The last events, a line each.
    pub(super) fn tail(&self, events: usize) -> String {
        use fmt::Write as _;
        let from = self.events.len().saturating_sub(events);
        self.events[from..].iter().fold(String::new(), |mut text, event| {
            // Writing to a string does not fail.
            let _ok = writeln!(text, "  {event}");
            text
        })
    }
}

impl fmt::Display for EventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events.iter().try_for_each(|event| writeln!(f, "{event}"))
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>12.6} s  ", self.at.as_secs_f64())?;
        match &self.kind {
            EventKind::Runs { part, what } => write!(f, "#{part} runs: {what}"),
            EventKind::Ends { part } => write!(f, "#{part} ends"),
            EventKind::Note(text) => f.write_str(text),
            EventKind::Task(text) => write!(f, "task {text}"),
        }
    }
}
