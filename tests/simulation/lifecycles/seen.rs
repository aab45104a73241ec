//! Owns the count of what the simulations came to see: a search that misses a kind of event proves nothing about it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

/// How often each kind of event was seen, and the most of what was measured.
#[derive(Default)]
pub(super) struct Seen {
    times: Mutex<BTreeMap<&'static str, u64>>,
    most: Mutex<BTreeMap<&'static str, Duration>>,
}

impl Seen {
    pub(super) fn see(&self, what: &'static str) {
        self.add(what, 1);
    }

    pub(super) fn add(&self, what: &'static str, times: u64) {
        *self.times.lock().unwrap().entry(what).or_default() += times;
    }

    /// Keeps the most there was.
    pub(super) fn measure(&self, what: &'static str, is: Duration) {
        let mut most = self.most.lock().unwrap();
        let most = most.entry(what).or_default();
        *most = is.max(*most);
    }

    pub(super) fn add_all(&self, other: &Self) {
        for (&what, &times) in &*other.times.lock().unwrap() {
            self.add(what, times);
        }
        for (&what, &is) in &*other.most.lock().unwrap() {
            self.measure(what, is);
        }
    }

    pub(super) fn times(&self, what: &str) -> u64 {
        self.times.lock().unwrap().get(what).copied().unwrap_or_default()
    }

    /// Each of these kinds was seen as often, and none that is in no list.
    pub(super) fn assert_at_least(&self, times: u64, kinds: &[&str]) {
        let seen = self.times.lock().unwrap();
        let rare: Vec<_> = kinds.iter().filter(|kind| seen.get(**kind).is_none_or(|&seen| seen < times)).collect();
        assert!(rare.is_empty(), "seen less than {times} times: {rare:?}\n{self}");
        let unknown: Vec<_> =
            seen.keys().filter(|kind| ![&KINDS[..], &ENDS, &CIRCLES].concat().contains(kind)).collect();
        assert!(unknown.is_empty(), "not in the list of kinds: {unknown:?}");
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `assert_at_least` holds the lock when it fails.
        let Ok(seen) = self.times.try_lock() else { return Ok(()) };
        seen.iter().try_for_each(|(what, times)| writeln!(f, "{times:>12}  {what}"))?;
        let most = self.most.lock().unwrap();
        most.iter().try_for_each(|(what, is)| writeln!(f, "{:>12}  at most {what}", format!("{is:?}")))
    }
}

/// The kinds of event in a life.
pub(super) const KINDS: [&str; 74] = [
    "lifecycles",
    "answered: completed",
    "answered: failed",
    "answered: panicked",
    "answered: cancelled",
    "answered: timed out",
    "answered: abandoned",
    "answered: would deadlock",
    "circle told",
    "cancelled while queued",
    "cancelled between pop and start",
    "cancelled while it ran",
    "cancelled after its end",
    "aborted while queued",
    "aborted between pop and start",
    "aborted a running future",
    "aborted a running closure",
    "aborted after its end",
    "token cancelled",
    "token cancelled before the start",
    "ended by its timeout",
    "ended by its deadline",
    "ended by its queue timeout",
    "ended by shutdown",
    "ended since the yard was dropped",
    "refused: full",
    "refused: closed",
    "refused: no room in time",
    "submit dropped in the line",
    "run dropped",
    "handle dropped: detached",
    "handle dropped: cancels",
    "handle dropped: aborts",
    "join given up after a time",
    "dropped in a body: panics",
    "captures of a task that never ran: panic",
    "future dropped half way: panics",
    "output nobody reads: panics",
    "callback told",
    "callback panicked",
    "callback submitted",
    "overrunning",
    "late result",
    "never started",
    "lending",
    "a future waited for a task",
    "a closure waited for a task",
    "waited for a task of the same lane",
    "group joined",
    "group dropped with tasks",
    "group cancelled",
    "map completed",
    "map failed",
    "map dropped half way",
    "item through a queue",
    "queue end dropped early",
    "timer fired",
    "timer cancelled",
    "tick",
    "shutdowns",
    "shutdown in the midst",
    "shutdown called again",
    "shutdown called again after the first was dropped",
    "shutdown called by a task",
    "shutdown called by three",
    "shutdown left bodies behind",
    "shutdown cancelled timers",
    "yard dropped in the midst",
    "yard at rest",
    "line was full",
    "tried again",
    "gave up trying",
    "cancelled before the next try",
    "worked after some tries",
];

/// What a shutdown may find, and leave.
pub(super) const ENDS: [&str; 18] = [
    "shutdowns",
    "shutdown in the midst",
    "shutdown of a queue",
    "shutdown of what runs",
    "shutdown of what is tried again",
    "shutdown of what is scheduled",
    "shutdown of what overruns",
    "shutdown of what lends",
    "shutdown of a line",
    "shutdown of what was promised",
    "shutdown called again",
    "shutdown called again after the first was dropped",
    "shutdown called by a task",
    "shutdown called by three",
    "shutdown left bodies behind",
    "shutdown left callbacks behind",
    "shutdown cancelled timers",
    "ended by shutdown",
];

/// What becomes of circles.
pub(super) const CIRCLES: [&str; 5] =
    ["answered: would deadlock", "circle told", "circle disturbed", "lending", "waited for a task of the same lane"];
